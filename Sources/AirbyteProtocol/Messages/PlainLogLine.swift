import Glibc

/// `LOG` messages as connectors' libraries write nearly all of them, read without a JSON parser:
/// `{"type":"LOG","log":{"level":"INFO","message":"…"}}`, or the same as Python spaces it, where nothing in the message
/// is escaped.
///
/// A shortcut for floods of log, ten times as fast as the parser. It says nothing that the parser would not say.
enum PlainLogLine {
    /// What stands before the level, and between it and the message.
    private static let forms: [(head: StaticString, middle: StaticString)] = [
        (#"{"type":"LOG","log":{"level":""#, #"","message":""#),
        (#"{"type": "LOG", "log": {"level": ""#, #"", "message": ""#),
    ]
    private static let tail: StaticString = #""}}"#

    private static let levels: [(name: StaticString, level: LogLevel)] = [
        ("INFO", .info), ("DEBUG", .debug), ("WARN", .warn), ("ERROR", .error), ("TRACE", .trace),
        ("FATAL", .fatal),
    ]

    /// The message; nil where the line is anything else, which may be the same message in another form.
    static func log(_ line: RawSpan) -> ConnectorLog? {
        unsafe line.withUnsafeBytes { line in
            var position = 0
            for (head, middle) in forms where unsafe skip(head, in: line, &position) {
                for (name, level) in levels where unsafe skip(name, in: line, &position) {
                    guard unsafe skip(middle, in: line, &position),
                        let message = unsafe message(in: line, from: position)
                    else { return nil }
                    return ConnectorLog(level: level, message: message)
                }
            }
            return nil
        }
    }

    /// The text up to the line's end, where that is as it should be and nothing is escaped or has to be repaired.
    private static func message(in line: UnsafeRawBufferPointer, from start: Int) -> String? {
        var end = line.count - tail.utf8CodeUnitCount
        guard start <= end else { return nil }
        let text = unsafe UnsafeRawBufferPointer(rebasing: line[start..<end])
        guard unsafe skip(tail, in: line, &end), unsafe EscapeFinder.first(in: text.bytes) == text.count,
            unsafe UTF8Repair.isValid(text.bytes)
        else { return nil }
        return unsafe String(decoding: text, as: UTF8.self)
    }

    /// Steps over a text if it comes next.
    private static func skip(
        _ text: StaticString,
        in line: UnsafeRawBufferPointer,
        _ position: inout Int
    ) -> Bool {
        let count = text.utf8CodeUnitCount
        guard let base = line.baseAddress, count <= line.count - position,
            unsafe memcmp(base + position, text.utf8Start, count) == 0
        else { return false }
        position += count
        return true
    }
}
