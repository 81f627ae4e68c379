import Glibc

/// Something that happens on one thread and is awaited by another, or by a loop.
final class Signal: @unchecked Sendable {
    let descriptor: Int32
    private let sender: Int32

    init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        descriptor = ends[0]
        sender = ends[1]
    }

    deinit {
        close(descriptor)
        close(sender)
    }

    func fire() {
        var byte: UInt8 = 1
        precondition(write(sender, &byte, 1) == 1)
    }

    /// Blocks until `fire` was called once more.
    func wait() {
        var byte: UInt8 = 0
        precondition(read(descriptor, &byte, 1) == 1)
    }
}
