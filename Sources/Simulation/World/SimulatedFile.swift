import Sidecar

/// A regular file of the simulated workspace.
final class SimulatedFile: WorkspaceFile {
    let name: String
    let descriptor: Int32
    /// False where the file belongs to another user: the kernel then refuses the lease that tells who writes.
    let answersLeases: Bool
    private(set) var bytes: [UInt8] = []
    /// Processes of the main container that have it open for writing.
    var writers = 0
    private var changes = 0

    init(_ name: String, number: Int32, answersLeases: Bool) {
        self.name = name
        descriptor = number
        self.answersLeases = answersLeases
    }

    func append(_ more: ArraySlice<UInt8>) {
        bytes += more
        changes += 1
    }

    func truncate(to length: Int = 0) {
        bytes = Array(bytes.prefix(length))
        changes += 1
    }

    var identity: FileIdentity { FileIdentity(device: 0, inode: UInt64(descriptor)) }
    var size: UInt64 { UInt64(bytes.count) }
    var isOpenForWriting: Bool? { answersLeases ? writers > 0 : nil }
    var modification: FileModification? {
        FileModification(seconds: changes, nanoseconds: 0, size: bytes.count)
    }

    /// There are no holes.
    func data(from offset: UInt64) -> UInt64 { offset }

    func contents(limit: Int) throws(WorkspaceError) -> [UInt8] {
        guard bytes.count <= limit else {
            throw WorkspaceError(file: name, problem: "has \(bytes.count) bytes, more than \(limit)")
        }
        return bytes
    }

    func bytes(at offset: UInt64, count: Int) throws(WorkspaceError) -> [UInt8] {
        guard offset < UInt64(bytes.count) else { return [] }
        return Array(bytes[Int(offset)..<min(Int(offset) + count, bytes.count)])
    }
}
