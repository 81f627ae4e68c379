/// Finds every place at which one of some secrets stands in a text, in a time that does not depend on how many secrets
/// there are.
///
/// Two classic methods, one behind the other. Most text holds no secret, so two bytes at a time are looked up in a table
/// that says how far the next secret can begin at the earliest (Wu and Manber, "A Fast Algorithm for Multi-Pattern
/// Searching", 1994). Where one may begin, an automaton goes through the text byte by byte (Aho and Corasick,
/// "Efficient String Matching", 1975) until no secret can be under way any more. Each byte is read a bounded number
/// of times, whatever secrets and text look like: both come from the connector.
struct SecretAutomaton: Sendable {
    /// Pairs of bytes share an entry by chance; the fewer entries, the more of them do. 4 KiB stay in the cache.
    private static let entries = 4_096

    /// With so many letters and digits, the beginning of a secret is hidden at the end of a text that may have been cut
    /// there. A line of dashes also begins a private key.
    private static let minPrefixLength = 4

    /// The length of the shortest secret in bytes, as far as the table can tell: only so much of each is looked for in
    /// the first place.
    private let window: Int
    /// How far the window may go on when it ends with a pair of bytes; 0 where a secret may stand in it.
    private let shifts: [UInt8]
    private let trie: SecretTrie

    /// - Parameter secrets: of two bytes at least; their order and repetitions do not matter.
    init(_ secrets: [[UInt8]]) {
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
        trie = SecretTrie(secrets)
    }

    /// The places of all secrets in the text, in order, and of the beginning of one at its end: the text can have been cut
    /// there. Secrets that overlap share one place; secrets that only touch have one each.
    func places(in text: Span<UInt8>) -> [Range<Int>] {
        guard window > 0 else { return [] }
        var places: [Range<Int>] = []
        var end = window - 1
        var walked = 0
        while end < text.count {
            let shift = Int(shifts[Self.entry(text[end - 1], text[end])])
            guard shift == 0 else {
                end += shift
                continue
            }
            // No secret that begins earlier has been passed over, so the walk may begin here.
            walked = walk(text, from: end + 1 - window, through: end, into: &places)
            end = walked + window - 1
        }
        if walked < text.count, mayEndInASecret(text) {
            // A beginning that is shorter than the window.
            _ = walk(text, from: max(0, text.count - window + 1), through: text.count - 1, into: &places)
        }
        return places
    }

    /// Whether the last two bytes stand next to each other in the beginning of a secret, as far as the table can tell.
    private func mayEndInASecret(_ text: Span<UInt8>) -> Bool {
        let last = text.count - 1
        return last > 0 && Int(shifts[Self.entry(text[last - 1], text[last])]) < window - 1
    }

    /// Walks the automaton from `start` on, beyond `last`, until no secret is under way. Returns the position behind the
    /// last byte that was read.
    private func walk(
        _ text: Span<UInt8>,
        from start: Int,
        through last: Int,
        into places: inout [Range<Int>]
    ) -> Int {
        var state = SecretTrie.root
        var position = start
        while position < text.count, position <= last || state != SecretTrie.root {
            state = trie.next(state, text[position])
            position += 1
            let length = trie.maxSecretLength(endingIn: state)
            if length > 0 { Self.add(position - length..<position, to: &places) }
        }
        let beginning = position - (position == text.count ? trie.depth(of: state) : 0)..<position
        if Self.isTelling(text.extracting(beginning)) { Self.add(beginning, to: &places) }
        return position
    }

    private static func isTelling(_ beginning: Span<UInt8>) -> Bool {
        var letters = 0
        for index in beginning.indices where letters < minPrefixLength {
            switch beginning[index] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...: letters += 1
            default: break
            }
        }
        return letters == minPrefixLength
    }

    /// Adds a place that ends behind all others.
    private static func add(_ found: Range<Int>, to places: inout [Range<Int>]) {
        while let previous = places.last, previous.upperBound > found.lowerBound {
            // A longer secret that ends later can begin earlier than several that were found before.
            places.removeLast()
            if previous.lowerBound <= found.lowerBound {
                places.append(previous.lowerBound..<found.upperBound)
                break
            }
        }
        if places.last.map({ $0.upperBound < found.upperBound }) ?? true { places.append(found) }
    }

    /// Where the beginning of a secret, or a whole one, stands right before each of some positions, which are in order.
    ///
    /// - Parameter minLength: shorter beginnings tell nothing, in bytes.
    func beginnings(before cuts: [Int], minLength: Int, in text: Span<UInt8>) -> [Range<Int>] {
        guard window > 0 else { return [] }
        var beginnings: [Range<Int>] = []
        var state = SecretTrie.root
        var position = 0
        for cut in cuts {
            while position < cut {
                state = trie.next(state, text[position])
                position += 1
            }
            let length = trie.depth(of: state)
            if length >= minLength { beginnings.append(cut - length..<cut) }
        }
        return beginnings
    }

    private static func entry(_ first: UInt8, _ second: UInt8) -> Int {
        (Int(first) << 5 ^ Int(second)) % entries
    }
}
