import CLinux
import Glibc
import Reactor
import Scheduling

/// One open regular file of the workspace.
final class RegularFile: WorkspaceFile {
    let name: String
    private let owned: OwnedDescriptor

    let identity: FileIdentity
    /// In bytes, when the file was opened.
    private let firstSize: UInt64

    /// Takes over the descriptor; anything but a regular file is refused.
    init(_ descriptor: consuming OwnedDescriptor, name: String) throws(WorkspaceError) {
        var information = stat()
        guard unsafe fstat(descriptor.raw, &information) == 0 else {
            throw WorkspaceError(
                file: name,
                problem: "cannot be examined: \(SystemError(call: "fstat", errno: errno))"
            )
        }
        guard information.st_mode & S_IFMT == S_IFREG else {
            throw WorkspaceError(
                file: name,
                problem: "is a \(Self.kind(information.st_mode)), not a regular file"
            )
        }
        self.name = name
        identity = FileIdentity(information)
        firstSize = UInt64(max(0, information.st_size))
        owned = descriptor
    }

    /// Lent to the loop's reads; stays open as long as this object.
    var descriptor: Int32 { owned.raw }

    /// The present size in bytes.
    var size: UInt64 {
        var information = stat()
        guard unsafe fstat(owned.raw, &information) == 0 else { return 0 }
        return UInt64(max(0, information.st_size))
    }

    /// Nil where the kernel does not tell.
    var modification: FileModification? {
        var information = stat()
        guard unsafe fstat(owned.raw, &information) == 0 else { return nil }
        return FileModification(
            seconds: information.st_mtim.tv_sec,
            nanoseconds: information.st_mtim.tv_nsec,
            size: Int(information.st_size)
        )
    }

    /// Whether anybody holds the file open for writing; nil where the kernel does not tell.
    var isOpenForWriting: Bool? {
        switch clinux_is_open_for_writing(owned.raw) {
        case 0: false
        case 1: true
        default: nil
        }
    }

    /// The whole file, read at once. More than `limit` bytes are an error.
    func contents(limit: Int) throws(WorkspaceError) -> [UInt8] {
        // The file's size and one byte more, so that a file that has grown is noticed.
        var bytes = [UInt8](repeating: 0, count: Int(min(firstSize, UInt64(limit))) + 1)
        var filled = 0
        while true {
            filled += try read(into: &bytes, from: filled, at: filled)
            guard filled <= limit else {
                throw WorkspaceError(
                    file: name,
                    problem: "is longer than the \(limit) bytes that are read of it"
                )
            }
            // Of a regular file less than asked for comes only at its end.
            if filled < bytes.count { break }
            bytes.append(contentsOf: repeatElement(0, count: filled))
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    /// Up to `count` bytes from the offset on; fewer where the file ends before.
    func bytes(at offset: UInt64, count: Int) throws(WorkspaceError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let filled = try read(into: &bytes, from: 0, at: Int(clamping: offset))
        bytes.removeLast(count - filled)
        return bytes
    }

    /// Where the next bytes are that somebody has written; the file's size where only a hole follows.
    func data(from offset: UInt64) -> UInt64 {
        guard let position = Int64(exactly: offset) else { return offset }
        let data = clinux_seek_data(owned.raw, position)
        if data >= 0 { return UInt64(data) }
        // ENXIO: no data up to the end. All else (EINVAL: the file system does not tell) is read as it is.
        return errno == ENXIO ? max(size, offset) : offset
    }

    /// Fills the array from `start` on with what the file holds at the offset; returns the count of bytes read, 0 at
    /// the end of the file.
    private func read(
        into bytes: inout [UInt8],
        from start: Int,
        at offset: Int
    ) throws(WorkspaceError) -> Int {
        while true {
            let count = unsafe bytes.withUnsafeMutableBytes { all in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: all[start...])
                return unsafe pread(owned.raw, rest.baseAddress, rest.count, offset)
            }
            if count >= 0 { return count }
            guard errno == EINTR else {
                throw WorkspaceError(
                    file: name,
                    problem: "cannot be read: \(SystemError(call: "pread", errno: errno))"
                )
            }
        }
    }

    private static func kind(_ mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFDIR: "directory"
        case S_IFIFO: "FIFO"
        case S_IFLNK: "symbolic link"
        case S_IFSOCK: "socket"
        default: "device"
        }
    }
}

extension FileIdentity {
    init(_ information: stat) {
        self.init(device: UInt64(information.st_dev), inode: UInt64(information.st_ino))
    }
}
