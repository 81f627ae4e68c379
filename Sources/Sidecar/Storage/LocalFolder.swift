import Glibc
import Reactor
import Storage
import Text

/// Stores documents as files below a folder, each one whole or not at all: written under a temporary name, synced,
/// renamed, and the folder synced, so that it survives a power failure once `store` has returned. Blocks meanwhile.
struct LocalFolder {
    /// So much of a document's name goes into its temporary name, in bytes: one that is cut within a character may
    /// grow by three, and all of it stays below the 255 that a name may have.
    private static let maxStemLength = 200
    /// So much is held in memory and written at once, in bytes.
    private static let pieceSize = 1_024 * 1_024
    /// After so many pieces the file is synced, so that a slow disk shows its progress and the last sync does not take
    /// minutes.
    private static let piecesPerSync = 16

    /// An absolute path of a folder that exists: a volume that others read too. Where it is missing, what would be stored
    /// in a new one would stay in this container, and nobody would find it.
    let root: String
    /// Part of the temporary names: that of the process, whatever child of it writes.
    private let processID = getpid()

    init(root: String) {
        self.root = root
    }

    /// Stores the content under the key, whose parts between slashes are folders below the root, which are made where they
    /// are missing, and a file's name.
    ///
    /// - Parameter progressed: called whenever something has been written.
    func store(
        _ content: ObjectContent,
        key: String,
        progressed: () -> Void = {}
    ) throws(StorageFailure) {
        let parts = key.split(separator: "/").map(String.init)
        guard let name = parts.last, parts.allSatisfy(Self.isPlain) else {
            throw StorageFailure(
                message: "\(key.escapingControlCharacters()) is not a valid file name below \(root)"
            )
        }
        var folder = try openRoot()
        var shown = root
        for part in parts.dropLast() {
            shown += "/" + part
            folder = try openFolder(part, in: folder.raw, shownAs: shown)
            progressed()
        }
        try write(content, name: name, in: folder.raw, shownAs: "\(shown)/\(name)", progressed)
    }

    /// Reads a short document and compares it: nil where the bytes are the same, or why they are not.
    func compare(_ bytes: [UInt8], key: String) -> String? {
        do throws(CredentialFiles.Problem) {
            let read = try CredentialFiles.system.read("\(root)/\(key)")
            return read == bytes ? nil : "\(root)/\(key) does not hold what was written"
        } catch {
            return "\(root)/\(key) \(error.text)"
        }
    }

    /// Deletes a document; the folders above it stay. Returns why that failed.
    func delete(key: String) -> String? {
        guard unsafe unlink("\(root)/\(key)") != 0 else { return nil }
        return "cannot delete \(root)/\(key): \(SystemError(call: "unlink", errno: errno).name)"
    }

    private func write(
        _ content: ObjectContent,
        name: String,
        in folder: Int32,
        shownAs path: String,
        _ progressed: () -> Void
    ) throws(StorageFailure) {
        let stem = String(decoding: name.utf8.prefix(Self.maxStemLength), as: UTF8.self)
        let temporary = ".\(stem).\(processID).tmp"
        // Left behind by a process of the same number that died, or by a child that was killed: nobody else uses this name.
        _ = unsafe unlinkat(folder, temporary, 0)
        let file = OwnedDescriptor(
            try check(
                unsafe openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644),
                "create",
                path
            )
        )
        do throws(StorageFailure) {
            for (number, start) in stride(from: 0, to: content.count, by: Self.pieceSize).enumerated() {
                let piece = try content.bytes(in: start..<min(start + Self.pieceSize, content.count))
                try writeAll(piece, to: file.raw, path)
                if number % Self.piecesPerSync == Self.piecesPerSync - 1 {
                    try check(fdatasync(file.raw), "sync", path)
                }
                progressed()
            }
            try check(fsync(file.raw), "sync", path)
            progressed()
            try check(unsafe renameat(folder, temporary, folder, name), "rename", path)
        } catch {
            _ = unsafe unlinkat(folder, temporary, 0)
            throw error
        }
        try syncFolder(folder, path)
    }

    private func writeAll(_ bytes: [UInt8], to file: Int32, _ path: String) throws(StorageFailure) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes {
                unsafe Glibc.write(file, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            written += Int(try check(Int32(clamping: count), "write", path))
        }
    }

    private static let folderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC

    private func openRoot() throws(StorageFailure) -> OwnedDescriptor {
        let raw = unsafe open(root, Self.folderFlags)
        if raw < 0, errno == ENOENT {
            throw StorageFailure(message: "the folder \(root) does not exist; mount a volume there")
        }
        return OwnedDescriptor(try check(raw, "open the folder", root))
    }

    /// Opens a folder, and makes it where it is missing.
    private func openFolder(
        _ name: String,
        in parent: Int32,
        shownAs path: String
    ) throws(StorageFailure) -> OwnedDescriptor {
        var raw = unsafe openat(parent, name, Self.folderFlags)
        if raw < 0, errno == ENOENT {
            let made = unsafe mkdirat(parent, name, 0o755)
            // EEXIST: another process was faster.
            if made < 0, errno != EEXIST { try check(made, "make the folder", path) }
            try syncFolder(parent, path)
            raw = unsafe openat(parent, name, Self.folderFlags)
        }
        return OwnedDescriptor(try check(raw, "open the folder", path))
    }

    /// Makes what was renamed or made in the folder last. Some file systems (9p, vboxsf) cannot sync folders and say
    /// `EINVAL`: there is nothing more to be done for it there.
    private func syncFolder(_ folder: Int32, _ path: String) throws(StorageFailure) {
        if fsync(folder) != 0, errno != EINVAL, errno != EOPNOTSUPP {
            try check(-1, "sync the folder of", path)
        }
    }

    @discardableResult
    private func check(_ result: Int32, _ action: String, _ path: String) throws(StorageFailure) -> Int32 {
        guard result < 0 else { return result }
        let error = SystemError(call: action, errno: errno)
        throw StorageFailure(message: "cannot \(action) \(path): \(error.name)")
    }

    private static func isPlain(_ part: String) -> Bool {
        part != "." && part != ".." && !part.utf8.contains(0) && part.utf8.count <= 255
    }
}
