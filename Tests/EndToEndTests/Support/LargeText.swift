import Scheduling

/// Text of any length, made by a seed: as a connector writes it into a JSON string, and as the platform gets it.
struct LargeText {
    var written: [UInt8] = []
    var delivered: [UInt8] = []

    init() {}

    init(_ text: String) {
        append(text)
    }

    /// - Parameter damaged: whether some of it is no UTF-8, and some surrogates have no partner.
    init(bytes: Int, damaged: Bool, using random: inout SplitMix64) {
        let passages = damaged ? Self.damagedPassages : Self.soundPassages
        while written.count < bytes { append(passages[Int(random.next() % UInt64(passages.count))]) }
    }

    /// Padding, and something that must not be cut, a part of which lies beyond the first `room` bytes.
    ///
    /// - Parameter number: picks what it is, and how much of it lies beyond.
    init(across room: Int, number: Int, damaged: Bool) {
        let fragments = (damaged ? Self.broken : Self.sound).filter { $0.written.count > 1 }
        let fragment = fragments[number % fragments.count]
        let inside = 1 + (number / fragments.count + number) % (fragment.written.count - 1)
        let padding = [UInt8](repeating: UInt8(ascii: "x"), count: max(0, room - inside))
        written = padding + fragment.written
        delivered = padding + fragment.delivered
    }

    mutating func append(_ text: String) {
        written += text.utf8
        delivered += text.utf8
    }

    mutating func append(_ text: LargeText) {
        written += text.written
        delivered += text.delivered
    }

    /// What is passed on as it stands.
    private static let sound = [
        "The host, its port and its name. ", "é", "漢字", "😀", #"\u00e9"#, #"\n\t\"\/\\"#, #"\ud83d\ude00"#,
        #"\\ud800 "#, #"\\\\"#, "{}[],:", "0123456789", "\u{7f}", #"\u0000"#,
    ].map(LargeText.init)

    /// What is repaired: each longest part of a character, a surrogate that was encoded as one, any other byte that
    /// belongs nowhere, and an escaped surrogate without its other half.
    private static let broken: [LargeText] = [
        LargeText([0xFF], "\u{FFFD}"), LargeText([0xE2, 0x82, 0x20], "\u{FFFD} "),
        LargeText([0xF0, 0x9F, 0x98, 0x2D], "\u{FFFD}-"), LargeText([0xED, 0xA0, 0x80], "\u{FFFD}"),
        LargeText(Array(#"\ud800 "#.utf8), #"\u003f "#), LargeText(Array(#"\uDC00."#.utf8), #"\u003f."#),
        LargeText(Array(#"\uD83D\n"#.utf8), #"\u003f\n"#),
        LargeText(Array(#"\ud83d\ud83d\ude00"#.utf8), #"\u003f\ud83d\ude00"#),
    ]

    private init(_ written: [UInt8], _ delivered: String) {
        self.written = written
        self.delivered = Array(delivered.utf8)
    }

    private static let soundPassages = passages(of: sound)
    private static let damagedPassages = passages(of: sound + sound + broken)

    /// Of different lengths, so that they do not come to lie in the same places of a file's blocks.
    private static func passages(of fragments: [LargeText]) -> [LargeText] {
        var random = SplitMix64(seed: 0)
        return (1...40).map { length in
            var passage = LargeText()
            for _ in 0..<length * 3 {
                passage.append(fragments[Int(random.next() % UInt64(fragments.count))])
            }
            return passage
        }
    }
}

/// A specification that is too long to be held.
struct LargeSpec {
    /// The message, a line without its end.
    let line: [UInt8]
    /// The specification's text as the platform gets it.
    let delivered: [UInt8]

    private static let start = Array(#"{"type":"SPEC","spec":"#.utf8)
    /// The program reads a line again in blocks of so many bytes: there is something on each boundary.
    private static let block = 128 * 1_024
    /// Nearer to a boundary than the longest text of a property.
    private static let nearly = 30_000

    init(bytes: Int, damaged: Bool = true, seed: UInt64 = 1) {
        var random = SplitMix64(seed: seed)
        var spec = LargeText(
            #"{"documentationUrl": "https://example.com/",  "connectionSpecification":{"properties":{"#
        )
        var number = 0
        while spec.written.count < bytes {
            spec.append(number == 0 ? "" : ",")
            spec.append(#""p\#(number)": {"maximum":12345678901234567890.50, "description":""#)
            let room = Self.block - (Self.start.count + spec.written.count) % Self.block
            spec.append(
                room < Self.nearly
                    ? LargeText(across: room, number: number, damaged: damaged)
                    : LargeText(bytes: Int(random.next() % 20_000), damaged: damaged, using: &random)
            )
            spec.append(#"","default":[ 1e400,-0.0,null ]}"#)
            number += 1
        }
        spec.append(#"}},"supportsIncremental":true}"#)
        line = Self.start + spec.written + Array("}".utf8)
        delivered = spec.delivered
    }
}
