import AirbyteProtocol

/// Which of a connector's lines are in the log already, for an output that is read again from its beginning.
///
/// Once all is read, each line has been logged as often as it stands in the version of the output that has it most often:
/// what was rewritten as it was is not logged again, and what is new is, wherever it stands.
struct LoggedLines {
    /// The most lines that are remembered, 8 bytes each; hardly a connector's check or discover logs more. Beyond it a line is
    /// logged again rather than lost.
    static let maxLines = 32_768

    /// Digests of the lines that were logged.
    private var digests: [Int] = []
    /// How often each digest is still to be met again; empty while the output is read for the first time.
    private var known: [Int: Int] = [:]

    /// Whether an event is to be logged, which it is counted for.
    mutating func admit(_ kind: TranscriptEvents.Kind, _ text: Span<UInt8>) -> Bool {
        // Most of a flood: nothing is known of its lines, and nothing more is remembered.
        if known.isEmpty, digests.count == Self.maxLines { return true }
        let digest = Self.digest(kind, text)
        if let count = known[digest] {
            known[digest] = count > 1 ? count - 1 : nil
            return false
        }
        if digests.count < Self.maxLines { digests.append(digest) }
        return true
    }

    /// Two events with one digest are taken for the same. 64 bits, seeded anew by each process.
    private static func digest(_ kind: TranscriptEvents.Kind, _ text: Span<UInt8>) -> Int {
        var hasher = Hasher()
        hasher.combine(kind)
        unsafe text.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    /// The output is read again from its beginning.
    mutating func startOver() {
        known = digests.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}
