import Scheduling
import Text

/// For people: `2026-11-24 05:22:24.123 INFO  source > message`, in UTC.
///
/// Further lines of a message are indented, so that no connector can make up a line that looks like another
/// event; its control characters are spelled out, so that it cannot play with the reader's terminal.
struct TextLogFormatter: LogFormatter {
    /// Stands in front of each message where the process has several workloads.
    var workloadID: String?
    /// The time of the last event, and how it is written: of many lines, most have the same.
    private var lastTime: (milliseconds: Int64, text: [UInt8])?

    init(workloadID: String? = nil) {
        self.workloadID = workloadID
    }

    mutating func format(_ event: JobLogEvent, into output: inout [UInt8]) {
        if lastTime?.milliseconds != event.timestamp {
            let time = CalendarTime(millisecondsSince1970: event.timestamp)
            lastTime = (event.timestamp, Array(time.text.utf8))
        }
        if let lastTime { output.append(contentsOf: lastTime.text) }
        output.append(UInt8(ascii: " "))
        let level = event.level.platformName
        output.append(contentsOf: level.utf8)
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: max(0, 5 - level.utf8.count) + 1))
        output.append(contentsOf: event.source.rawValue.utf8)
        output.append(contentsOf: " > ".utf8)
        if let workloadID { output.append(contentsOf: "[\(workloadID.escapingControlCharacters())] ".utf8) }
        if event.message.isPlainLine {
            // Nearly every line, and a flood of them must cost little.
            output.append(contentsOf: event.message.utf8)
        } else {
            output.append(lines: event.message, indent: "    ")
        }
        output.append(UInt8(ascii: "\n"))
    }
}
