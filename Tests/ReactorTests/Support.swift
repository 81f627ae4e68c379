import Glibc
import Reactor
import Testing

/// Every conformance test runs on both drivers.
let bothDrivers: [BackendChoice] = [.ioUring, .epoll]

/// A non-blocking pipe whose ends are closed with it.
final class Pipe {
    private(set) var reader: Int32
    private(set) var writer: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "no pipe: \(errno)")
        (reader, writer) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
    }

    func fill(_ bytes: Int = 1) {
        let data = [UInt8](repeating: 0x78, count: bytes)
        precondition(write(writer, data, bytes) == bytes, "the pipe is full")
    }

    /// Reads to EAGAIN; returns how many bytes there were.
    @discardableResult
    func drain() -> Int {
        Self.drain(reader)
    }

    static func drain(_ descriptor: Int32) -> Int {
        var total = 0
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return total }
            total += count
        }
    }

    func closeReader() {
        close(reader)
        reader = -1
    }

    func closeWriter() {
        close(writer)
        writer = -1
    }

    deinit {
        if reader >= 0 { close(reader) }
        if writer >= 0 { close(writer) }
    }
}

/// A connected pair of non-blocking stream sockets.
final class SocketPair {
    let one: Int32
    private(set) var other: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        precondition(socketpair(AF_UNIX, type, 0, &ends) == 0, "no sockets: \(errno)")
        (one, other) = (ends[0], ends[1])
    }

    func closeOther() {
        close(releaseOther())
    }

    /// Gives one end away.
    func releaseOther() -> Int32 {
        defer { other = -1 }
        return other
    }

    deinit {
        close(one)
        if other >= 0 { close(other) }
    }
}

/// A TCP socket on the loopback, on a port of the kernel's choice.
final class LoopbackListener {
    let descriptor: Int32
    private var address = sockaddr_in()

    /// A bound socket that does not listen refuses every connection, and keeps the port from others.
    init(isListening: Bool = true) {
        descriptor = Self.makeSocket()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        withSocketAddress { address in
            precondition(bind(descriptor, address, length) == 0, "no address: \(errno)")
            precondition(getsockname(descriptor, address, &length) == 0)
        }
        precondition(!isListening || listen(descriptor, 8) == 0)
    }

    /// A socket that is connecting; the caller closes it.
    func connect() -> Int32 {
        let client = Self.makeSocket()
        withSocketAddress { address in
            let result = Glibc.connect(client, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            precondition(result == 0 || errno == EINPROGRESS || errno == ECONNREFUSED)
        }
        return client
    }

    private static func makeSocket() -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        precondition(descriptor >= 0, "no socket: \(errno)")
        return descriptor
    }

    private func withSocketAddress(_ body: (UnsafeMutablePointer<sockaddr>) -> Void) {
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
        }
    }

    deinit {
        close(descriptor)
    }
}

/// A directory of its own for one test, removed with its files.
final class TemporaryDirectory {
    let path: String

    init() {
        var template = Array("/tmp/reactor-tests-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "no temporary directory: \(errno)")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Creates a file with these bytes and returns its path.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8] = []) -> String {
        let file = path + "/" + name
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(descriptor >= 0, "cannot create \(file): \(errno)")
        precondition(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
        close(descriptor)
        return file
    }

    deinit {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { strdup($0) }
                }
                if let name {
                    unlinkat(dirfd(directory), name, 0)
                    free(name)
                }
            }
            closedir(directory)
        }
        rmdir(path)
    }
}

/// Keeps the trace's lines.
final class TraceRecorder: TraceSink {
    private(set) var lines: [String] = []

    func write(_ line: String) {
        lines.append(line)
    }

    func clear() {
        lines = []
    }

    func count(startingWith prefix: String) -> Int {
        lines.count { $0.hasPrefix(prefix) }
    }
}

extension Reactor {
    /// Ticks, without ever blocking, often enough for everything that is ready to have been reported.
    func settle(ticks: Int = 4) throws {
        for _ in 0..<ticks {
            schedule(after: .zero) {}
            try tick()
        }
    }

    /// Ticks until the condition holds. The long timer only keeps a broken reactor from hanging the tests.
    func run(until isDone: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation) throws {
        var isLate = false
        let guardTimer = schedule(after: .seconds(20)) { isLate = true }
        defer { cancel(guardTimer) }
        while !isDone() {
            try tick()
            if isLate {
                Issue.record("what was waited for never came", sourceLocation: sourceLocation)
                return
            }
        }
    }
}
