/// Many lines of log, all of the same length.
public struct LogFlood: Hashable, Sendable {
    public enum Form: String, Hashable, Sendable, CaseIterable {
        /// Lines for people, as libraries print them.
        case plain
        /// `LOG` messages.
        case message
        /// Either, by chance.
        case mixed
    }

    /// Every form of line has room in so many bytes.
    public static let minLineLength = 96

    public var lines: Int
    /// Of each line, in bytes, without its newline.
    public let length: Int
    public var form: Form
    /// How many of the lines are broken, from 0 to 1; met to the line, in places that chance decides.
    public let malformedShare: Double

    /// A length below `minLineLength` becomes that, a share outside 0...1 the nearer of the two.
    public init(lines: Int, length: Int = 100, form: Form = .message, malformedShare: Double = 0) {
        self.lines = lines
        self.length = max(length, Self.minLineLength)
        self.form = form
        self.malformedShare = min(max(malformedShare, 0), 1)
    }

    /// As many lines as have room in so many bytes.
    public init(bytes: Int, length: Int = 100, form: Form = .message, malformedShare: Double = 0) {
        let lines = bytes / (max(length, Self.minLineLength) + 1)
        self.init(lines: lines, length: length, form: form, malformedShare: malformedShare)
    }

    /// In bytes, newlines included.
    public var byteCount: Int { lines * (length + 1) }

    public var malformedLines: Int { Int((Double(lines) * malformedShare).rounded()) }
}

/// Writes a flood line by line.
struct LogGenerator: PieceGenerator {
    private let flood: LogFlood
    private var random: SeededGenerator
    private var linesLeft: Int
    private var malformedLeft: Int

    init(_ flood: LogFlood, _ random: SeededGenerator) {
        self.flood = flood
        self.random = random
        linesLeft = flood.lines
        malformedLeft = flood.malformedLines
    }

    mutating func next(into buffer: inout [UInt8]) -> Bool {
        guard linesLeft > 0 else { return false }
        if malformedLeft > 0, random.below(linesLeft) < malformedLeft {
            random.pick(MalformedLine.allCases).append(flood.length, to: &buffer, &random)
            malformedLeft -= 1
        } else {
            appendLine(to: &buffer)
        }
        buffer.append(UInt8(ascii: "\n"))
        linesLeft -= 1
        return true
    }

    private mutating func appendLine(to buffer: inout [UInt8]) {
        switch flood.form {
        case .plain: appendPlain(to: &buffer)
        case .message: appendMessage(to: &buffer)
        case .mixed: random.chance(percent: 50) ? appendPlain(to: &buffer) : appendMessage(to: &buffer)
        }
    }

    private mutating func appendPlain(to buffer: inout [UInt8]) {
        let end = buffer.count + flood.length
        buffer.append(random.pick(Self.plainHeads))
        Words.appendProse(end - buffer.count, escaped: false, to: &buffer, &random)
    }

    private mutating func appendMessage(to buffer: inout [UInt8]) {
        let end = buffer.count + flood.length
        buffer.append(random.pick(Self.messageHeads))
        Words.appendProse(end - Self.messageTail.count - buffer.count, escaped: true, to: &buffer, &random)
        buffer.append(Self.messageTail)
    }

    private static let plainHeads: [Text] = [
        "2026-11-24 05:22:24 INFO i.a.c.i.b.IntegrationRunner(runInternal):152 ",
        "INFO main i.a.i.s.p.PostgresSource(main):358 ",
        "{'thread': 'main'} urllib3.connectionpool DEBUG ",
        "Traceback (most recent call last) ",
        "    at io.airbyte.cdk.integrations.base ",
        "größe of the heap → ",
    ]

    private static let messageHeads: [Text] = ["INFO", "INFO", "INFO", "INFO", "WARN", "DEBUG", "ERROR"].map {
        (level: Text) in "{\"type\":\"LOG\",\"log\":{\"level\":\"" + level + "\",\"message\":\""
    }

    private static let messageTail: Text = "\"}}"
}
