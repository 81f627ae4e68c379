/// Makes a part of an output, piece by piece: a line, a column, a bracket.
///
/// However long the part is, a piece is short: this is what keeps memory bounded.
protocol PieceGenerator: Sendable {
    /// Appends the next piece; false where there is none left.
    mutating func next(into buffer: inout [UInt8]) -> Bool
}

/// A budget in bytes that a generator meets exactly: what is left at the end goes into a text of its length.
struct Budget: Hashable, Sendable {
    /// Nil where something else than bytes ends the part.
    private var left: Int?

    init(_ bytes: Int?) {
        left = bytes
    }

    var isLimited: Bool { left != nil }

    /// Whether so many bytes fit.
    func allows(_ bytes: Int) -> Bool {
        left.map { $0 >= bytes } ?? true
    }

    mutating func spend(_ bytes: Int) {
        left = left.map { $0 - bytes }
    }

    /// What is left when so many bytes are set aside; 0 where they do not fit.
    func rest(besides bytes: Int) -> Int {
        left.map { max(0, $0 - bytes) } ?? 0
    }
}
