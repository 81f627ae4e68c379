/// An input, taken apart. Choices come from its end, so that an input that begins with a file's text is one that people
/// can read; where nothing is left, they are zero.
struct FuzzInput {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    /// A choice of one byte.
    mutating func choice() -> Int { Int(rest.popLast() ?? 0) }

    /// One of several.
    mutating func choice<Element>(of elements: [Element]) -> Element { elements[choice() % elements.count] }

    /// A choice of eight bytes.
    mutating func word() -> UInt64 { (0..<8).reduce(0) { word, _ in word << 8 | UInt64(choice()) } }

    /// What stands before the next such byte, which is left out; all there is where there is none.
    mutating func part(upTo separator: UInt8) -> [UInt8] {
        let end = rest.firstIndex(of: separator) ?? rest.endIndex
        defer { rest = rest[end...].dropFirst() }
        return Array(rest[..<end])
    }

    /// The same as text, repaired.
    mutating func text(upTo separator: UInt8) -> String {
        String(decoding: part(upTo: separator), as: UTF8.self)
    }
}

extension [UInt8] {
    /// Pieces of the bytes: of one length, or of lengths that go round.
    func pieces(_ lengths: [Int]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        while start < count {
            let end = Swift.min(count, start + lengths[pieces.count % lengths.count])
            pieces.append([UInt8](self[start..<end]))
            start = end
        }
        return pieces
    }
}
