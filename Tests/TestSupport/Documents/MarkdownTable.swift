import Foundation

/// A table of one of the project's documents.
package struct MarkdownTable {
    package var columns: [String]
    package var rows: [[String]]

    package init(columns: [String], rows: [[String]]) {
        self.columns = columns
        self.rows = rows
    }

    /// The column's cells, from the top.
    package func cells(of column: String) -> [String] {
        guard let place = columns.firstIndex(of: column) else { return [] }
        return rows.map { place < $0.count ? $0[place] : "" }
    }

    /// All tables of a document.
    package static func all(in text: String) -> [MarkdownTable] {
        var tables: [MarkdownTable] = []
        var isWithin = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("|") else {
                isWithin = false
                continue
            }
            let cells = line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            if !isWithin {
                tables.append(MarkdownTable(columns: cells, rows: []))
                isWithin = true
            } else if !cells.allSatisfy({ $0.hasPrefix("---") }) {
                tables[tables.count - 1].rows.append(cells)
            }
        }
        return tables
    }
}

extension String {
    /// The pieces between backticks.
    package var codeSpans: [String] {
        let pieces = split(separator: "`", omittingEmptySubsequences: false)
        return pieces.indices.filter { $0 % 2 == 1 }.map { String(pieces[$0]) }
    }
}
