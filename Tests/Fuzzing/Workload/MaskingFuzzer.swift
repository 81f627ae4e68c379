import AirbyteProtocol
import Text

@testable import Workload

/// No secret of a configuration survives in a text, in any form in which programs write it: whole, cut with a mark or
/// without, and in a log line that is read in any pieces.
enum MaskingFuzzer {
    /// Hides the secrets of a configuration in a text.
    typealias Mask = (_ text: String) -> String

    static func check(
        _ input: [UInt8],
        mask: (_ configuration: JSONValue) -> Mask = { SecretMask(configurations: [$0]).masked }
    ) throws {
        var input = FuzzInput(input)
        let choices = (
            form: input.choice(), cut: input.choice() << 8 | input.choice(), pieces: input.choice()
        )
        let secrets = (0..<2).map { _ in input.text(upTo: 0) }
        let (before, after) = (input.text(upTo: 0), input.text(upTo: 0))

        // What replaces a secret may not make up another one.
        guard secrets.allSatisfy({ !$0.contains("*") && $0.utf8.count <= 500 }) else { return }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("password", secrets[0])
        writer.member("api_key", secrets[1])
        writer.endObject()
        let masked = mask(try JSONDocument(parsing: writer.bytes).root)

        let forms = secrets.map { $0.trimmingWhitespace() }
            .filter { $0.utf8.count >= SecretCollection.minValueLength }
            .flatMap { SecretForms.all(of: $0, minLength: SecretCollection.minValueLength) }
        guard !forms.isEmpty else { return }
        let form = forms[choices.form % forms.count]
        let text = before + String(decoding: form, as: UTF8.self) + after
        try requireNone(of: forms, in: masked(text), "a text")

        for message in try readInPieces(text, length: 1 + choices.pieces) {
            try requireNone(of: forms, in: masked(message), "a log message")
        }

        let short = text.cut(toUTF8: choices.cut % (text.utf8.count + 1))
        try requireNoBeginning(of: forms, in: Array(masked(short).utf8))

        let beginning = form.beginning(choices.cut % (form.count + 1))
        let isTelling = beginning.count(where: \.isTelling) >= 4
        let end = Array(masked(before + String(decoding: beginning, as: UTF8.self)).utf8)
        try require(
            !isTelling || !end.hasSuffix(beginning),
            "the beginning of a secret is shown at a text's end"
        )
    }

    private static func requireNone(of forms: [[UInt8]], in text: String, _ what: String) throws(Violation) {
        let text = Array(text.utf8)
        for form in forms {
            let isShown = ByteSearch.first(form, in: text, from: 0) != nil
            try require(
                !isShown,
                "a form of a secret is shown in \(what): \(String(decoding: form, as: UTF8.self))"
            )
        }
    }

    /// The messages of a log line that comes in pieces.
    private static func readInPieces(_ text: String, length: Int) throws -> [String] {
        var line = JSONWriter()
        line.beginObject()
        line.member("type", "LOG")
        line.key("log")
        line.beginObject()
        line.member("level", "INFO")
        line.member("message", text)
        line.endObject()
        line.endObject()
        var reader = TranscriptReader(digestSeed: 1)
        var events: [TranscriptEvent] = []
        for piece in line.bytes.pieces([length]) { events += reader.read(piece) }
        events += reader.finish()
        try require(events.count == 1, "\(events.count) events of a log line")
        return events.compactMap { if case .connectorLog(let log) = $0 { log.message } else { nil } }
    }

    /// Before no mark of a cut may stand what begins a secret.
    private static func requireNoBeginning(of forms: [[UInt8]], in text: [UInt8]) throws(Violation) {
        for cut in CutMark.cuts(in: text.span) {
            let shown = text[..<cut]
            for form in forms {
                for length in SecretCollection.minValueLength...form.count
                where length <= shown.count && shown.suffix(length).elementsEqual(form[..<length]) {
                    throw Violation(description: "the beginning of a secret is shown before a cut")
                }
            }
        }
    }
}

extension UInt8 {
    /// A letter, a digit, or a part of a character beyond ASCII.
    fileprivate var isTelling: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...: true
        default: false
        }
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ end: ArraySlice<UInt8>) -> Bool { suffix(end.count).elementsEqual(end) }
}
