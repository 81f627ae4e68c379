import Glibc

/// `LOG` messages as connectors' libraries write nearly all of them, read without a JSON parser:
/// `{"type":"LOG","log":{"level":"INFO","message":"…"}}`, or the same as Python spaces it, where nothing in the message
/// is escaped.
///
/// A shortcut for floods of log, ten times as fast as the parser. It says nothing that the parser would not say.
enum PlainLogLine {
    /// What stands before the level, and between it and the message: as most libraries write it, and as Python does.
    private static let compactHead: StaticString = #"{"type":"LOG","log":{"level":""#
    private static let compactMiddle: StaticString = #"","message":""#
    private static let spacedHead: StaticString = #"{"type": "LOG", "log": {"level": ""#
    private static let spacedMiddle: StaticString = #"", "message": ""#
    private static let tail: StaticString = #""}}"#

    /// The message; nil where the line is anything else, which may be the same message in another form.
    static func log(_ line: RawSpan) -> ConnectorLog? {
        find(in: line).map { level, message in
            unsafe line.extracting(message).withUnsafeBytes {
                unsafe ConnectorLog(level: level, message: String(decoding: $0, as: UTF8.self))
            }
        }
    }

    /// The message's level, and where its text lies in the line.
    static func find(in line: RawSpan) -> (level: LogLevel, message: Range<Int>)? {
        unsafe line.withUnsafeBytes { line in
            var position = 0
            let isSpaced: Bool
            if unsafe skip(compactHead, in: line, &position) {
                isSpaced = false
            } else if unsafe skip(spacedHead, in: line, &position) {
                isSpaced = true
            } else {
                return nil
            }
            guard let level = unsafe level(in: line, &position),
                unsafe skip(isSpaced ? spacedMiddle : compactMiddle, in: line, &position),
                let message = unsafe message(in: line, from: position)
            else { return nil }
            return (level, message)
        }
    }

    /// Steps over the level.
    private static func level(in line: UnsafeRawBufferPointer, _ position: inout Int) -> LogLevel? {
        guard position < line.count else { return nil }
        let (name, level): (StaticString, LogLevel)
        switch unsafe line[position] {
        case UInt8(ascii: "I"): (name, level) = ("INFO", .info)
        case UInt8(ascii: "D"): (name, level) = ("DEBUG", .debug)
        case UInt8(ascii: "W"): (name, level) = ("WARN", .warn)
        case UInt8(ascii: "E"): (name, level) = ("ERROR", .error)
        case UInt8(ascii: "T"): (name, level) = ("TRACE", .trace)
        case UInt8(ascii: "F"): (name, level) = ("FATAL", .fatal)
        default: return nil
        }
        return unsafe skip(name, in: line, &position) ? level : nil
    }

    /// The text up to the line's end, where that is as it should be and nothing is escaped or has to be repaired.
    private static func message(in line: UnsafeRawBufferPointer, from start: Int) -> Range<Int>? {
        var end = line.count - tail.utf8CodeUnitCount
        guard start <= end else { return nil }
        let text = unsafe UnsafeRawBufferPointer(rebasing: line[start..<end])
        guard unsafe skip(tail, in: line, &end), unsafe EscapeFinder.first(in: text.bytes) == text.count,
            unsafe UTF8Repair.isValid(text.bytes)
        else { return nil }
        return start..<start + text.count
    }

    /// Steps over a text if it comes next.
    @inline(__always)
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
