import BenchHarness
import Foundation

/// A connector's output that is nearly all log lines, with a CHECK's result before the last one.
enum LogFlood {
    /// What stands around the text of a LOG message, and a text that tells the lines apart.
    static let shortestLine = 90

    /// In the last line only.
    static let lastText = "this line is the last"

    static func write(_ kind: Logs.Kind, lines: Int, length: Int, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw HarnessError("\(path) cannot be made") }
        defer { try? file.close() }
        var block: [UInt8] = []
        for number in 1..<max(2, lines) {
            append(kind, "page \(number)", length, to: &block)
            if block.count >= 1 << 20 {
                try file.write(contentsOf: block)
                block.removeAll(keepingCapacity: true)
            }
        }
        block += Array(Job(operation: .check).shortestResult.utf8)
        append(kind, lastText, length, to: &block)
        try file.write(contentsOf: block)
    }

    private static func append(_ kind: Logs.Kind, _ text: String, _ length: Int, to block: inout [UInt8]) {
        let start = block.count
        let tail: String
        switch kind {
        case .plain:
            tail = "\n"
        case .log:
            block.append(contentsOf: #"{"type":"LOG","log":{"level":"INFO","message":""#.utf8)
            tail = "\"}}\n"
        }
        block.append(contentsOf: text.utf8)
        let padding = length - (block.count - start) - tail.utf8.count
        if padding > 0 { block.append(contentsOf: repeatElement(UInt8(ascii: "."), count: padding)) }
        block.append(contentsOf: tail.utf8)
    }
}
