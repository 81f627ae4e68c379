import AirbyteProtocol
import Glibc
import Reactor
import Sidecar
import Text
import Workload

/// What is inspected: a workspace, or an output alone.
struct Subject {
    let path: String
    let folder: OpenDirectory
    /// The name of the output within the folder.
    let outputName: String
    /// Whether there is a workspace around the output.
    let isWorkspace: Bool

    /// Opens a workspace's folder, or the folder of a file. Throws where there is neither.
    init(path: String) throws(Failure) {
        self.path = path
        do throws(SystemError) {
            folder = try OpenDirectory(path: path)
            outputName = FileName.output
            isWorkspace = true
        } catch {
            guard error.errno == ENOTDIR else {
                throw Failure(
                    Exit.noInput,
                    "\(path) cannot be opened: \(error). Name a workspace or the file of an output."
                )
            }
            let bytes = path.utf8
            let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
            let parent = slash.map { String(path[...$0]) } ?? "."
            do throws(SystemError) {
                folder = try OpenDirectory(path: parent)
            } catch {
                throw Failure(Exit.noInput, "\(parent) cannot be opened: \(error)")
            }
            outputName = slash.map { String(path[bytes.index(after: $0)...]) } ?? path
            isWorkspace = false
        }
    }

    /// The connector's output; nil where a workspace has none yet.
    func output() throws(WorkspaceError) -> (any WorkspaceFile)? { try folder.open(outputName) }

    /// Of a file alone, the volume says nothing.
    var exhausted: String? { isWorkspace ? folder.exhausted : nil }
}
