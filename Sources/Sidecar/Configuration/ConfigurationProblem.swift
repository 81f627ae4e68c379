/// One setting that cannot be used: which, what it holds, what is allowed.
public struct ConfigurationProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// So much of a value is shown, in characters: enough to recognise it.
    private static let maxShownValue = 200

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
        // A colon right behind a name such as `AWS_SECRET_ACCESS_KEY` would have the log's mask hide the advice.
        value == nil ? "\(variable) cannot be used: \(advice)" : "\(setting): \(advice)"
    }

    fileprivate var setting: String {
        guard let value else { return variable }
        let shown = value.prefix(Self.maxShownValue).escapingControlCharacters()
        return "\(variable)=\(shown)\(shown.count < value.count ? "…" : "")"
    }
}

/// A setting that cannot be used, while the job goes on without it.
public struct ConfigurationWarning: Hashable, Sendable, CustomStringConvertible {
    public var problem: ConfigurationProblem
    /// What happens now, without a full stop: "the default (INFO) is used".
    public var consequence: String

    /// One line for the log. No colon follows the variable's name: the log would hide what comes after a name such as
    /// `AWS_SECRET_ACCESS_KEY`.
    public var description: String {
        "\(problem.setting) cannot be used (\(problem.advice)); \(consequence)"
    }
}

/// Everything that is wrong with the settings, so that one start shows it all.
public struct ConfigurationError: Error, Hashable, Sendable {
    public var problems: [ConfigurationProblem]
}
