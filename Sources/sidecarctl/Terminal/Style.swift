import Text

/// Colours and weights (ECMA-48, SGR), or none.
struct Style {
    enum Look: String {
        case strong = "1"
        case faint = "2"
        case good = "32"
        case bad = "31"
        case warning = "33"
        case accent = "36"
    }

    let isOn: Bool

    /// https://no-color.org: any value but an empty one.
    static func isWanted(_ environment: [String: String]) -> Bool {
        environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    func paint(_ text: String, _ look: Look) -> String {
        isOn ? "\u{1B}[\(look.rawValue)m\(text)\u{1B}[0m" : text
    }

    func heading(_ text: String) -> String { paint(text, .strong) }
}

extension String {
    /// The text with blanks up to a width, in characters.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    func paddedLeft(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }

    /// The beginning of a text for one line, with what disturbs a terminal spelled out.
    func shortened(to limit: Int) -> String {
        let beginning = prefix(limit + 1).escapingControlCharacters()
        return beginning.count > limit ? beginning.prefix(limit) + "…" : beginning
    }
}

/// `1 line`, `2 lines`.
func counted(_ count: Int, _ unit: String) -> String { "\(count) \(unit)\(count == 1 ? "" : "s")" }
