/// One line of a loop's trace, see `TraceSink` in the reactor.
struct TraceLine: Equatable {
    /// What happened.
    enum Event: Equatable {
        /// The loop has entered the kernel, and waited there or not. The count is what the call returned: of events for epoll,
        /// of operations that were handed over for io_uring.
        case entered(call: String, waited: Bool, count: Int)
        case submitted(Operation, detail: String)
        case completed(Operation, result: String)
        case cancelled(Operation)
        /// A read that was over when it began, without the loop.
        case readAtOnce(source: String, descriptor: Int, detail: String, result: String)
        /// The alarm was set, or switched off.
        case timer(detail: String)
        /// A note of the sink: lines that are missing.
        case note(String)
    }

    /// A poll or a read.
    struct Operation: Equatable {
        /// `poll_add`, `read`; empty for one that is cancelled.
        var name: String
        /// What the descriptor is for: `timer`, `http`, `jobOutput.json`.
        var source: String
        var descriptor: Int
        var serial: Int
    }

    /// Microseconds since midnight (UTC).
    var time: Int
    var event: Event

    /// Nil where it is no line of a trace.
    init?(_ line: String) {
        let parts = line.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let time = Self.time(parts[0]), let event = Self.event(parts[1]) else {
            return nil
        }
        self.time = time
        self.event = event
    }

    /// `05:47:01.000123`.
    private static func time(_ text: Substring) -> Int? {
        let parts = text.split(whereSeparator: { $0 == ":" || $0 == "." }).map { Int($0) }
        guard text.utf8.count == 15, parts.count == 4, let hours = parts[0], let minutes = parts[1],
            let seconds = parts[2], let micros = parts[3], hours < 24, minutes < 60, seconds < 60
        else { return nil }
        return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros
    }

    private static func event(_ text: Substring) -> Event? {
        if text.contains("lines of the trace were dropped") || text.hasPrefix("io_uring: ") {
            return .note(String(text))
        }
        if text.hasPrefix("cancel #") { return cancelled(text.dropFirst(8)) }
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")") else { return nil }
        // An error's name is followed by its meaning in parentheses: the call's own end before " = ".
        let end = text.firstRange(of: ") ")?.lowerBound ?? close
        guard open < end else { return nil }
        let call = String(text[..<open])
        let arguments = text[text.index(after: open)..<end].split(separator: ", ").map(String.init)
        let rest = text[text.index(after: end)...].drop { $0 == " " }
        switch call {
        case "io_uring_enter", "epoll_wait": return entered(call, arguments, rest)
        case "timerfd_settime":
            return arguments.count > 1 ? .timer(detail: arguments[1]) : nil
        case "poll_add", "read": return operation(call, arguments, rest)
        case "pread": return readAtOnce(arguments, rest)
        default: return nil
        }
    }

    private static func readAtOnce(_ arguments: [String], _ rest: Substring) -> Event? {
        guard let first = arguments.first, let (descriptor, source) = named(first[...]), rest.hasPrefix("= ")
        else {
            return nil
        }
        return .readAtOnce(
            source: source,
            descriptor: descriptor,
            detail: arguments.dropFirst().joined(separator: ", "),
            result: String(rest.dropFirst(2))
        )
    }

    /// `#4 (12<timer>)`, without its beginning.
    private static func cancelled(_ text: Substring) -> Event? {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let serial = Int(parts[0]),
            let (descriptor, source) = named(parts[1].dropFirst().dropLast())
        else { return nil }
        return .cancelled(Operation(name: "", source: source, descriptor: descriptor, serial: serial))
    }

    private static func entered(_ call: String, _ arguments: [String], _ rest: Substring) -> Event? {
        guard rest.hasPrefix("= ") else { return nil }
        let result = rest.dropFirst(2).prefix { $0 != " " }
        guard let count = Int(result) else { return nil }
        // Either driver looks for what is there without waiting, too.
        let waited = call == "epoll_wait" ? arguments.last != "timeout=0" : arguments.last != "min_complete=0"
        return .entered(call: call, waited: waited, count: count)
    }

    private static func operation(_ call: String, _ arguments: [String], _ rest: Substring) -> Event? {
        guard let first = arguments.first, let (descriptor, source) = named(first[...]), rest.hasPrefix("#")
        else {
            return nil
        }
        let parts = rest.dropFirst().split(separator: " ", maxSplits: 2).map(String.init)
        guard let serial = parts.first.flatMap({ Int($0) }) else { return nil }
        let operation = Operation(name: call, source: source, descriptor: descriptor, serial: serial)
        if parts.count == 1 {
            return .submitted(operation, detail: arguments.dropFirst().joined(separator: ", "))
        }
        guard parts.count == 3, parts[1] == "=" else { return nil }
        return .completed(operation, result: parts[2])
    }

    /// `12<timer>`.
    private static func named(_ text: Substring) -> (descriptor: Int, source: String)? {
        guard let open = text.firstIndex(of: "<"), text.last == ">", let descriptor = Int(text[..<open])
        else {
            return nil
        }
        return (descriptor, String(text[text.index(after: open)...].dropLast()))
    }
}
