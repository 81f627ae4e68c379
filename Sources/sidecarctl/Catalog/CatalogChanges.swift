/// What is different in the second of two catalogs. It holds names and types of both, and nothing else of them.
struct CatalogChanges {
    /// A stream that both have, and its differences in lines.
    struct Changed {
        var stream: StreamSummary.Key
        var title: String
        var differences: [Difference]
    }

    struct Difference: Equatable {
        enum Kind: String {
            case added, removed, changed
        }

        var kind: Kind
        /// `column`, `primary key`, `cursor`, `sync modes`, `schema`.
        var what: String
        /// Of a column.
        var name: String?
        var old: String?
        var new: String?
    }

    private(set) var added: [StreamSummary] = []
    private(set) var removed: [StreamSummary] = []
    private(set) var changed: [Changed] = []

    var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }

    init(from old: [StreamSummary], to new: [StreamSummary]) {
        // Of two streams of one name, the first counts; the warnings tell of the other.
        let before = Dictionary(old.map { ($0.key, $0) }) { first, _ in first }
        let after = Dictionary(new.map { ($0.key, $0) }) { first, _ in first }
        removed = old.filter { after[$0.key] == nil }
        added = new.filter { before[$0.key] == nil }
        var seen: Set<StreamSummary.Key> = []
        for stream in new where seen.insert(stream.key).inserted {
            guard let previous = before[stream.key] else { continue }
            let differences = Self.differences(previous, stream)
            guard !differences.isEmpty else { continue }
            changed.append(Changed(stream: stream.key, title: stream.title, differences: differences))
        }
    }

    private static func differences(_ old: StreamSummary, _ new: StreamSummary) -> [Difference] {
        var list: [Difference] = []
        func compare(_ what: String, _ before: String?, _ after: String?) {
            guard before != after else { return }
            let kind: Difference.Kind = before == nil ? .added : after == nil ? .removed : .changed
            list.append(Difference(kind: kind, what: what, old: before, new: after))
        }
        compare("sync modes", old.syncModes.joinedOrNil, new.syncModes.joinedOrNil)
        compare("primary key", old.primaryKey.joinedOrNil, new.primaryKey.joinedOrNil)
        compare("cursor", old.cursorText, new.cursorText)
        compare("schema", old.missingColumns, new.missingColumns)
        if old.missingColumns == nil, new.missingColumns == nil { list += columns(old.columns, new.columns) }
        return list
    }

    private static func columns(
        _ old: [StreamSummary.Column],
        _ new: [StreamSummary.Column]
    ) -> [Difference] {
        let before = Dictionary(old.map { ($0.name, $0.type) }) { first, _ in first }
        let after = Dictionary(new.map { ($0.name, $0.type) }) { first, _ in first }
        var list: [Difference] = []
        for column in old where after[column.name] == nil {
            list.append(Difference(kind: .removed, what: "column", name: column.name, old: column.type))
        }
        for column in new {
            guard let type = before[column.name] else {
                list.append(Difference(kind: .added, what: "column", name: column.name, new: column.type))
                continue
            }
            guard type != column.type else { continue }
            list.append(
                Difference(kind: .changed, what: "column", name: column.name, old: type, new: column.type)
            )
        }
        return list
    }
}

extension [String] {
    var joinedOrNil: String? { isEmpty ? nil : joined(separator: ", ") }
}

extension StreamSummary {
    var cursorText: String? {
        guard let cursor else { return isCursorSourceDefined ? "defined by the source" : nil }
        return isCursorSourceDefined ? "\(cursor) (defined by the source)" : cursor
    }
}
