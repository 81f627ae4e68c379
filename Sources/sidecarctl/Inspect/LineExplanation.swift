import AirbyteProtocol
import Sidecar
import Workload

/// Why a line is no message, or does not count, for people.
struct LineExplanation {
    var line: Int
    /// Of the byte in the output where it was noticed; else where the line begins.
    var offset: UInt64
    /// Where the line begins.
    var start: UInt64
    var problem: String
    /// The line's beginning, with secrets hidden; nil where it is not to be shown.
    var excerpt: String?

    /// The most characters of a line that are shown.
    private static let maxExcerpt = 120

    /// Reads the line again. A line that cannot be read any more is explained without its text.
    init(_ finding: LineFindings.Finding, in file: any WorkspaceFile, _ mask: SecretMask) {
        line = finding.position.number
        start = finding.position.offset
        offset = start
        let text = Line(at: start, in: file)
        switch finding.reason {
        case .incomplete(let message): problem = message.description
        case .behindText:
            problem = "a message stands behind text: it counts only if no other line brings a proper one"
        case .record, .malformed:
            let diagnosis = text.diagnosis
            problem = mask.shown(diagnosis?.problem ?? "what follows the message on its line is none")
            offset += UInt64(diagnosis?.offset ?? 0)
        }
        if case .record = finding.reason {
            problem += "; not shown, since it may be a record"
        } else if let held = text.held {
            excerpt = mask.shown(String(decoding: held, as: UTF8.self)).shortened(to: Self.maxExcerpt)
        }
    }
}

/// One line of a file.
private struct Line {
    /// All of it; nil where it is too long.
    var held: [UInt8]?
    var diagnosis: LineDiagnosis?

    init(at start: UInt64, in file: any WorkspaceFile) {
        let limit = LineFramer.maxHeldLineLength
        guard let bytes = try? file.bytes(at: start, count: limit + 1) else { return }
        if let end = bytes.firstIndex(where: Self.isEnd) ?? (bytes.count <= limit ? bytes.count : nil) {
            let line = Array(bytes[..<end])
            held = line
            diagnosis = LineDiagnosis(of: line)
        } else {
            diagnosis = Self.diagnosis(ofLineAt: start, in: file)
        }
    }

    private static func isEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }

    private static func diagnosis(ofLineAt start: UInt64, in file: any WorkspaceFile) -> LineDiagnosis? {
        var long = LongLineDiagnosis()
        var offset = start
        while let bytes = try? file.bytes(at: offset, count: 256 * 1_024), !bytes.isEmpty {
            let end = bytes.firstIndex(where: isEnd) ?? bytes.count
            unsafe long.append(bytes.span.bytes.extracting(first: end))
            if end < bytes.count { break }
            offset += UInt64(bytes.count)
        }
        return long.finish()
    }
}
