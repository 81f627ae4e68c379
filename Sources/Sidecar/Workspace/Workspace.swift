import Reactor
import Scheduling
import Workload

/// The files of a workspace, to be read.
package protocol WorkspaceFiles: AnyObject {
    /// For messages.
    var path: String { get }

    /// What the workspace's file system has run out of, such as "free blocks"; nil where there is room.
    var exhausted: String? { get }

    /// Opens a regular file for reading; nil where there is no such entry. Never blocks, never follows a link.
    func open(_ name: String) throws(WorkspaceError) -> (any WorkspaceFile)?
}

/// The directory that a workload's connector and the sidecar share, as far as the sidecar uses it.
///
/// `WorkspaceDirectory` is the real one. Tests and the simulator bring others, which touch no file.
package protocol Workspace: WorkspaceFiles {
    /// Whether a watch reports the other container's writes. It does not where the writer may be behind another kernel.
    var watchIsReliable: Bool { get }

    /// Which file an entry is, links not followed; nil where there is none.
    func identity(of name: String) -> FileIdentity?

    /// Creates the connector's output before the main container does. Never fails the start.
    func createOutput() -> OutputCreation

    /// Makes a spare for the marker, in case none can be created at the end (no inodes left). Best effort: throws why there
    /// is none.
    func makeSpareMarker() throws(SystemError)

    /// Writes the `TERMINATED` marker, which tells the main container to end. Does nothing once that has succeeded.
    func writeTerminatedMarker() throws(SystemError)

    /// Reports changes from now on, from the loop and in order, until the watch is cancelled.
    ///
    /// Throws where the kernel gives no watch, not even a coarse one.
    func watch(_ handler: @escaping ([WorkspaceChange]) -> Void) throws(SystemError) -> any WorkspaceWatch

    /// A reader for one file at a time.
    func makeReader() -> any WorkspaceReader
}

/// The files of a workspace that the sidecar knows.
package enum FileName {
    package static let input = "sidecarInput.json"
    package static let output = "jobOutput.json"
    package static let exitCode = "exitCode.txt"
    package static let terminated = "TERMINATED"
    /// A hidden file of ours that is renamed to `TERMINATED` if that cannot be created.
    package static let spareMarker = ".TERMINATED.spare"
}

/// One open regular file of a workspace.
package protocol WorkspaceFile: AnyObject {
    var name: String { get }
    /// Identifies the open file for its workspace's reader and watch.
    var descriptor: Int32 { get }
    var identity: FileIdentity { get }
    /// The present size in bytes.
    var size: UInt64 { get }
    /// Nil where the kernel does not tell.
    var modification: FileModification? { get }
    /// Whether anybody holds the file open for writing; nil where the kernel does not tell.
    var isOpenForWriting: Bool? { get }
    /// The whole file, read at once. More than `limit` bytes are an error.
    func contents(limit: Int) throws(WorkspaceError) -> [UInt8]
    /// Up to `count` bytes from the offset on; fewer where the file ends before.
    func bytes(at offset: UInt64, count: Int) throws(WorkspaceError) -> [UInt8]
    /// Where the next bytes are that somebody has written: the offset itself, or the end of the hole in which it lies. A
    /// hole reads as zero bytes.
    func data(from offset: UInt64) -> UInt64
}

/// Which file it is, whatever name leads to it by now.
package struct FileIdentity: Hashable {
    package var device: UInt64
    package var inode: UInt64

    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}

/// When a file's content was last changed, and how large it is since.
package struct FileModification: Hashable {
    package var seconds: Int
    package var nanoseconds: Int
    package var size: Int

    package init(seconds: Int, nanoseconds: Int, size: Int) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
        self.size = size
    }
}

/// A watch of a workspace.
package protocol WorkspaceWatch: AnyObject {
    /// Why the watch is a coarse one: every change is reported as `unknown`, and opens and closes are not reported. Nil for a
    /// watch that reports all.
    var missing: SystemError? { get }
    /// Also reports opens and closes of the output, until `ignoreOpens`. Best effort.
    func watchOpens(of output: any WorkspaceFile)
    /// Stops to report opens, so that readers of the output do not wake the process.
    func ignoreOpens()
    /// Ends the watch; the handler is not called any more.
    func cancel()
}

/// What happened in a workspace.
package enum WorkspaceChange: Hashable {
    /// Look at everything: at the start, when events were lost, and at every rescan.
    case unknown
    /// The output was written to.
    case outputWritten
    /// Another file may have taken the output's name.
    case outputReplaced
    /// Somebody opened the output, to read or to write; reported only after `watchOpens`.
    case outputOpened
    /// A writer closed the output.
    case outputClosed
    /// A reader closed the output; reported only after `watchOpens`.
    case outputReleased
    /// `exitCode.txt` is there, but whoever made it may not have written it yet.
    case exitCodeCreated
    /// `exitCode.txt` is there and complete.
    case exitCodeComplete
    /// The file system is gone, and no more changes are reported.
    case unmounted
}

/// Reads a file piece by piece on the loop, one read at a time.
package protocol WorkspaceReader: AnyObject {
    /// The most bytes that one read gives.
    var capacity: Int { get }
    /// Reads from the offset on. The completion is called once, from the loop, with the count of bytes, 0 at the end.
    ///
    /// Throws where the kernel has no room for one more operation.
    func read(
        _ file: any WorkspaceFile,
        at offset: UInt64,
        completion: @escaping (Result<Int, SystemError>) -> Void
    ) throws(SystemError)
    /// Reads from the offset on before it returns: the count of bytes, 0 at the end. Nil where that could take long, or has been
    /// done often enough in this tick: then `read` does it.
    func readAtOnce(_ file: any WorkspaceFile, at offset: UInt64) -> Int?
    /// Lends the bytes of the last read for the duration of `body`.
    func withBytes(_ count: Int, _ body: (RawSpan) -> Void)
    /// Ends the read that is under way; its completion is not called.
    func cancel()
}

/// The result of the attempt to create the connector's output.
package enum OutputCreation {
    /// Made here: empty, ours, and writable for everybody. The descriptor is the one that created it.
    case created(any WorkspaceFile)
    /// Something has the name already. It is used as it is.
    case exists
    /// Not created, and why; the main container creates it.
    case leftToMain(String)
}

/// Why an entry of the workspace cannot be used.
package struct WorkspaceError: Error, Hashable {
    package var file: String
    /// Continues a sentence that begins with the file's name.
    package var problem: String
    /// True where it says something about this process at this moment, not about the file.
    package var isTransient = false

    package init(file: String, problem: String, isTransient: Bool = false) {
        self.file = file
        self.problem = problem
        self.isTransient = isTransient
    }
}

extension WorkspaceFiles {
    /// What the init container has written, `sidecarInput.json`.
    package func sidecarInput() throws(SidecarInputError) -> SidecarInput {
        let content: [UInt8]?
        do throws(WorkspaceError) {
            content = try contents(of: FileName.input, limit: SidecarInput.maxFileLength)
        } catch {
            throw SidecarInputError(workloadID: nil, problem: error.problem)
        }
        guard let content else {
            throw SidecarInputError(
                workloadID: nil,
                problem: "is missing: the init container writes it before the sidecar starts"
            )
        }
        return try SidecarInput(parsing: content)
    }

    /// The whole of a small file; nil where there is no such entry.
    package func contents(of name: String, limit: Int) throws(WorkspaceError) -> [UInt8]? {
        guard let file = try open(name) else { return nil }
        return try file.contents(limit: limit)
    }

    /// Looks at `exitCode.txt`.
    ///
    /// - Parameter isComplete: false where whoever made the file may still be writing it: then it counts only from
    ///   its last newline on.
    package func exitCode(isComplete: Bool) -> ExitCodeLook {
        do {
            guard let content = try contents(of: FileName.exitCode, limit: ConnectorExit.maxFileLength) else {
                return .absent
            }
            guard isComplete || content.last == UInt8(ascii: "\n") else { return .notYet }
            return .found(ConnectorExit(parsing: content))
        } catch {
            return error.isTransient ? .notYet : .found(.unusable(error.problem))
        }
    }
}

/// What a look at `exitCode.txt` shows.
package enum ExitCodeLook: Hashable {
    case absent
    /// Still being written, or unreadable at the moment: look again.
    case notYet
    case found(ConnectorExit)
}
