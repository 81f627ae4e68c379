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

    /// Whether the event is to be logged, which it is counted for.
    mutating func admit(_ event: TranscriptEvent) -> Bool {
        let digest = event.digest
        if let count = known[digest] {
            known[digest] = count > 1 ? count - 1 : nil
            return false
        }
        if digests.count < Self.maxLines { digests.append(digest) }
        return true
    }

    /// The output is read again from its beginning.
    mutating func startOver() {
        known = digests.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}

extension TranscriptEvent {
    /// Two events with one digest are taken for the same. 64 bits, seeded anew by each process.
    fileprivate var digest: Int {
        var hasher = Hasher()
        switch self {
        case .connectorLog(let log):
            hasher.combine(0)
            hasher.combine(log.level)
            hasher.combine(bytesOf: log.message)
            hasher.combine(bytesOf: log.stackTrace ?? "")
        case .plainLine(let text):
            hasher.combine(1)
            hasher.combine(bytesOf: text)
        case .suspectedRecord:
            hasher.combine(2)
        case .dropped(let reason):
            hasher.combine(3)
            hasher.combine(bytesOf: reason)
        case .configuration:
            hasher.combine(4)
        }
        return hasher.finalize()
    }
}

extension Hasher {
    /// The text as it is written: hashing it as a string would normalize what is not ASCII first.
    fileprivate mutating func combine(bytesOf text: String) {
        var text = text
        combine(text.utf8.count)
        text.withUTF8 { unsafe combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
