import Glibc

/// `LOG` messages as connectors' libraries write nearly all of them, read without a JSON parser:
/// `{"type":"LOG","log":{"level":"INFO","message":"…"}}`, where nothing in the message is escaped.
///
/// A shortcut for floods of log, ten times as fast as the parser. It says nothing that the parser would not say.
enum PlainLogLine {
    private static let head: StaticString = #"{"type":"LOG","log":{"level":""#
    private static let middle: StaticString = #"","message":""#
    private static let tail: StaticString = #""}}"#

    private static let levels: [(name: StaticString, level: LogLevel)] = [
        ("INFO", .info), ("DEBUG", .debug), ("WARN", .warn), ("ERROR", .error), ("TRACE", .trace),
        ("FATAL", .fatal),
    ]

    /// The message; nil where the line is anything else, which may be the same message in another form.
    static func log(_ line: RawSpan) -> ConnectorLog? {
        unsafe line.withUnsafeBytes { line in
            var position = 0
            guard unsafe skip(head, in: line, &position) else { return nil }
            for (name, level) in levels where unsafe skip(name, in: line, &position) {
                guard unsafe skip(middle, in: line, &position) else { return nil }
                var end = line.count - tail.utf8CodeUnitCount
                guard position <= end else { return nil }
                let message = unsafe UnsafeRawBufferPointer(rebasing: line[position..<end])
                guard unsafe skip(tail, in: line, &end),
                    unsafe EscapeFinder.first(in: message.bytes) == message.count,
                    unsafe UTF8Repair.isValid(message.bytes)
                else {
                    return nil
                }
                return unsafe ConnectorLog(level: level, message: String(decoding: message, as: UTF8.self))
            }
            return nil
        }
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
