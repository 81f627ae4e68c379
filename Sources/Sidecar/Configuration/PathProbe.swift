import Glibc
import Reactor

/// What the settings need to know about the machine, handed in so that reading them stays pure.
package struct PathProbe: Sendable {
    /// Whether a folder is there, links followed.
    package var isFolder: @Sendable (String) -> Bool
    /// Nil where this process may read the file or folder, else the error's name, such as `ENOENT`.
    package var readingProblem: @Sendable (String) -> String?

    package init(
        isFolder: @escaping @Sendable (String) -> Bool,
        readingProblem: @escaping @Sendable (String) -> String?
    ) {
        self.isFolder = isFolder
        self.readingProblem = readingProblem
    }

    /// The real ones.
    package static let machine = PathProbe(
        isFolder: { path in
            var information = stat()
            return unsafe stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
        },
        readingProblem: { path in
            unsafe access(path, R_OK) == 0 ? nil : SystemError(call: "access", errno: errno).name
        }
    )
}
