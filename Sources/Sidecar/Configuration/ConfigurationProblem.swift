/// One setting that cannot be used: which, what it holds, what is allowed.
public struct ConfigurationProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The environment variable.
    public var variable: String
    /// What it holds, nil where there is nothing or where it must not be shown.
    public var value: String?
    /// What is wrong and what to do, without a full stop.
    public var advice: String

    public init(variable: String, value: String?, advice: String) {
        self.variable = variable
        self.value = value
        self.advice = advice
    }

    /// One line, whatever the value holds.
    public var description: String {
        // A colon behind a secret's name would have the log's mask hide the advice.
        guard let value else { return "\(variable) cannot be used: \(advice)" }
        return "\(variable)=\(value.escapingControlCharacters()): \(advice)"
    }
}

/// Everything that is wrong with the settings, so that one start shows it all.
public struct ConfigurationError: Error, Hashable, Sendable {
    public var problems: [ConfigurationProblem]
}
