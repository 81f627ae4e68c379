import Scheduling
import Text

/// For people: `2026-11-24 05:22:24.123 INFO  source > message`, in UTC.
///
/// Further lines of a message are indented, so that no connector can make up a line that looks like another
/// event; its control characters are spelled out, so that it cannot play with the reader's terminal.
struct TextLogFormatter: LogFormatter {
    /// Stands in front of each message where the process has several workloads.
    var workloadID: String?
    /// The time of the last event, and what stands before the messages of that time: of many lines, most have the same.
    private var time: Int64?
    private var heads = EventTexts()

    init(workloadID: String? = nil) {
        self.workloadID = workloadID
    }

    mutating func format(_ event: JobLogEvent, _ message: Span<UInt8>, into output: inout [UInt8]) {
        if event.timestamp != time {
            time = event.timestamp
            heads.removeAll()
        }
        let workloadID = workloadID
        output += heads.text(of: event) { Self.head(of: event, workloadID) }
        if message.isPlainLine {
            // Nearly every line, and a flood of them must cost little.
            output.append(message)
        } else {
            output.append(lines: message, indent: "    ")
        }
        output.append(UInt8(ascii: "\n"))
    }

    private static func head(of event: JobLogEvent, _ workloadID: String?) -> [UInt8] {
        var head: [UInt8] = []
        CalendarTime(millisecondsSince1970: event.timestamp).append(to: &head)
        head.append(UInt8(ascii: " "))
        let level = event.level.platformName.utf8
        head.append(contentsOf: level)
        for _ in 0...max(0, 5 - level.count) { head.append(UInt8(ascii: " ")) }
        head.append(contentsOf: event.source.rawValue.utf8)
        head.append(contentsOf: " > ".utf8)
        if let workloadID { head.append(contentsOf: "[\(workloadID.escapingControlCharacters())] ".utf8) }
        return head
    }
}
