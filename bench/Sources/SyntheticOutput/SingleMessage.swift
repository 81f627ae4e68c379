/// A message with one text of any length in it, written a stretch at a time.
struct SingleMessage: PieceGenerator {
    /// A text is written in stretches of this many bytes.
    private static let stretch = 32 * 1_024

    private let head: Text
    private let tail: Text
    private var random: SeededGenerator
    private var textLeft: Int
    private var hasBegun = false
    private var hasEnded = false

    private init(_ head: Text, textLength: Int, _ tail: Text, _ random: SeededGenerator) {
        self.head = head
        self.tail = tail
        self.random = random
        textLeft = max(0, textLength)
    }

    mutating func next(into buffer: inout [UInt8]) -> Bool {
        if !hasBegun {
            buffer.append(head)
            hasBegun = true
        } else if textLeft > 0 {
            let length = min(textLeft, Self.stretch)
            Words.appendProse(length, escaped: true, to: &buffer, &random)
            textLeft -= length
        } else if !hasEnded {
            buffer.append(tail)
            hasEnded = true
        } else {
            return false
        }
        return true
    }

    static func check(_ succeeded: Bool, _ messageLength: Int, _ random: SeededGenerator) -> SingleMessage {
        SingleMessage(
            "{\"type\":\"CONNECTION_STATUS\",\"connectionStatus\":{\"status\":\""
                + (succeeded ? "SUCCEEDED" : "FAILED") + "\",\"message\":\"",
            textLength: messageLength,
            "\"}}\n",
            random
        )
    }

    static func errorTrace(_ stackTraceLength: Int, _ random: SeededGenerator) -> SingleMessage {
        SingleMessage(
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1764000000000,"error":{"message":"it is broken","#
                + #""internal_message":"SyntheticError","failure_type":"system_error","stack_trace":""#,
            textLength: stackTraceLength,
            "\"}}}\n",
            random
        )
    }

    static func control(_ random: SeededGenerator) -> SingleMessage {
        SingleMessage(
            #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1764000000000.5,"#
                + #""connectorConfig":{"config":{"host":"db.example.com","port":5432,"note":""#,
            textLength: 40,
            "\"}}}}\n",
            random
        )
    }
}
