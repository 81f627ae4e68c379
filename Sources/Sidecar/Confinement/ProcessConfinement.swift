import Confinement
import Reactor

/// Takes from the process what it does not need, once everything is set up and before it reads what the connector writes.
package enum ProcessConfinement {
    /// - Returns: lines for the log on what the kernel does not offer; the job goes on without it.
    package static func begin(
        _ configuration: Configuration,
        workspaces: [String],
        backend: Backend
    ) -> [String] {
        guard configuration.process.isConfined else { return [] }
        var notes: [String] = []
        func attempt(_ consequence: String, _ action: () throws(SystemError) -> Void) {
            do throws(SystemError) {
                try action()
            } catch {
                notes.append("\(consequence) (\(error))")
            }
        }
        attempt("New privileges are not forbidden") { () throws(SystemError) in
            try Privileges.forbidNew()
        }
        let files = FileAccess(ConfinedFiles(configuration, workspaces: workspaces).rules)
        attempt("Access to files is not limited") { () throws(SystemError) in
            try files.restrict()
        }
        // Last: it allows none of the calls above.
        let filter = SystemCallFilter(SystemCalls(configuration, backend: backend).rules)
        attempt("System calls are not limited") { () throws(SystemError) in try filter.install()
        }
        return notes
    }
}
