import CUtf8proc
import Text

/// Lines on a terminal that are redrawn in place, on its alternate screen: what it showed before comes back at the end, and no
/// change of its size leaves anything behind. The sequences are those of ECMA-48 and of xterm (modes 7 and 1049).
final class LiveScreen {
    /// Texts with their looks, one after the other.
    typealias Line = [(text: String, look: Style.Look?)]

    private let screen: Screen
    private var isShown = false

    init(screen: Screen) {
        self.screen = screen
    }

    /// Draws the lines in place of those before. What does not fit into the terminal is cut.
    func draw(_ lines: [Line]) throws(Failure) {
        let (columns, rows) = screen.size
        // The terminal does not wrap lines meanwhile: the width of some characters is a matter of taste.
        var text = (isShown ? "" : "\u{1B}[?1049h") + "\u{1B}[H\u{1B}[?7l"
        for (index, line) in lines.prefix(rows).enumerated() {
            if index > 0 { text += "\r\n" }
            text += painted(line, columns: columns - 1) + "\u{1B}[K"
        }
        text += "\u{1B}[J\u{1B}[?7h\u{1B}[H"
        isShown = true
        try screen.write(text.utf8)
    }

    /// Takes the lines away, and shows what was there before.
    func leave() throws(Failure) {
        guard isShown else { return }
        isShown = false
        // Erased first, for a terminal that has one screen only.
        try screen.write("\u{1B}[H\u{1B}[J\u{1B}[?1049l".utf8)
    }

    private func painted(_ line: Line, columns: Int) -> String {
        var left = max(0, columns)
        var painted = ""
        for (text, look) in line {
            let cut = text.escapingControlCharacters().cut(toColumns: left)
            left -= cut.columns
            painted += look.map { screen.style.paint(cut, $0) } ?? cut
        }
        return painted
    }
}

extension String {
    /// How many columns a terminal needs for it (Unicode Standard Annex #11).
    var columns: Int {
        unicodeScalars.reduce(0) { $0 + max(0, Int(utf8proc_charwidth(Int32($1.value)))) }
    }

    /// The text, or its beginning with an ellipsis where it needs more columns.
    func cut(toColumns limit: Int) -> String {
        guard columns > limit else { return self }
        guard limit > 0 else { return "" }
        var beginning = ""
        var used = 1
        for character in self {
            used += String(character).columns
            if used > limit { break }
            beginning.append(character)
        }
        return beginning + "…"
    }
}
