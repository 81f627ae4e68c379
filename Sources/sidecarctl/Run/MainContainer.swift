import Glibc
import Reactor
import Sidecar

/// What the main container of a pod does with the connector.
enum MainContainer {
    /// As the launcher has it, but that the connector stays in the current folder and gets the path of its configuration. At
    /// SIGTERM, which the whole group gets, the shell waits for the connector, which may tidy up.
    private static let script = """
        trap : TERM
        eval "$AIRBYTE_ENTRYPOINT \\"\\$@\\"" >"$AIRBYTE_CONFIG_DIR/jobOutput.json"
        code=$?
        echo "$code" >"$AIRBYTE_CONFIG_DIR/TEMP_EXIT_CODE.txt"
        mv "$AIRBYTE_CONFIG_DIR/TEMP_EXIT_CODE.txt" "$AIRBYTE_CONFIG_DIR/exitCode.txt"
        exit "$code"
        """

    static func command(for job: LocalJob, in workspace: LocalWorkspace) -> [String] {
        var words = ["/bin/sh", "-c", script, "main-container", job.operation.rawValue]
        if job.configuration != nil { words += ["--config", workspace.configurationPath] }
        return words
    }

    /// On top of the user's own.
    static func variables(for job: LocalJob, in workspace: LocalWorkspace) -> [String: String] {
        ["AIRBYTE_ENTRYPOINT": job.connector.shellText, "AIRBYTE_CONFIG_DIR": workspace.path]
    }
}

/// Clears away what is left if `run` itself is killed: its pipe then ends without a word.
final class Guardian {
    private static let script = """
        read -r word && exit
        for group in $1; do kill -s KILL -- "-$group"; done 2>/dev/null
        [ -z "$2" ] || rm -rf -- "$2"
        """

    private let process: LocalProcess
    private let pipe: OwnedDescriptor

    var pid: pid_t { process.pid }

    /// - Parameters:
    ///   - groups: the process groups that end.
    ///   - folder: is removed.
    init(of groups: [pid_t], removing folder: String?, environment: [String: String]) throws(Failure) {
        let ends: Pipe
        do throws(SystemError) {
            ends = try Pipe()
        } catch {
            throw Failure(Exit.noInput, "The run cannot begin: \(error)")
        }
        // A shell's read does not expect the other.
        _ = fcntl(ends.reader.raw, F_SETFL, 0)
        process = try LocalProcess(
            [
                "/bin/sh", "-c", Self.script, "guardian", groups.map { "\($0)" }.joined(separator: " "),
                folder ?? "",
            ],
            environment: environment,
            LocalProcess.Descriptors(input: ends.reader.raw)
        )
        pipe = ends.takeWriter()
    }

    /// Lets it end: there is nothing to clear away.
    func dismiss() {
        _ = unsafe write(pipe.raw, "done\n", 5)
    }
}
