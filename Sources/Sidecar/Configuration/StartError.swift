import Settings
import Workload

/// Why the program cannot start: one line for each problem.
package struct StartError: Error {
    package var lines: [String]
    package var status: Int32

    init(lines: [String], status: Int32) {
        self.lines = lines
        self.status = status
    }

    /// Settings that cannot be used.
    init(problems: [ConfigurationProblem]) {
        self.init(lines: problems.map(\.description), status: ExitStatus.configuration)
    }

    /// One setting that cannot be used.
    init(problem variable: String, _ value: String?, _ advice: String) {
        self.init(problems: [ConfigurationProblem(variable: variable, value: value, advice: advice)])
    }

    /// Something that the machine refuses.
    init(failure: String) {
        self.init(lines: [failure], status: ExitStatus.failure)
    }
}
