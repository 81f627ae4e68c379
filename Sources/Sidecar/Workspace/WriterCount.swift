/// Counts who has the output open by inotify's events, where the kernel does not tell.
///
/// An estimate: the kernel merges equal events in a row, and files that were opened before the watch are unknown. It
/// counts only after a long silence.
struct WriterCount {
    /// Whoever made the file has it open.
    private var count = 1

    var isNobody: Bool { count == 0 }

    mutating func opened() {
        count += 1
    }

    mutating func closed() {
        count = max(0, count - 1)
    }
}
