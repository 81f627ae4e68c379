/// Counts who has the output open, by inotify's events: for where the kernel does not tell.
///
/// An estimate. The kernel joins equal events that follow each other, and nothing is known of what was opened before the
/// watch began, so that it takes a long silence to believe it.
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
