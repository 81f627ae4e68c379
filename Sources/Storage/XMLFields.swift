import CExpat
import Text

/// The texts of an XML document's elements by name: as much as the short answers of storage services need, in which no
/// name means two things.
struct XMLFields {
    /// Longer texts, in bytes, and more elements than any such answer has; what is beyond is left out.
    private static let maxTextLength = 8_192
    private static let maxElements = 1_000

    private var texts: [String: String] = [:]

    /// Reads the document as far as it goes: of a malformed one, what stands before the fault. Namespaces are left out,
    /// and so are blanks before the document, which S3 sends while it has no answer yet.
    init(parsing document: [UInt8]) {
        let document = document.drop { [0x09, 0x0A, 0x0D, 0x20].contains($0) }
        guard let parser = unsafe XML_ParserCreate(nil) else { return }
        defer { unsafe XML_ParserFree(parser) }
        let reading = unsafe Reading(parser: parser)
        unsafe XML_SetUserData(parser, Unmanaged.passUnretained(reading).toOpaque())
        unsafe XML_SetElementHandler(
            parser,
            { user, name, _ in
                unsafe Reading.from(user).begin(unsafe name.map { unsafe String(cString: $0) } ?? "")
            },
            { user, _ in unsafe Reading.from(user).end() }
        )
        unsafe XML_SetCharacterDataHandler(parser) { user, text, count in
            unsafe Reading.from(user).add(UnsafeRawBufferPointer(start: text, count: Int(count)))
        }
        // Entities of the document's own can be made to grow without end; such answers have none.
        unsafe XML_SetDoctypeDeclHandler(
            parser,
            { user, _, _, _, _ in unsafe Reading.from(user).stop() },
            nil
        )
        _ = unsafe document.withUnsafeBytes { bytes in
            unsafe XML_Parse(
                parser,
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32(clamping: bytes.count),
                1
            )
        }
        texts = reading.texts
    }

    /// The text of the first element of that name, white space around it left out; nil where there is none.
    subscript(name: String) -> String? { texts[name] }

    /// The state of one reading, which expat hands to its handlers.
    @safe private final class Reading {
        private let parser: XML_Parser
        private var names: [String] = []
        private var text: [UInt8] = []
        private(set) var texts: [String: String] = [:]

        init(parser: XML_Parser) {
            unsafe self.parser = parser
        }

        static func from(_ user: UnsafeMutableRawPointer?) -> Reading {
            guard let user = unsafe user else { preconditionFailure("expat lost the reading") }
            return unsafe Unmanaged<Reading>.fromOpaque(user).takeUnretainedValue()
        }

        func begin(_ name: String) {
            names.append(name.split(separator: ":").last.map(String.init) ?? name)
            text = []
            if names.count + texts.count > maxElements { stop() }
        }

        func add(_ bytes: UnsafeRawBufferPointer) {
            // One more tells that there was more.
            let room = maxTextLength + 1 - text.count
            unsafe text.append(contentsOf: bytes.prefix(max(0, room)))
        }

        func end() {
            let name = names.removeLast()
            if texts[name] == nil {
                let isCut = text.count > maxTextLength
                let kept = String(decoding: text.beginning(maxTextLength), as: UTF8.self)
                texts[name] = kept.trimmingWhitespace() + (isCut ? CutMark.text : "")
            }
            text = []
        }

        func stop() {
            unsafe XML_StopParser(parser, XML_Bool(XML_FALSE))
        }
    }
}
