import FoundationEssentials
import Glibc
import Reactor
import Scheduling
import Sidecar

/// A temporary workspace, as the init container of a pod leaves it. Only its owner can look into it.
struct LocalWorkspace {
    let path: String

    var configurationPath: String { "\(path)/connectionConfiguration.json" }

    /// Makes the folder, below `TMPDIR`, and writes the job's files.
    init(for job: LocalJob, environment: [String: String]) throws(Failure) {
        let parent = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        // mkdtemp(3) wants six of these.
        let unique = String(repeating: "X", count: 6)
        var template = Array("\(parent)/sidecarctl-run-\(unique)".utf8CString)
        let isMade = unsafe mkdtemp(&template) != nil
        guard isMade else {
            let error = SystemError(call: "mkdtemp", errno: errno)
            throw Failure(
                Exit.cannotCreate,
                "\(parent) cannot take the workspace: \(error). Set TMPDIR to a folder that can."
            )
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do throws(Failure) {
            try write(job)
        } catch {
            try? remove()
            throw error
        }
    }

    private func write(_ job: LocalJob) throws(Failure) {
        if let configuration = job.configuration {
            try OutputFileWriter.write(Array(configuration.rawJSON), to: configurationPath)
            try OutputFileWriter.write(job.connectorInput, to: "\(path)/input.json")
        }
        try OutputFileWriter.write(job.sidecarInput, to: "\(path)/\(FileName.input)")
    }

    /// Opens it for reading.
    func open() throws(Failure) -> OpenDirectory {
        do throws(SystemError) {
            return try OpenDirectory(path: path)
        } catch {
            throw Failure(Exit.noInput, "\(path) cannot be opened: \(error)")
        }
    }

    /// When the connector's exit code was written; nil where it was not. Whoever notices it does so a little later.
    var exitCodeMoment: Instant? {
        var information = stat()
        var now = timespec()
        guard unsafe lstat("\(path)/\(FileName.exitCode)", &information) == 0,
            unsafe clock_gettime(CLOCK_REALTIME, &now) == 0
        else { return nil }
        let written = information.st_mtim
        let age =
            Duration.seconds(now.tv_sec - written.tv_sec) + .nanoseconds(now.tv_nsec - written.tv_nsec)
        return .monotonic() + (.zero - max(.zero, age))
    }

    /// Removes it with all that is in it.
    func remove() throws(Failure) {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw Failure(
                Exit.cannotCreate,
                "The workspace \(path) cannot be removed: remove it, it holds the configuration."
            )
        }
    }
}
