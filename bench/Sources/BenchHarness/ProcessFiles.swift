import Glibc

/// What /proc says of a process (proc(5)).
public struct ProcessFiles {
    private let folder: String

    public init(_ pid: pid_t) {
        folder = "/proc/\(pid)"
    }

    /// Whether an inotify instance is open.
    public var usesInotify: Bool {
        JobWorkspace.names(in: "\(folder)/fd").contains { name in
            var target = [CChar](repeating: 0, count: 64)
            return readlink("\(folder)/fd/\(name)", &target, target.count - 1) > 0
                && String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                    == "anon_inode:inotify"
        }
    }

    /// `status`: memory in KiB, switches as counts.
    public func status() throws(HarnessError) -> ProcessFields { try fields("status") }

    /// `smaps_rollup`, in KiB. To read it costs the kernel a walk over all pages.
    public func memoryMap() throws(HarnessError) -> ProcessFields { try fields("smaps_rollup") }

    /// Nanoseconds on a processor so far, all threads together.
    public func processorTime() throws(HarnessError) -> UInt64 {
        var total: UInt64 = 0
        for thread in JobWorkspace.names(in: "\(folder)/task") {
            let path = "\(folder)/task/\(thread)/schedstat"
            guard let text = Self.text(of: path), let time = Self.processorTime(in: text) else {
                throw HarnessError("\(path) cannot be read")
            }
            total += time
        }
        guard total > 0 else { throw HarnessError("\(folder)/task is empty") }
        return total
    }

    /// The first number of `schedstat`.
    static func processorTime(in text: String) -> UInt64? {
        text.split(whereSeparator: \.isWhitespace).first.flatMap { UInt64($0) }
    }

    private func fields(_ name: String) throws(HarnessError) -> ProcessFields {
        guard let text = Self.text(of: "\(folder)/\(name)"), !text.isEmpty else {
            throw HarnessError("\(folder)/\(name) cannot be read")
        }
        return ProcessFields(parsing: text, source: "\(folder)/\(name)")
    }

    private static func text(of path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = read(file, &buffer, buffer.count)
            guard count >= 0 else { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}

/// The numbers of a file whose lines are `Name: number [kB]`.
public struct ProcessFields: Equatable, Sendable {
    private var values: [String: Int] = [:]
    private let source: String

    init(parsing text: String, source: String) {
        self.source = source
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let words = line[line.index(after: colon)...].split(whereSeparator: \.isWhitespace)
            if let value = words.first.flatMap({ Int($0) }) { values[String(line[..<colon])] = value }
        }
    }

    /// A number that has to be there.
    public func number(_ name: String) throws(HarnessError) -> Int {
        guard let value = values[name] else { throw HarnessError("\(source) has no \(name)") }
        return value
    }
}
