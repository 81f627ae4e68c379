import Glibc
import Reactor
import Testing

@testable import Sidecar

extension Reactor {
    /// Ticks until the condition holds. What never comes is an issue after a minute, so that no test hangs.
    func tick(
        until condition: () -> Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var isOver = false
        let watchdog = schedule(after: .seconds(60)) { isOver = true }
        defer { cancel(watchdog) }
        while !condition() {
            try #require(!isOver, "what was waited for did not come", sourceLocation: sourceLocation)
            try tick()
        }
    }

    /// A few rounds, in which everything that is under way comes to its end.
    func tickOver() throws {
        for _ in 0..<10 {
            schedule(after: .zero) {}
            try tick()
        }
    }
}

/// A pipe whose ends never block.
final class Pipe {
    let readEnd: Int32
    let writeEnd: Int32
    private var isReadEndOpen = true
    private var isWriteEndOpen = true

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "no pipe could be made")
        (readEnd, writeEnd) = (ends[0], ends[1])
        for end in ends { precondition(fcntl(end, F_SETFL, O_NONBLOCK) == 0, "a pipe's end stays blocking") }
    }

    deinit {
        closeReadEnd()
        closeWriteEnd()
    }

    func closeReadEnd() {
        if isReadEndOpen { close(readEnd) }
        isReadEndOpen = false
    }

    func closeWriteEnd() {
        if isWriteEndOpen { close(writeEnd) }
        isWriteEndOpen = false
    }

    /// What is in it now.
    func read() -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = Glibc.read(readEnd, &chunk, chunk.count), count > 0 {
            bytes += chunk[..<count]
        }
        return bytes
    }
}

extension BackendChoice: CustomTestStringConvertible {
    public var testDescription: String { rawValue }

    /// Both drivers, each of which must give the same.
    static let both: [BackendChoice] = [.ioUring, .epoll]
}

extension WorkspaceDirectory {
    /// On a loop of its own, for tests that need none.
    convenience init(path: String) throws {
        try self.init(path: path, reactor: try Reactor(backend: .epoll))
    }

    convenience init(path: String, reactor: Reactor) throws(SystemError) {
        self.init(
            try OpenDirectory(path: path),
            reactor: reactor,
            inotify: Inotify(reactor: reactor),
            notifier: DirectoryNotifier(reactor: reactor)
        )
    }
}
