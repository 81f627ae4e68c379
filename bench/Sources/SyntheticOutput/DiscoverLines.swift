/// Discover output in lines that all are short: by turns a line of log and a small catalog.
///
/// No connector writes more than one catalog; this is how an output of any size has nothing but short lines in it and
/// is made of the same things as a real one.
public struct DiscoverLines: Hashable, Sendable {
    /// Of it all, in bytes; what is shorter than the shortest pair of lines becomes that.
    public var bytes: Int
    /// Of each catalog's line with its newline; the last one can be up to twice as long.
    public let lineLength: Int

    public init(bytes: Int, lineLength: Int = 64 * 1_024) {
        self.bytes = bytes
        self.lineLength = max(lineLength, 1_024)
    }
}

/// Writes them column by column.
struct DiscoverLinesGenerator: PieceGenerator {
    private var random: SeededGenerator
    private let lineLength: Int
    private var bytesLeft: Int
    private var pairsLeft: Int
    private var log: LogGenerator?
    private var catalog: CatalogGenerator?

    private static let logLine = LogFlood(lines: 1, length: 100, form: .message)

    init(_ lines: DiscoverLines, _ random: SeededGenerator) {
        self.random = random
        lineLength = lines.lineLength
        bytesLeft = lines.bytes
        pairsLeft = max(1, lines.bytes / (lines.lineLength + Self.logLine.byteCount))
    }

    mutating func next(into buffer: inout [UInt8]) -> Bool {
        if log?.next(into: &buffer) == true || catalog?.next(into: &buffer) == true { return true }
        guard pairsLeft > 0 else { return false }
        bytesLeft -= Self.logLine.byteCount
        let bytes = pairsLeft == 1 ? bytesLeft : lineLength
        bytesLeft -= bytes
        pairsLeft -= 1
        log = LogGenerator(Self.logLine, SeededGenerator(seed: random.next()))
        catalog = CatalogGenerator(
            CatalogShape(.source, .bytes(bytes), columns: 50),
            SeededGenerator(seed: random.next())
        )
        return log?.next(into: &buffer) ?? false
    }
}
