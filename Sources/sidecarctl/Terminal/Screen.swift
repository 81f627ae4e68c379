import Glibc
import Reactor
import Sidecar
import Text

/// Standard output: written in large pieces, and with colours only on a terminal.
final class Screen {
    /// So much is gathered before it is written, in bytes.
    private static let maxGathered = 64 * 1_024

    /// Of a terminal that does not tell its size.
    private static let defaultSize = (columns: 80, rows: 24)

    let style: Style
    let isTerminal: Bool
    private var gathered: [UInt8] = []

    init(environment: [String: String]) {
        isTerminal = isatty(STDOUT_FILENO) == 1
        style = Style(isOn: isTerminal && Style.isWanted(environment))
    }

    /// The terminal's size now.
    var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
        else {
            return Self.defaultSize
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    func line(_ text: String = "") throws(Failure) {
        gathered += Array(text.utf8)
        gathered.append(UInt8(ascii: "\n"))
        try flushIfFull()
    }

    /// A name and what stands for it.
    func field(_ label: String, _ text: String) throws(Failure) {
        try line("\(label.padded(to: 10)) \(text)")
    }

    /// The heading of what follows.
    func section(_ title: String) throws(Failure) {
        try line()
        try line(style.heading(title))
    }

    func write(_ bytes: some Collection<UInt8>) throws(Failure) {
        gathered += bytes
        try flushIfFull()
    }

    private func flushIfFull() throws(Failure) {
        if gathered.count >= Self.maxGathered { try flush() }
    }

    /// Writes what has been gathered. A reader that has gone ends the process by SIGPIPE, as other commands.
    func flush() throws(Failure) {
        var rest = gathered[...]
        gathered = []
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
            }
            if written >= 0 {
                rest.removeFirst(written)
            } else if errno == EAGAIN {
                var descriptor = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&descriptor, 1, -1)
            } else if errno != EINTR {
                let error = SystemError(call: "write", errno: errno)
                let status = error.errno == EPIPE ? Exit.brokenPipe : Exit.output
                throw Failure(status, "standard output cannot be written: \(error)")
            }
        }
    }

    /// One line on standard error.
    static func complain(_ message: String) {
        let line = "sidecarctl: \(message.escapingControlCharacters())\n"
        var rest = Array(line.utf8)[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count)
            }
            if written < 0, errno != EINTR { return }
            rest.removeFirst(max(0, written))
        }
    }
}
