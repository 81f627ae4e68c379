/// Lays out compact JSON for people: a member or element a line, two blanks for each level.
struct JSONLayout {
    private let margin: String

    /// - Parameter margin: stands before each line.
    init(margin: String = "") {
        self.margin = margin
    }

    /// The lines of a valid JSON text; what disturbs a terminal in its texts is to be escaped already.
    func text(_ json: [UInt8]) -> [UInt8] {
        var out = Array(margin.utf8)
        var depth = 0
        var isInText = false
        var isEscaped = false
        for (index, byte) in json.enumerated() {
            if isInText {
                out.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isInText = true
                out.append(byte)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                out.append(byte)
                if !Self.isClosed(json, after: index) { newLine(depth, &out) }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if ![UInt8(ascii: "{"), UInt8(ascii: "[")].contains(out.last) { newLine(depth, &out) }
                out.append(byte)
            case UInt8(ascii: ","):
                out.append(byte)
                newLine(depth, &out)
            case UInt8(ascii: ":"):
                out += [byte, UInt8(ascii: " ")]
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
                break
            default:
                out.append(byte)
            }
        }
        return out
    }

    private func newLine(_ depth: Int, _ out: inout [UInt8]) {
        out.append(UInt8(ascii: "\n"))
        out += Array(margin.utf8)
        out += [UInt8](repeating: UInt8(ascii: " "), count: 2 * depth)
    }

    /// Whether nothing but white space stands before the closing bracket.
    private static func isClosed(_ json: [UInt8], after index: Int) -> Bool {
        let rest = json[(index + 1)...]
        let next = rest.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return next == UInt8(ascii: "}") || next == UInt8(ascii: "]")
    }
}
