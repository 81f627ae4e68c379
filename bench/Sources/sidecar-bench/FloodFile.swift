import BenchHarness
import Foundation
import SyntheticOutput

/// A connector's output that is nearly all log lines, with a CHECK's result before the last one.
enum FloodFile {
    /// In the last line only.
    static let lastText = "this line is the last"

    static func write(_ kind: Logs.Kind, lines: Int, length: Int, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw HarnessError("\(path) cannot be made") }
        defer { try? file.close() }
        let flood = LogFlood(lines: lines - 1, length: length, form: kind == .plain ? .plain : .message)
        try SyntheticOutput([.logs(flood)]).write(chunkSize: 1 << 20) { (chunk) throws(any Error) in
            try file.write(contentsOf: chunk.withUnsafeBytes { Data($0) })
        }
        let last =
            switch kind {
            case .plain: lastText
            case .log: #"{"type":"LOG","log":{"level":"INFO","message":"\#(lastText)"}}"#
            }
        try file.write(contentsOf: Data((Job(operation: .check).shortestResult + last + "\n").utf8))
    }
}
