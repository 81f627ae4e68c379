import Glibc
import Reactor
import Storage
import Text

/// What the settings need to know about the machine, handed in so that reading them stays pure.
package struct PathProbe: Sendable {
    /// Whether a folder is there, links followed.
    package var isFolder: @Sendable (String) -> Bool
    /// Nil where this process may read the file or folder, else the error's name, such as `ENOENT`.
    package var readingProblem: @Sendable (String) -> String?
    /// The text of a short file without white space around it; nil where there is none.
    package var text: @Sendable (String) -> String?

    package init(
        isFolder: @escaping @Sendable (String) -> Bool,
        readingProblem: @escaping @Sendable (String) -> String?,
        text: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.isFolder = isFolder
        self.readingProblem = readingProblem
        self.text = text
    }

    /// The real ones.
    package static let machine = PathProbe(
        isFolder: { path in
            var information = stat()
            return unsafe stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
        },
        readingProblem: { path in
            unsafe access(path, R_OK) == 0 ? nil : SystemError(call: "access", errno: errno).name
        },
        text: { path in
            guard let bytes = try? CredentialFiles.system.read(path) else { return nil }
            return String(decoding: bytes, as: UTF8.self).trimmingWhitespace()
        }
    )
}
