import Settings
import Text

@testable import Sidecar

/// A settings file: it reads as its lines say, and neither it nor the settings in it bring an error that shows a
/// credential or is more than one line.
enum SettingsFuzzer {
    static func check(
        _ bytes: [UInt8],
        parse: ([UInt8]) throws -> [String: String] = { try SettingsFile(parsing: $0).settings }
    ) throws {
        let expected = expectedSettings(bytes)
        guard let settings = try? parse(bytes) else {
            try require(expected == nil, "a file is refused")
            return
        }
        if bytes.allSatisfy({ $0 < 0x80 }) {
            try require(settings == expected, "a file's settings are \(settings.keys.sorted())")
        }
        var environment = settings
        if environment["WORKLOAD_API_HOST"] == nil { environment["WORKLOAD_API_HOST"] = "http://host" }
        let paths = PathProbe(isFolder: { _ in true }, readingProblem: { _ in nil })
        let lines: [String]
        do throws(ConfigurationError) {
            lines = try Configuration(environment: environment, paths: paths).warnings.map(\.description)
        } catch {
            lines = error.problems.map(\.description)
        }
        for line in lines {
            try require(line.isPlainLine, "an error is no line: \(line.debugDescription)")
            for name in ["DATAPLANE_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
                // Others may hold the same by chance, where it is short.
                guard let secret = settings[name], secret.utf8.count >= 16,
                    !settings.contains(where: { $0.key != name && $0.value.contains(secret) })
                else { continue }
                try require(!line.contains(secret), "an error shows \(name)")
            }
        }
    }

    /// Of a file in ASCII, read byte by byte; nil where it is malformed.
    private static func expectedSettings(_ bytes: [UInt8]) -> [String: String]? {
        guard bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
        func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
            let isBlank = { (byte: UInt8) in byte == 0x20 || 0x09...0x0D ~= byte }
            var text = text.drop(while: isBlank)
            while let last = text.last, isBlank(last) { text.removeLast() }
            return text
        }
        var settings: [String: String] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let line = trimmed(line)
            guard let first = line.first, first != UInt8(ascii: "#") else { continue }
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")), !line.contains(0) else { return nil }
            let name = String(decoding: trimmed(line[..<equals]), as: UTF8.self)
            guard name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil else { return nil }
            settings[name] = String(decoding: trimmed(line[(equals + 1)...]), as: UTF8.self)
        }
        return settings
    }
}
