import AirbyteProtocol
import Glibc

/// The connector's command.
struct ConnectorCommand {
    /// The program's path, and its arguments.
    let words: [String]

    /// Looks the program up. Throws where there is none.
    ///
    /// - Parameter path: the variable `PATH`.
    init(_ command: [String], path: String?) throws(Failure) {
        guard let first = command.first, !first.isEmpty else {
            throw Failure(
                Exit.usage,
                "The connector's command is missing: put it behind --, such as sidecarctl run spec -- source-faker."
            )
        }
        words = [try Self.program(first, path: path, role: "the connector")] + command.dropFirst()
    }

    /// The program's name without its folder.
    var name: String { words[0].split(separator: "/").last.map(String.init) ?? words[0] }

    /// What the name tells: Airbyte's destinations are called so.
    var kind: ConnectorKind { name.hasPrefix("destination") ? .destination : .source }

    /// The command for a shell, in which no character has a meaning of its own.
    var shellText: String {
        words.map { "'" + $0.replacing("'", with: #"'\''"#) + "'" }.joined(separator: " ")
    }

    /// The path of a program: the name itself if it has a slash, or else the first on `PATH`.
    static func program(_ name: String, path: String?, role: String) throws(Failure) -> String {
        if name.utf8.contains(UInt8(ascii: "/")) {
            guard isExecutable(name) else {
                throw Failure(
                    Exit.noInput,
                    "\(name) cannot be started as \(role): no such program, or not executable (chmod +x)."
                )
            }
            return name
        }
        let folders = (path ?? "/usr/bin:/bin").split(separator: ":", omittingEmptySubsequences: false)
        for folder in folders {
            let candidate = "\(folder.isEmpty ? "." : folder)/\(name)"
            if isExecutable(candidate) { return candidate }
        }
        throw Failure(
            Exit.noInput,
            "\(name) cannot be started as \(role): no such program on the PATH. Give its path, such as ./\(name)."
        )
    }

    private static func isExecutable(_ path: String) -> Bool {
        var information = stat()
        guard unsafe stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            return false
        }
        return unsafe access(path, X_OK) == 0
    }
}
