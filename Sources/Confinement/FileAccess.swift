import CConfinement
import Glibc
import Reactor

/// Which files a process may open, as rules for landlock(7).
///
/// What is open already stays open. Names can still be looked up: the rules are about contents and about what directories
/// hold. From version 4 on (Linux 6.7), listening on TCP ports is refused as well, and from version 6 on (Linux 6.12) signals
/// to other processes and their abstract sockets.
public struct FileAccess: Sendable {
    public struct Rights: OptionSet, Hashable, Sendable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }

        static let execute = Rights(rawValue: 1 << 0)
        public static let writeFiles = Rights(rawValue: 1 << 1)
        public static let readFiles = Rights(rawValue: 1 << 2)
        public static let readDirectories = Rights(rawValue: 1 << 3)
        public static let removeDirectories = Rights(rawValue: 1 << 4)
        public static let removeFiles = Rights(rawValue: 1 << 5)
        public static let makeDirectories = Rights(rawValue: 1 << 7)
        public static let makeFiles = Rights(rawValue: 1 << 8)
        public static let truncate = Rights(rawValue: 1 << 14)

        public static let read: Rights = [.readFiles, .readDirectories]
        /// All that a program needs in a directory of its own.
        public static let all: Rights = [
            .read, .writeFiles, .makeFiles, .removeFiles, .makeDirectories, .removeDirectories, .truncate,
        ]
        /// Those that make sense for what is not a directory.
        static let ofFiles: Rights = [.execute, .writeFiles, .readFiles, .truncate]
    }

    public struct Rule: Hashable, Sendable {
        /// Absolute. Counts for everything below it, also for what appears there later.
        public var path: String
        public var rights: Rights

        public init(_ path: String, _ rights: Rights) {
            self.path = path
            self.rights = rights
        }
    }

    /// The version of the kernel's Landlock (landlock(7), ABI); nil where there is none.
    public static var version: Int32? {
        let version = cconfinement_landlock_version()
        return version > 0 ? version : nil
    }

    private let rules: [Rule]

    /// - Parameter rules: what does not exist when the rules come into force is left out.
    public init(_ rules: [Rule]) {
        self.rules = rules
    }

    /// Puts the rules in force for this thread and its children, for good.
    ///
    /// Throws where the kernel has no Landlock (`ENOSYS`, `EOPNOTSUPP`) or a filter refuses it (`EPERM`); nothing is in
    /// force then.
    public func restrict() throws(SystemError) {
        guard let version = Self.version else {
            throw SystemError(call: "landlock_create_ruleset", errno: errno)
        }
        let handled = Self.handled(version)
        let set = cconfinement_make_rules(version, handled)
        guard set >= 0 else { throw SystemError(call: "landlock_create_ruleset", errno: errno) }
        defer { close(set) }
        for rule in rules { try Self.add(rule, to: set, handled) }
        guard cconfinement_restrict(set) == 0 else {
            throw SystemError(call: "landlock_restrict_self", errno: errno)
        }
    }

    /// Every right that the kernel's version knows: 13 at first, then moves between directories, truncation, and ioctl(2) on
    /// devices.
    private static func handled(_ version: Int32) -> UInt64 {
        let count: UInt64 =
            switch version {
            case 1: 13
            case 2: 14
            case 3, 4: 15
            default: 16
            }
        return 1 << count - 1
    }

    private static func add(_ rule: Rule, to set: Int32, _ handled: UInt64) throws(SystemError) {
        let parent = unsafe cconfinement_open_path(rule.path)
        guard parent >= 0 else {
            // Only what cannot be reached anyway is left out: with a descriptor missing, a directory would be.
            if [ENOENT, ENOTDIR, EACCES, ELOOP].contains(errno) { return }
            throw SystemError(call: "open", errno: errno)
        }
        defer { close(parent) }
        var result = cconfinement_allow(set, parent, rule.rights.rawValue & handled)
        if result != 0, errno == EINVAL {
            // Not a directory: fewer rights make sense for it.
            result = cconfinement_allow(set, parent, rule.rights.intersection(.ofFiles).rawValue & handled)
        }
        guard result == 0 else { throw SystemError(call: "landlock_add_rule", errno: errno) }
    }
}
