/// Reads files with credentials or tokens: short, mounted beside the program, read at once.
///
/// A value that the process hands in, so that nothing in this target opens a file by itself.
package struct CredentialFiles: Sendable {
    /// The bound for a file with one credential, in bytes: a service account's file has about 2,400, a token some
    /// thousand.
    package static let maxLength = 65_536

    /// The bound for a shared profile, in bytes: it can have hundreds of entries.
    package static let maxProfileLength = 262_144

    package enum Problem: Error {
        case missing
        /// Continues "the file …".
        case unreadable(String)

        /// Continues "the file …".
        package var text: String {
            switch self {
            case .missing: "does not exist"
            case .unreadable(let problem): problem
            }
        }
    }

    private let readFile: @Sendable (_ path: String, _ limit: Int) throws(Problem) -> [UInt8]

    /// - Parameter read: reads the whole file at a path, or throws where it is longer than the limit, in bytes.
    package init(read: @escaping @Sendable (_ path: String, _ limit: Int) throws(Problem) -> [UInt8]) {
        readFile = read
    }

    /// The whole file.
    package func read(_ path: String, limit: Int = maxLength) throws(Problem) -> [UInt8] {
        try readFile(path, limit)
    }
}
