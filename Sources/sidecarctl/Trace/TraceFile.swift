import AirbyteProtocol
import Reactor

/// Reads a trace line by line. Nothing but the line at hand is held.
struct TraceFile {
    let path: String

    /// A longer line is none of a trace, in bytes.
    private static let maxLineLength = 64 * 1_024

    /// A line and when it was written, in microseconds since the first.
    struct Entry {
        var time: Int
        var event: TraceLine.Event
    }

    /// Hands out the lines in order, and returns how many were none of a trace. Throws where none was.
    ///
    /// `-` is standard input.
    func forEach(_ body: (Entry) throws(Failure) -> Void) throws(Failure) -> Int {
        var framer = LineFramer(maxHeldLineLength: Self.maxLineLength)
        var clock = TraceClock()
        var skipped = 0
        var firstSkipped: Int?
        var number = 0
        var failure: Failure?
        var isEmpty = true
        let take = { (line: RawSpan, part: LineFramer.Part, _: UInt64) in
            guard part != .more, failure == nil else { return }
            number += 1
            let text = unsafe line.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
            guard part == .whole, let line = TraceLine(text) else {
                skipped += 1
                firstSkipped = firstSkipped ?? number
                return
            }
            isEmpty = false
            do throws(Failure) {
                try body(Entry(time: clock.elapsed(at: line.time), event: line.event))
            } catch {
                failure = error
            }
        }
        do throws(SystemError) {
            var input = try NamedInput(path)
            while failure == nil, let piece = try input.next() {
                unsafe framer.append(piece.span.bytes, take)
            }
        } catch {
            throw Failure(Exit.noInput, "\(path) cannot be read: \(error). Name the file of a trace.")
        }
        if let failure { throw failure }
        framer.finish(take)
        if let failure { throw failure }
        guard !isEmpty else {
            let place = firstSkipped.map { "line \($0) is no line of a trace" } ?? "it is empty"
            throw Failure(Exit.data, "\(path): \(place). SIDECAR_TRACE=FILE makes the sidecar write one.")
        }
        return skipped
    }
}

/// Turns times of day into times since the first. A trace can go on past midnight.
struct TraceClock {
    private static let day = 86_400_000_000
    private var first: Int?
    private var last = 0
    private var days = 0

    mutating func elapsed(at time: Int) -> Int {
        // A clock that was set back a little is not a new day.
        if first != nil, last - time > Self.day / 2 { days += 1 }
        last = time
        let start = first ?? time
        first = start
        return days * Self.day + time - start
    }
}
