import Glibc
import Scheduling

/// A directory that is shared by the measured program and the harness, which plays the connector and the pod's main
/// container in it.
public final class JobWorkspace {
    /// From the end of the connector, which closes the output, to the exit code in its place: the launcher's shell
    /// writes the code to a file and starts `mv`.
    public static let secondsFromCloseToExitCode = 0.002

    public let path: String
    private var output: Int32 = -1

    /// Makes the directory, with the init container's file in it.
    init(path: String, input: String) throws(HarnessError) {
        self.path = path
        guard mkdir(path, 0o755) == 0 else { throw Self.failure("\(path) cannot be made") }
        try write(input, to: "sidecarInput.json")
    }

    deinit {
        closeOutput()
        Self.removeTree(path)
    }

    /// Opens the connector's output as the launcher's shell does when it starts the connector, and keeps it open.
    public func openOutput() throws(HarnessError) {
        closeOutput()
        output = open("\(path)/jobOutput.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard output >= 0 else { throw Self.failure("jobOutput.json cannot be made") }
    }

    /// Writes the next bytes of the connector's output, which is open, in one write.
    ///
    /// - Returns: the moment before the write.
    @discardableResult
    public func writeOutput(_ text: String) throws(HarnessError) -> Instant {
        var text = text
        let before = Instant.now
        let written = text.withUTF8 { Glibc.write(output, $0.baseAddress, $0.count) }
        guard written == text.utf8.count else { throw Self.failure("jobOutput.json cannot be written") }
        return before
    }

    /// Takes a file that is there already as the connector's output, without a copy, and keeps it open.
    public func linkOutput(from file: String) throws(HarnessError) {
        closeOutput()
        guard link(file, "\(path)/jobOutput.json") == 0 else {
            throw Self.failure("\(file) cannot be linked into \(path)")
        }
        output = open("\(path)/jobOutput.json", O_WRONLY | O_CLOEXEC)
        guard output >= 0 else { throw Self.failure("\(file) cannot be opened for writing") }
    }

    /// Closes the output, as the end of the connector does.
    public func closeOutput() {
        if output >= 0 { close(output) }
        output = -1
    }

    /// Writes the exit code beside its place.
    public func prepareExitCode() throws(HarnessError) {
        try write("0\n", to: "TEMP_EXIT_CODE.txt")
    }

    /// Renames the exit code into place.
    ///
    /// - Returns: the moment before the rename.
    @discardableResult
    public func publishExitCode() throws(HarnessError) -> Instant {
        let before = Instant.now
        guard rename("\(path)/TEMP_EXIT_CODE.txt", "\(path)/exitCode.txt") == 0 else {
            throw Self.failure("exitCode.txt cannot be renamed into place")
        }
        return before
    }

    private func write(_ text: String, to name: String) throws(HarnessError) {
        try Self.write(text, to: "\(path)/\(name)", flags: O_CREAT | O_TRUNC)
    }

    /// Appends to a file that is there.
    public static func append(_ text: String, to path: String) throws(HarnessError) {
        try write(text, to: path, flags: O_APPEND)
    }

    private static func write(_ text: String, to path: String, flags: Int32) throws(HarnessError) {
        let file = open(path, O_WRONLY | O_CLOEXEC | flags, 0o644)
        guard file >= 0 else { throw failure("\(path) cannot be opened for writing") }
        defer { close(file) }
        var text = text
        let written = text.withUTF8 { Glibc.write(file, $0.baseAddress, $0.count) }
        guard written == text.utf8.count else { throw failure("\(path) cannot be written") }
    }

    private static func failure(_ what: String) -> HarnessError {
        HarnessError("\(what): \(String(cString: strerror(errno)))")
    }

    /// Removes a directory with all that a program may have left in it; links are not followed.
    static func removeTree(_ path: String) {
        for name in names(in: path) {
            let entry = "\(path)/\(name)"
            if unlink(entry) != 0 { removeTree(entry) }
        }
        rmdir(path)
    }

    static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
