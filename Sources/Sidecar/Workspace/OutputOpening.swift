/// Finds out when the connector opens its output.
///
/// A file that the sidecar has created proves nothing by its existence. It is opened once somebody writes to it or has it
/// open for writing. (Linux 6.18: a shell's `>` on the empty file gives IN_OPEN and then IN_MODIFY, on tmpfs and ext4; its
/// `>>` gives IN_OPEN alone, as a reader does, and as our own opens do. So only a lease that is refused tells what an
/// IN_OPEN was.) A file that somebody else has made is opened by appearing.
final class OutputOpening {
    private let workspace: any Workspace
    /// Nil where the sidecar has not created the output.
    private let created: (any WorkspaceFile)?
    private let firstModification: FileModification?
    private(set) var hasHappened = false

    /// - Parameter created: the output as the sidecar created it, nothing done with it since.
    init(_ workspace: any Workspace, created: (any WorkspaceFile)?) {
        self.workspace = workspace
        self.created = created
        firstModification = created?.modification
    }

    /// A sign that only a writer gives.
    func note() {
        hasHappened = true
    }

    /// Looks for signs, whatever was reported so far. Opens nothing, so it does not trigger another look.
    func look() {
        guard !hasHappened else { return }
        let present = workspace.identity(of: FileName.output)
        guard let created else {
            hasHappened = present != nil
            return
        }
        let isReplaced = present != nil && present != created.identity
        // Between two looks somebody can have opened and closed it: `>` sets the time of modification.
        let isModified = created.modification != firstModification
        hasHappened = isReplaced || isModified || created.isOpenForWriting == true
    }
}
