/// The vocabulary of synthetic outputs, as it stands in a JSON string: with escapes where JSON demands them, and where
/// connectors write them although it does not.
enum Words {
    /// What columns and streams are called.
    static let names: [Text] = [
        "account", "address", "amount", "billing", "campaign", "category", "channel", "city", "company",
        "contact",
        "country", "currency", "customer", "description", "discount", "email", "external_id", "invoice",
        "label",
        "latitude", "line_items", "metadata", "name", "order", "owner", "payment", "phone", "price",
        "product",
        "quantity", "region", "shipping", "source", "state", "status", "subscription", "tax", "team", "total",
        "url", "user", "variant", "vendor", "warehouse", "größe", "prénom", "straße", "名前", "注文", "имя",
        "\\u00e9l\\u00e9ment", "say \\\"hi\\\"", "path\\\\to", "a\\/b", "🚀_launch", "\\ud83d\\ude80_escaped",
    ]

    /// What descriptions and log lines are made of. Nothing here says `key`, `token` and the like next to a colon:
    /// how much is masked is not what a flood should depend on.
    static let prose: [Text] = [
        "the", "a", "of", "reading", "records", "from", "stream", "page", "next", "offset", "has", "been",
        "written",
        "request", "response", "with", "status", "rows", "in", "batch", "for", "table", "schema", "was",
        "not",
        "found", "retrying", "after", "seconds", "cursor", "advanced", "to", "value", "slice", "partition",
        "connection", "opened", "closed", "column", "type", "is", "inferred", "as", "string", "number",
        "total",
        "elapsed", "millis", "queue", "worker", "memory", "heap", "used", "free", "completed", "started",
        "sync",
        "discover", "check", "source", "limit", "reached", "waiting", "done",
    ]

    /// Words that need more care than ASCII does; mixed into prose now and then.
    static let foreign: [Text] = [
        "größer", "déjà", "日本語", "данные", "→", "🚀", "\\u00fc", "\\\"quoted\\\"", "tab\\there", "C:\\\\temp",
        "\\ud83d\\ude80", "a\\/b",
    ]

    private static let longest = (prose + foreign).map(\.count).max() ?? 0

    /// Appends words and, so that the length is met exactly, dots.
    ///
    /// - Parameter escaped: whether words may stand there that are right only within a JSON string.
    static func appendProse(
        _ length: Int,
        escaped: Bool,
        to buffer: inout [UInt8],
        _ random: inout SeededGenerator
    ) {
        let end = buffer.count + max(0, length)
        var bits: UInt64 = 0
        while end - buffer.count > longest {
            // Ten words out of one number: six bits each.
            if bits == 0 { bits = random.next() | 1 << 60 }
            if escaped, bits & 0xFFF == 0xABC {
                buffer.append(random.pick(foreign))
            } else {
                buffer.append(prose[Int(bits & 63)])
            }
            buffer.append(UInt8(ascii: " "))
            bits >>= 6
            if bits == 1 { bits = 0 }
        }
        buffer.append(contentsOf: repeatElement(UInt8(ascii: "."), count: max(0, end - buffer.count)))
    }
}
