import Foundation

/// Tells on standard error how far a long run is: on a terminal in place, else a line now and then.
public final class Progress {
    private static let secondsBetweenLines = 10.0

    private let title: String
    private let total: Int
    private let start = Date.now
    private var last = Date.distantPast
    private let isTerminal = isatty(FileHandle.standardError.fileDescriptor) == 1

    public init(_ title: String, total: Int) {
        self.title = title
        self.total = total
    }

    /// So many are done.
    public func show(_ done: Int) {
        let pause = isTerminal ? 0.2 : Self.secondsBetweenLines
        guard done == total || Date.now.timeIntervalSince(last) >= pause else { return }
        last = .now
        let passed = last.timeIntervalSince(start)
        let left = done > 0 ? passed / Double(done) * Double(total - done) : 0
        let text = "\(title): \(done) of \(total), \(Int(passed)) s, \(Int(left)) s left"
        let line = isTerminal ? "\r\u{1B}[K\(text)\(done == total ? "\n" : "")" : text + "\n"
        FileHandle.standardError.write(Data(line.utf8))
    }
}
