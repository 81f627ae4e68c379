/// Reads typed settings from environment variables and collects what is wrong with them.
///
/// An empty value counts as unset, since the workload launcher passes unset settings that way. Where a value
/// cannot be understood, the default stands in and the problem is remembered, so that all of them can be told
/// at once; `finish()` throws them.
struct EnvironmentReader {
    private let variables: [String: String]
    private(set) var problems: [ConfigurationProblem] = []

    init(_ variables: [String: String]) {
        self.variables = variables
    }

    /// Throws everything that was wrong with what has been read.
    func finish() throws(ConfigurationError) {
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    }

    /// The value as it stands, of the first of the names that is set.
    func text(_ names: String...) -> String? {
        firstSet(names)?.value
    }

    /// Remembers that the variable cannot be used.
    mutating func reject(_ variable: String, value: String?, _ advice: String) {
        problems.append(ConfigurationProblem(variable: variable, value: value, advice: advice))
    }

    /// One of the words of `Choice`, in any letter case.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String,
        default fallback: Choice
    ) -> Choice where Choice.RawValue == String {
        choice(name, default: Optional(fallback)) ?? fallback
    }

    /// The same for a setting that need not have a value.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String,
        default fallback: Choice?
    ) -> Choice? where Choice.RawValue == String {
        guard let value = text(name) else { return fallback }
        let wanted = value.lowercased()
        if let found = Choice.allCases.first(where: { $0.rawValue.lowercased() == wanted }) { return found }
        let allowed = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        reject(name, value: value, "not one of: \(allowed)")
        return fallback
    }

    /// A length of time, a decimal number of `unit`s greater than zero, of the first of the names that is set.
    mutating func duration(_ names: String..., unit: TimeUnit, default fallback: Duration) -> Duration {
        guard let (name, value) = firstSet(names) else { return fallback }
        // What is rounded to no time at all would be a timer that never stops firing.
        guard let number = Self.decimal(value), number <= unit.largest,
            case let nanoseconds = Int64(number * Double(unit.duration.nanoseconds)), nanoseconds > 0
        else {
            reject(
                name,
                value: value,
                "not a number of \(unit.rawValue) greater than 0 and up to \(Int(unit.largest)), such as "
                    + unit.example
            )
            return fallback
        }
        return .nanoseconds(nanoseconds)
    }

    /// A limit of time, as `duration` reads it; nil for `0`, which means that there is none.
    mutating func limit(_ names: String..., unit: TimeUnit, default fallback: Duration) -> Duration? {
        guard let (name, value) = firstSet(names) else { return fallback }
        if Self.decimal(value) == 0 { return nil }
        return duration(name, unit: unit, default: fallback)
    }

    /// A whole number within the bounds.
    mutating func count(_ name: String, in bounds: ClosedRange<Int>, default fallback: Int) -> Int {
        guard let value = text(name) else { return fallback }
        guard let number = Int(value), bounds.contains(number) else {
            reject(name, value: value, "not a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
            return fallback
        }
        return number
    }

    /// The base of an HTTP service; `http://` is added where no scheme is given, slashes at the end are cut.
    mutating func baseURL(_ name: String) -> String? {
        guard let value = text(name) else { return nil }
        do {
            return try HTTPBaseURL.normalised(value)
        } catch {
            // The value is not shown: it could carry a password (http://user:password@host).
            reject(name, value: nil, error.advice)
            return nil
        }
    }

    /// A plain decimal number: digits with at most one point. Nothing else of what `Double` reads is taken.
    static func decimal(_ text: String) -> Double? {
        let bytes = text.utf8
        let plain = bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == 0x2E }
        guard plain, bytes.count(where: { $0 == 0x2E }) <= 1, bytes.count <= 32 else { return nil }
        return Double(text)
    }

    private func firstSet(_ names: [String]) -> (name: String, value: String)? {
        for name in names {
            if let value = variables[name], !value.isEmpty { return (name, value) }
        }
        return nil
    }
}

/// The units in which settings give lengths of time.
enum TimeUnit: String {
    case seconds
    case minutes

    var duration: Duration { self == .seconds ? .seconds(1) : .seconds(60) }

    /// A year: whoever asks for more has mistaken the unit.
    var largest: Double { self == .seconds ? 31_536_000 : 525_600 }

    var example: String { self == .seconds ? "30" : "9 or 0.5" }
}

/// The part of an HTTP service's address that its paths are appended to.
enum HTTPBaseURL {
    struct Malformed: Error {
        var advice: String
    }

    static func normalised(_ text: String) throws(Malformed) -> String {
        var url = text.schemeSeparator == nil ? "http://" + text : text
        guard let separator = url.schemeSeparator else { throw Malformed(advice: "not a URL") }
        let scheme = url[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw Malformed(advice: "not an http or https URL, such as http://airbyte-server:8001")
        }
        let printable = url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard printable, !url.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw Malformed(advice: "a URL without spaces, query or fragment is needed")
        }
        let authority = url[separator.upperBound...].prefix { $0 != "/" }
        guard hasHost(authority) else {
            throw Malformed(
                advice: "the URL's host or port is missing or wrong, such as http://airbyte-server:8001"
            )
        }
        // There is a host, so that the slashes of `://` stay.
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// True for `[user:password@]host[:port]`, where an IPv6 address stands in brackets.
    private static func hasHost(_ authority: Substring) -> Bool {
        let hostAndPort = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        var host = hostAndPort.prefix { $0 != ":" }
        var rest = hostAndPort[host.endIndex...]
        if hostAndPort.hasPrefix("[") {
            guard let bracket = hostAndPort.firstIndex(of: "]") else { return false }
            host = hostAndPort[..<bracket].dropFirst()
            rest = hostAndPort[bracket...].dropFirst()
        }
        return !host.isEmpty && (rest.isEmpty || rest.first == ":" && isPort(rest.dropFirst()))
    }

    private static func isPort(_ text: Substring) -> Bool {
        let digits = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return digits && Int(text).map { (1...65_535).contains($0) } ?? false
    }
}

extension String {
    /// Where the first `://` lies.
    var schemeSeparator: Range<String.Index>? {
        guard let colon = firstIndex(of: ":"), self[colon...].hasPrefix("://") else { return nil }
        return colon..<index(colon, offsetBy: 3)
    }

    /// The URL without `user:password@`, for messages.
    var withoutUserInfo: String {
        guard let separator = schemeSeparator else { return self }
        let rest = self[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return self }
        return String(self[..<separator.upperBound]) + String(rest[rest.index(after: at)...])
    }
}
