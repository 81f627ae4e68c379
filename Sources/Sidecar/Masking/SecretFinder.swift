/// Tells whether any of some secrets stands in a text, without looking at every byte of it.
///
/// Wu and Manber, "A Fast Algorithm for Multi-Pattern Searching" (1994): two bytes at a time are looked up in a table that
/// says how far the next occurrence of any secret can begin at the earliest. The number of secrets hardly matters.
struct SecretFinder: Sendable {
    /// Pairs of bytes share an entry by chance; the fewer entries, the more of them do. 4 KiB stay in the cache.
    private static let entries = 4_096

    private let secrets: [[UInt8]]
    /// The length of the shortest secret: only so much of each is looked for in the first place.
    private let window: Int
    /// How far the window may go on when it ends with a pair of bytes; 0 where a secret may stand in it.
    private let shifts: [UInt8]

    /// - Parameter secrets: of two bytes at least.
    init(_ secrets: [[UInt8]]) {
        self.secrets = secrets
        window = min(secrets.map(\.count).min() ?? 0, Int(UInt8.max))
        precondition(secrets.isEmpty || window >= 2, "a secret of one byte cannot be told from text")
        var shifts = [UInt8](repeating: UInt8(max(0, window - 1)), count: Self.entries)
        for secret in secrets {
            for end in 1..<window {
                let entry = Self.entry(secret[end - 1], secret[end])
                shifts[entry] = min(shifts[entry], UInt8(window - 1 - end))
            }
        }
        self.shifts = shifts
    }

    /// Whether one of the secrets stands in the text.
    func findsAny(in text: Span<UInt8>) -> Bool {
        guard window > 0 else { return false }
        var end = window - 1
        while end < text.count {
            let shift = Int(shifts[Self.entry(text[end - 1], text[end])])
            if shift == 0, isSecret(at: end + 1 - window, in: text) { return true }
            end += max(shift, 1)
        }
        return false
    }

    private func isSecret(at start: Int, in text: Span<UInt8>) -> Bool {
        secrets.contains { secret in
            guard start + secret.count <= text.count else { return false }
            for index in secret.indices where secret[index] != text[start + index] { return false }
            return true
        }
    }

    private static func entry(_ first: UInt8, _ second: UInt8) -> Int {
        (Int(first) << 5 ^ Int(second)) % entries
    }
}
