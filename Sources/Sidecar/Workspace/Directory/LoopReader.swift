import Reactor

/// Reads regular files through the reactor, into one buffer.
final class LoopReader: WorkspaceReader {
    /// The bytes of one read, and of the buffer: thousands of log lines.
    private static let readSize = 64 * 1_024

    private let reactor: Reactor
    private let isInMemory: Bool
    private let beforeReading: () -> Void
    private let buffer = ReadBuffer(capacity: LoopReader.readSize)
    private var current: Registration?

    /// - Parameters:
    ///   - isInMemory: whether the files lie on a file system that keeps all content in memory.
    ///   - beforeReading: called before bytes are lent.
    init(reactor: Reactor, isInMemory: Bool, beforeReading: @escaping () -> Void) {
        self.reactor = reactor
        self.isInMemory = isInMemory
        self.beforeReading = beforeReading
    }

    var capacity: Int { buffer.capacity }

    func read(
        _ file: any WorkspaceFile,
        at offset: UInt64,
        completion: @escaping (Result<Int, SystemError>) -> Void
    ) throws(SystemError) {
        current = try reactor.read(file.descriptor, at: offset, into: buffer, label: file.name) {
            [weak self] result in
            self?.current = nil
            completion(result)
        }
    }

    func readAtOnce(_ file: any WorkspaceFile, at offset: UInt64) -> Int? {
        reactor.readAtOnce(
            file.descriptor,
            at: offset,
            into: buffer,
            isInMemory: isInMemory,
            label: file.name
        )
    }

    func withBytes(_ count: Int, _ body: (RawSpan) -> Void) {
        beforeReading()
        buffer.withBytes(count, body)
    }

    func cancel() {
        if let current { reactor.cancel(current) }
        current = nil
    }
}
