import Text

/// One setting that cannot be used: which, what it holds, what is allowed.
package struct ConfigurationProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// So much of a value is shown, in bytes: enough to recognise it.
    private static let maxShownValue = 200

    /// The environment variable.
    package var variable: String
    /// What it holds, nil where there is nothing or where it must not be shown.
    package var value: String?
    /// What is wrong and what to do, without a full stop.
    package var advice: String

    package init(variable: String, value: String?, advice: String) {
        self.variable = variable
        self.value = value
        self.advice = advice
    }

    /// One line, whatever the value holds.
    package var description: String {
        // A colon right behind a name such as `AWS_SECRET_ACCESS_KEY` would have the log's mask hide the advice.
        value == nil ? "\(variable) cannot be used: \(advice)" : "\(setting): \(advice)"
    }

    fileprivate var setting: String {
        guard let value else { return variable }
        return "\(variable)=\(value.cut(toUTF8: Self.maxShownValue).escapingControlCharacters())"
    }
}

/// An unusable setting that does not stop the job.
package struct ConfigurationWarning: Hashable, Sendable, CustomStringConvertible {
    package var problem: ConfigurationProblem
    /// What happens now, without a full stop: "the default (INFO) is used".
    package var consequence: String

    package init(problem: ConfigurationProblem, consequence: String) {
        self.problem = problem
        self.consequence = consequence
    }

    /// One line for the log. No colon follows the variable's name: the log would hide what comes after a name such as
    /// `AWS_SECRET_ACCESS_KEY`.
    package var description: String {
        "\(problem.setting) cannot be used (\(problem.advice)); \(consequence)"
    }
}

/// Everything that is wrong with the settings, so that one start shows it all.
package struct ConfigurationError: Error, Hashable, Sendable {
    package var problems: [ConfigurationProblem]
}
