import HTTP
import Scheduling
import Text

/// Reads typed settings from environment variables and collects what is wrong with them.
///
/// White space around a value does not count: a Kubernetes secret made with `echo` ends in a newline. An empty value is as
/// good as none, since the workload launcher passes unset settings that way.
///
/// If a value cannot be understood, the default is used, and the reader records a problem or a warning. Which of
/// the two follows from the name: the value of a setting of our own is a problem, which stops the start. All other
/// variables are the platform's, whose own sidecar lives with any value, so that these are warnings.
package struct EnvironmentReader {
    private let variables: [String: String]
    /// What stops the start, all of it, so that one start shows it all.
    package private(set) var problems: [ConfigurationProblem] = []
    /// What the job goes on without.
    package private(set) var warnings: [ConfigurationWarning] = []
    /// Nil where nobody wants to know what was asked for.
    private let journal: SettingsJournal?

    package init(_ variables: [String: String], journal: SettingsJournal? = nil) {
        self.variables = variables
        self.journal = journal
    }

    /// Throws the problems of what has been read.
    package func finish() throws(ConfigurationError) {
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    }

    /// The value of the first of the names that is set, without white space around it.
    package func text(_ names: String...) -> String? {
        firstSet(names)?.value
    }

    /// The value of a setting that is used as it is written.
    package func text(_ name: String, default fallback: String) -> String {
        firstSet([name], default: fallback)?.value ?? fallback
    }

    /// One of the words of `Choice`, in any letter case.
    package mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String,
        default fallback: Choice
    ) -> Choice where Choice.RawValue == String {
        // Most are not set, and it takes the runtime a while to make the type of an optional one.
        guard firstSet([name], default: fallback.rawValue) != nil else { return fallback }
        return choice(name, default: Optional(fallback)) ?? fallback
    }

    /// The same for a setting that need not have a value.
    package mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String,
        default fallback: Choice?
    ) -> Choice? where Choice.RawValue == String {
        guard let value = text(name) else { return fallback }
        let wanted = value.lowercased()
        if let found = Choice.allCases.first(where: { $0.rawValue.lowercased() == wanted }) { return found }
        let allowed = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        reject(name, value: value, "not one of: \(allowed)", otherwise: Self.standIn(fallback?.rawValue))
        return fallback
    }

    /// A length of time, a decimal number of `unit`s, of the first of the names that is set.
    ///
    /// - Parameter zero: the meaning of `0`; nil if it has none.
    package mutating func duration(
        _ names: String...,
        unit: TimeUnit,
        zero: Duration? = nil,
        default fallback: Duration
    ) -> Duration {
        guard let (name, value) = firstSet(names, default: fallback.spokenDescription) else {
            return fallback
        }
        if let number = Self.decimal(value), number <= unit.maximum {
            if let zero, number == 0 { return zero }
            let nanoseconds = Int64(number * Double(unit.duration.nanoseconds))
            // A duration that is rounded to zero would make a timer that fires without end.
            if nanoseconds > 0 { return .nanoseconds(nanoseconds) }
        }
        let least = zero == nil ? "greater than 0 and up to" : "from 0 to"
        reject(
            name,
            value: value,
            "not a number of \(unit.rawValue) \(least) \(Int(unit.maximum)), such as \(unit.example)",
            otherwise: Self.standIn(fallback.spokenDescription)
        )
        return fallback
    }

    /// A limit of time, as `duration` reads it; nil for `0`, which means that there is none.
    package mutating func limit(_ names: String..., unit: TimeUnit, default fallback: Duration) -> Duration? {
        guard let (name, _) = firstSet(names, default: fallback.spokenDescription) else { return fallback }
        let limit = duration(name, unit: unit, zero: .noTimeout, default: fallback)
        return limit == .noTimeout ? nil : limit
    }

    /// A whole number within the bounds.
    package mutating func count(_ name: String, in bounds: ClosedRange<Int>, default fallback: Int) -> Int {
        guard let (_, value) = firstSet([name], default: "\(fallback)") else { return fallback }
        guard let number = Int(value), bounds.contains(number) else {
            reject(
                name,
                value: value,
                "not a whole number from \(bounds.lowerBound) to \(bounds.upperBound)",
                otherwise: Self.standIn("\(fallback)")
            )
            return fallback
        }
        return number
    }

    /// The base of an HTTP service; `http://` is added where no scheme is given, slashes at the end are cut.
    ///
    /// - Parameter consequence: what happens where the value is no such address.
    package mutating func baseURL(_ name: String, otherwise consequence: String) -> String? {
        guard let value = text(name) else { return nil }
        do {
            return try HTTPBaseURL.normalised(value)
        } catch {
            // The value is not shown: it could carry a password (http://user:password@host).
            reject(name, value: nil, error.advice, otherwise: consequence)
            return nil
        }
    }

    /// A plain decimal number: digits with at most one point. Nothing else of what `Double` reads is taken.
    package static func decimal(_ text: String) -> Double? {
        let bytes = text.utf8
        let plain = bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == 0x2E }
        guard plain, bytes.count(where: { $0 == 0x2E }) <= 1, bytes.count <= 32 else { return nil }
        return Double(text)
    }

    private static func standIn(_ fallback: String?) -> String {
        fallback.map { "the default (\($0)) is used" } ?? "it is ignored"
    }

    /// - Parameter fallback: for the journal.
    private func firstSet(
        _ names: [String],
        default fallback: @autoclosure () -> String? = nil
    ) -> (name: String, value: String)? {
        let found = firstSetValue(names)
        journal?.note(names, found: found?.name, fallback: fallback())
        return found
    }

    private func firstSetValue(_ names: [String]) -> (name: String, value: String)? {
        for name in names {
            if let value = variables[name]?.trimmingWhitespace(), !value.isEmpty { return (name, value) }
        }
        return nil
    }
}

// MARK: - What is wrong

extension EnvironmentReader {
    /// What follows where a setting that the storage needs cannot be used.
    package static let storageIsUnused = "storage is not used"

    /// Our own settings begin so, and their values stop the start.
    package static let ownPrefix = "SIDECAR_"

    /// Except for these: storage can be done without.
    private static let lenientPrefixes = ["SIDECAR_STORAGE_", "SIDECAR_S3_"]

    /// Remembers that the value cannot be used, or is missing: as a problem or as a warning, as the name has it. Each
    /// variable is told once.
    ///
    /// - Parameter consequence: what happens where it is a warning, without a full stop.
    package mutating func reject(
        _ variable: String,
        value: String?,
        _ advice: String,
        otherwise consequence: String
    ) {
        let isOwn =
            variable.hasPrefix(Self.ownPrefix)
            && !Self.lenientPrefixes.contains { variable.hasPrefix($0) }
        if isOwn {
            require(variable, value: value, advice)
        } else {
            warn(variable, value: value, advice, otherwise: consequence)
        }
    }

    /// Remembers a warning, whatever the name.
    package mutating func warn(
        _ variable: String,
        value: String?,
        _ advice: String,
        otherwise consequence: String
    ) {
        guard !isKnown(variable) else { return }
        let problem = ConfigurationProblem(variable: variable, value: value, advice: advice)
        warnings.append(ConfigurationWarning(problem: problem, consequence: consequence))
    }

    /// Remembers a problem, whatever the name: the job cannot do without.
    package mutating func require(_ variable: String, value: String? = nil, _ advice: String) {
        add(ConfigurationProblem(variable: variable, value: value, advice: advice))
    }

    /// Makes problems of the warnings about the variable: the job cannot do without after all.
    package mutating func require(_ variable: String) {
        for warning in warnings where warning.problem.variable == variable { add(warning.problem) }
        warnings.removeAll { $0.problem.variable == variable }
    }

    /// Makes problems of all warnings.
    package mutating func requireAll() {
        for warning in warnings { add(warning.problem) }
        warnings = []
    }

    /// A reader of the same variables that knows of nothing wrong yet.
    package var anew: EnvironmentReader { EnvironmentReader(variables, journal: journal) }

    /// Takes over what another reader of the same variables has found.
    package mutating func merge(_ other: EnvironmentReader) {
        other.problems.forEach { add($0) }
        warnings += other.warnings.filter { !isKnown($0.problem.variable) }
    }

    private mutating func add(_ problem: ConfigurationProblem) {
        if !problems.contains(where: { $0.variable == problem.variable }) { problems.append(problem) }
    }

    private func isKnown(_ variable: String) -> Bool {
        (problems + warnings.map(\.problem)).contains { $0.variable == variable }
    }
}

/// The units in which settings give lengths of time.
package enum TimeUnit: String {
    case seconds
    case minutes

    var duration: Duration { self == .seconds ? .seconds(1) : .seconds(60) }

    /// A year: a longer duration is a mistaken unit.
    var maximum: Double { self == .seconds ? 31_536_000 : 525_600 }

    var example: String { self == .seconds ? "30" : "9 or 0.5" }
}

extension Duration {
    /// The meaning of a timeout of `0`: none. A year, longer than any job and short enough to be added to others.
    package static let noTimeout: Duration = .seconds(31_536_000)
}
