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
}
