import Glibc
import Reactor
import Scheduling
import Workload

/// The program: reads the settings, opens the workspace, and runs its workload to the end.
package enum Sidecar {
    /// Runs one workload as the environment describes it.
    ///
    /// - Returns: the exit code of the process, see `ExitStatus`.
    package static func run(environment: [String: String]) -> Int32 {
        ProcessState.prepare()
        do throws(StartError) {
            return try start(environment: environment)
        } catch {
            let mask = secretMask(environment)
            for line in error.lines { printError(mask.masked(line)) }
            return error.status
        }
    }

    /// The workspace is opened before the settings are read: the marker is written there at every end.
    private static func start(environment: [String: String]) throws(StartError) -> Int32 {
        let settings = Result { () throws(StartError) in try SettingsFile.completed(environment) }
        // An unusable settings file does not name the workspace.
        let workspacePath = Configuration.workspacePath(in: (try? settings.get()) ?? environment)
        let directory = Result { () throws(SystemError) in try OpenDirectory(path: workspacePath) }
        defer {
            if case .success(let directory) = directory { writeMarker(directory) }
        }
        let variables = try settings.get()
        let configuration: Configuration
        do {
            configuration = try Configuration(environment: variables, paths: .machine)
        } catch {
            throw StartError(problems: error.problems)
        }
        switch directory {
        case .success(let directory):
            if !configuration.process.isDebuggable { ProcessState.forbidDumps() }
            let process = try SidecarProcess(configuration.process, console: STDOUT_FILENO)
            return try process.run(configuration, in: [directory])[0]
        case .failure(let error):
            throw StartError(
                problem: "AIRBYTE_CONFIG_DIR",
                workspacePath,
                "the directory cannot be opened: \(error.name)"
            )
        }
    }

    /// For an error that can quote a setting, and so a credential.
    private static func secretMask(_ environment: [String: String]) -> SecretMask {
        let variables = (try? SettingsFile.completed(environment)) ?? environment
        return SecretMask(configurations: [], credentials: Configuration.credentials(in: variables))
    }

    private static func writeMarker(_ directory: OpenDirectory) {
        do {
            try directory.writeTerminatedMarker()
        } catch {
            printError("\(directory.path)/\(FileName.terminated) cannot be written: \(error)")
        }
    }

    /// How long an error waits for whoever reads standard error.
    private static let errorLimit: Duration = .seconds(2)

    private static func printError(_ line: String) {
        let text = Array("airbyte-connector-sidecar: \(line)\n".utf8)
        // If standard error cannot be written, nothing else can be done.
        _ = text[...].write(to: STDERR_FILENO, until: .monotonic() + errorLimit)
    }
}
