import Foundation

/// Programs that the report asks or hands work to.
enum Tool {
    /// What a program prints; nil where it is not there or fails.
    static func output(_ name: String, _ arguments: [String]) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
            let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return process.terminationStatus == 0 ? String(decoding: bytes, as: UTF8.self) : nil
        } catch {
            return nil
        }
    }

    static func firstLine(_ name: String, _ arguments: [String]) -> String? {
        output(name, arguments)?.split(separator: "\n").first.map(String.init)
    }
}
