@testable import AirbyteProtocol

/// A trace that is read leniently says what the whole one says, or less: of one that is cut, no text is told in part.
enum LenientTraceFuzzer {
    static func check(
        _ input: [UInt8],
        read: ([UInt8]) -> ErrorTrace? = { BrokenTrace.read($0.span.bytes) }
    ) throws {
        _ = read(input)
        var input = FuzzInput(input)
        let cut = input.choice() << 8 | input.choice()
        let time = Int64(input.choice()) << Int64(input.choice() % 48)
        let members = ["message", "internal_message", "stack_trace"].map { ($0, input.text(upTo: 0)) }
        var line = JSONWriter()
        line.beginObject()
        line.member("type", "TRACE")
        line.key("trace")
        line.beginObject()
        line.member("type", "ERROR")
        line.member("emitted_at", time)
        line.key("error")
        line.beginObject()
        for (name, text) in members { line.member(name, text) }
        line.member("failure_type", "config_error")
        line.endObject()
        line.endObject()
        line.endObject()

        let trace = ErrorTrace(
            message: members[0].1,
            internalMessage: members[1].1,
            stackTrace: members[2].1,
            failureType: .configError,
            emittedAt: time
        )
        let decoded = MessageDecoder().decode(line.bytes)
        try require(decoded == .message(.errorTrace(trace)), "a trace was decoded as \(decoded)")
        guard line.bytes.count <= BrokenTrace.maxLength else { return }
        try require(
            read(line.bytes) == (trace.lacksDetails ? nil : trace),
            "a whole trace reads otherwise: \(String(describing: read(line.bytes)))"
        )
        let kept = Array(line.bytes.prefix(cut % (line.bytes.count + 1)))
        guard let found = read(kept) else { return }
        for (text, whole) in zip(
            [found.message, found.internalMessage, found.stackTrace],
            [trace.message, trace.internalMessage, trace.stackTrace]
        ) {
            try require(text == nil || text == whole, "a text of a trace that was cut is told in part")
        }
    }
}
