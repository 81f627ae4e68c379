import Foundation

/// What has to be known of the machine and of what was built to compare two reports.
public struct MachineFacts: Codable, Sendable, Equatable {
    public struct Fact: Codable, Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var facts: [Fact]

    public init(facts: [Fact]) {
        self.facts = facts
    }

    /// Reads them; what cannot be found out is left out.
    public static func current() -> MachineFacts {
        let found: [(String, String?)] = [
            ("kernel", line(of: "/proc/sys/kernel/osrelease")),
            ("processor", processor(in: text(of: "/proc/cpuinfo"))),
            ("governor", line(of: "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") ?? "unknown"),
            ("memory", memory(in: text(of: "/proc/meminfo"))),
            ("load before", load()),
            ("io_uring_disabled", line(of: "/proc/sys/kernel/io_uring_disabled")),
            ("swift", Tool.firstLine("swift", ["--version"])),
            ("revision", revision()),
            ("libraries", libraries()),
        ]
        return MachineFacts(facts: found.compactMap { name, value in value.map { Fact(name, $0) } })
    }

    /// Adds how busy the machine was in the end: what is above the harness's own share was somebody else's.
    public mutating func noteEnd() {
        if let load = Self.load() { facts.append(Fact("load after", load)) }
    }

    /// Runnable threads on average over the last minute.
    private static func load() -> String? {
        line(of: "/proc/loadavg").map { String($0.prefix { $0 != " " }) }
    }

    /// `2026-11-24T12:00:00Z`
    static func utcTime() -> String {
        Date.now.formatted(.iso8601)
    }

    static func processor(in text: String) -> String? {
        let lines = text.split(separator: "\n")
        let count = lines.count { $0.hasPrefix("processor") }
        guard let model = lines.first(where: { $0.hasPrefix("model name") }) else { return "\(count)" }
        return "\(count) × " + model.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces)
    }

    static func memory(in text: String) -> String? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemTotal:") }),
            let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
        else { return nil }
        return Quantity.bytes.text(kibibytes * 1_024)
    }

    /// The commit that is checked out, and whether files differ from it.
    private static func revision() -> String? {
        guard let commit = Tool.firstLine("git", ["rev-parse", "--short=12", "HEAD"]) else { return nil }
        let isClean = Tool.firstLine("git", ["status", "--porcelain", "--untracked-files=no"]) == nil
        return commit + (isClean ? "" : " with changes")
    }

    private static let packages = [
        "libc6", "libcurl4", "libexpat1", "libsimdjson14", "libssl3", "liburing2", "libutf8proc2",
        "zlib1g",
    ]

    private static func libraries() -> String? {
        let format = "--showformat=${Package} ${Version}\\n"
        guard let text = Tool.output("dpkg-query", ["--show", format] + packages) else { return nil }
        return text.split(separator: "\n").joined(separator: ", ")
    }

    private static func text(of path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    private static func line(of path: String) -> String? {
        text(of: path).split(separator: "\n").first.map(String.init)
    }
}
