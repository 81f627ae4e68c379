import Text

extension Screen {
    /// Shows a document, indented.
    ///
    /// - Parameter maxLines: where the document is cut.
    func show(_ content: PlannedCall.Content, maxLines: Int = .max) throws(Failure) {
        switch content {
        case .json(let bytes):
            let text = JSONLayout(margin: "    ").text(bytes.escapingDisturbancesInJSON)
            let lines = text.split(separator: UInt8(ascii: "\n"), maxSplits: maxLines)
            guard lines.count > maxLines else {
                try write(text)
                return try line()
            }
            for shown in lines.prefix(maxLines) { try line(String(decoding: shown, as: UTF8.self)) }
            try line(style.paint("    … (cut after \(maxLines) lines; --json prints all)", .faint))
        case .text(let text): try line("    \(text.escapingControlCharacters())")
        case .omitted(let reason): try line("    \(style.paint("not shown: \(reason)", .faint))")
        }
    }
}
