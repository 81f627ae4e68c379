import Settings
import Storage
import Text

/// A file with settings for what the workload launcher does not pass on: lines `NAME=value`.
///
/// The file is in the image or in a mount. Blank lines and lines that begin with `#` are ignored. Quotation marks belong
/// to the value. If a name occurs twice, the last value counts.
package struct SettingsFile {
    static let variable = "SIDECAR_SETTINGS_FILE"
    static let defaultPath = "/etc/airbyte-connector-sidecar/settings.env"

    /// The settings by their names.
    private(set) var settings: [String: String] = [:]

    /// The environment, completed by the file. A variable of the environment takes precedence, unless it is empty.
    ///
    /// Only the default file may be missing.
    package static func completed(_ environment: [String: String]) throws(StartError) -> [String: String] {
        let reader = EnvironmentReader(environment)
        let named = reader.text(variable)
        let path = path(in: reader)
        guard path.hasPrefix("/") else { throw StartError(problem: variable, path, "not an absolute path") }
        do throws(CredentialFiles.Problem) {
            let file = try SettingsFile(parsing: CredentialFiles.system.read(path))
            return file.settings(completing: environment)
        } catch {
            if case .missing = error, named == nil { return environment }
            throw StartError(problem: variable, path, "the file \(error.text)")
        }
    }

    static func path(in reader: EnvironmentReader) -> String {
        reader.text(variable, default: defaultPath)
    }

    init(parsing bytes: [UInt8]) throws(CredentialFiles.Problem) {
        guard var text = String(validating: bytes, as: UTF8.self) else { throw .unreadable("is not UTF-8") }
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        var malformed: [Int] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isLineEnd)
            .enumerated()
        {
            let line = line.trimmingWhitespace()
            if line.isEmpty || line.hasPrefix("#") { continue }
            if let equals = line.firstIndex(of: "="),
                let name = Self.name(line[..<equals]), !line.utf8.contains(0)
            {
                settings[name] = line[line.index(after: equals)...].trimmingWhitespace()
            } else {
                malformed.append(index + 1)
            }
        }
        guard malformed.isEmpty else { throw .unreadable(Self.complaint(malformed)) }
    }

    /// Names the lines but does not quote them: they can hold secrets.
    private static func complaint(_ lines: [Int]) -> String {
        let shown = lines.prefix(maxShownLines).map(String.init).joined(separator: ", ")
        let more = lines.count > maxShownLines ? " and \(lines.count - maxShownLines) more" : ""
        return
            "is malformed in line \(shown)\(more): each line is NAME=value, a comment that begins with #, or blank"
    }

    private static let maxShownLines = 10

    /// What a shell takes as a variable's name. Nil for anything else.
    private static func name(_ text: Substring) -> String? {
        let name = text.trimmingWhitespace()
        guard let first = name.utf8.first, !(0x30...0x39 ~= first) else { return nil }
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isPlain ? name : nil
    }

    private func settings(completing environment: [String: String]) -> [String: String] {
        let reader = EnvironmentReader(environment)
        let added = settings.filter { name, _ in
            guard reader.text(name) == nil else { return false }
            // These count in either letter case.
            return !name.uppercased().hasSuffix("_PROXY")
                || reader.text(name.uppercased(), name.lowercased()) == nil
        }
        return environment.merging(added) { $1 }
    }
}
