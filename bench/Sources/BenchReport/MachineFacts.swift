import Glibc

/// What has to be known of the machine to compare two reports.
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
        var name = utsname()
        guard uname(&name) == 0 else { return MachineFacts(facts: []) }
        return MachineFacts(facts: [
            Fact("kernel", text(&name.release)), Fact("architecture", text(&name.machine)),
        ])
    }

    private static func text<Field>(_ field: inout Field) -> String {
        withUnsafeBytes(of: &field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
