import Glibc

/// A directory that lives as long as the object.
package final class TemporaryDirectory {
    package let path: String

    package init() {
        var template = Array("/tmp/sidecar-tests-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "no temporary directory could be made")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        Self.remove(path)
    }

    package func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes a file, or replaces the content of one.
    package func write(_ name: String, _ content: String) {
        write(name, Array(content.utf8), O_TRUNC)
    }

    package func append(_ name: String, _ content: String) {
        write(name, Array(content.utf8), O_APPEND)
    }

    private func write(_ name: String, _ bytes: [UInt8], _ flag: Int32) {
        let file = open(path(name), O_WRONLY | O_CREAT | O_CLOEXEC | flag, 0o644)
        precondition(file >= 0, "\(name) cannot be written")
        defer { close(file) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            precondition(count > 0, "\(name) cannot be written on")
            written += count
        }
    }

    package func read(_ name: String) -> String? { Self.read(path: path(name)) }

    package static func read(path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = Glibc.read(file, &chunk, chunk.count), count > 0 {
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Everything in a folder of it, hidden files too.
    package func entries(of folder: String = ".") -> [String] {
        guard let stream = opendir(path(folder)) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package func information(_ name: String) -> stat? {
        var information = stat()
        return lstat(path(name), &information) == 0 ? information : nil
    }

    private static func remove(_ path: String) {
        var information = stat()
        guard lstat(path, &information) == 0 else { return }
        if information.st_mode & S_IFMT == S_IFDIR, let stream = opendir(path) {
            var names: [String] = []
            while let entry = readdir(stream) {
                names.append(
                    withUnsafePointer(to: &entry.pointee.d_name) {
                        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                    }
                )
            }
            closedir(stream)
            for name in names where name != "." && name != ".." { remove("\(path)/\(name)") }
        }
        Glibc.remove(path)
    }
}
