import AirbyteProtocol

/// Our reader of JSON takes what another one takes, and reads the same; what is written again is the same value.
enum JSONFuzzer {
    static func check(
        _ text: [UInt8],
        parse: ([UInt8]) -> JSONValue? = { try? JSONDocument(parsing: $0).root }
    ) throws {
        let value = parse(text)
        let peer = JSONPeer.value(text)
        guard let value else {
            try require(peer == nil || JSONPeer.mayTakeMore(text), "Foundation takes what we refuse")
            return
        }
        try require(!text.contains(0), "a zero byte is taken")
        try require(value.isEquivalent(to: value), "a value is not equivalent to itself")
        let again = parse(Array(value.rawJSON))
        try require(again?.isEquivalent(to: value) == true, "a value differs from itself, read again")
        if let written = value.string {
            var writer = JSONWriter()
            writer.string(written)
            try require(parse(writer.bytes)?.string == written, "a string differs from itself, written again")
        }
        guard let peer else {
            try require(JSONPeer.mayTakeLess(text), "we take what Foundation refuses")
            return
        }
        // The two repair differently.
        guard String(validating: text, as: UTF8.self) != nil, !JSONPeer.mayTakeMore(text) else { return }
        try JSONPeer.compare(value, peer)
    }
}
