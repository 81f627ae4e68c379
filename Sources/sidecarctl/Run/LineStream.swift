import CLinux
import Glibc
import Reactor

/// What a child process writes to a pipe, line by line.
final class LineStream {
    /// A longer line is cut, in bytes.
    private static let maxLine = 16 * 1_024
    /// The most reads at the end: a pipe holds at most 1 MiB (pipe(7)), unless somebody still writes.
    private static let maxLastReads = 32

    private let reactor: Reactor
    private let reader: OwnedDescriptor
    private let label: String
    private let handler: (String) -> Void
    private var registration: Registration?
    private var line: [UInt8] = []
    private var isCut = false
    private var buffer = [UInt8](repeating: 0, count: 64 * 1_024)

    /// - Parameter reader: a pipe's end that does not block.
    init(
        _ reader: consuming OwnedDescriptor,
        reactor: Reactor,
        label: String,
        handler: @escaping (String) -> Void
    ) throws(SystemError) {
        self.reader = reader
        self.reactor = reactor
        self.label = label
        self.handler = handler
        try wait()
    }

    private func wait() throws(SystemError) {
        registration = try reactor.poll(reader.raw, for: .readable, mode: .oneShot, label: label) {
            [weak self] _ in
            guard let self else { return }
            registration = nil
            // Once at a time: a flood leaves the loop time for all else.
            if readOnce() { try? wait() }
        }
    }

    /// Reads what there is now, and a last line without a line end. The writers have ended.
    func finish() {
        if let registration { reactor.cancel(registration) }
        registration = nil
        var reads = 0
        while reads < Self.maxLastReads, readOnce() { reads += 1 }
        if !line.isEmpty { emit() }
    }

    /// False at the end, and where there is nothing to read.
    private func readOnce() -> Bool {
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(reader.raw, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { return true }
        guard count > 0 else { return false }
        for piece in buffer[..<count].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            if piece.offset > 0 { emit() }
            let room = Self.maxLine - line.count
            line += piece.element.prefix(room)
            isCut = isCut || piece.element.count > room
        }
        return true
    }

    private func emit() {
        let text = String(decoding: line, as: UTF8.self)
        handler(isCut ? "\(text)…" : text)
        line.removeAll(keepingCapacity: true)
        isCut = false
    }
}

/// A pipe whose ends no other program inherits by chance.
struct Pipe: ~Copyable {
    /// Does not block.
    let reader: OwnedDescriptor
    let writer: OwnedDescriptor

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe clinux_pipe(&ends) == 0 else { throw SystemError(call: "pipe2", errno: errno) }
        reader = OwnedDescriptor(ends[0])
        writer = OwnedDescriptor(ends[1])
    }

    consuming func takeReader() -> OwnedDescriptor { reader }
    consuming func takeWriter() -> OwnedDescriptor { writer }
}
