import AirbyteProtocol
import Sidecar
import Workload

/// What the lines of an output are, and which of them are to be looked at.
final class LineFindings {
    /// The most lines that are shown.
    static let maxFindings = 100

    /// A line that is no message although it looks like one, or whose message does not count.
    struct Finding {
        var position: LinePosition
        var reason: Reason
    }

    enum Reason {
        case incomplete(IncompleteMessage)
        case malformed
        /// It may hold a customer's data.
        case record
        case behindText

        fileprivate var isBehindText: Bool {
            if case .behindText = self { true } else { false }
        }
    }

    /// How many messages there are of each type.
    private(set) var messages: [MessageType: Int] = [:]
    /// How many lines are plain text.
    private(set) var textLines = 0
    /// The first ones.
    private(set) var findings: [Finding] = []
    private(set) var total = 0
    private var last: Finding?

    func note(_ position: LinePosition, _ decoded: DecodedLine) {
        switch decoded {
        case .message(let message): messages[message.type, default: 0] += 1
        case .dropped(let message): add(position, .incomplete(message))
        case .notAMessage(looksLikeRecord: true, _, _): add(position, .record)
        case .notAMessage:
            decoded.isMeantAsMessage ? add(position, .malformed) : (textLines += 1)
        case .salvaged: add(position, .behindText)
        }
    }

    private func add(_ position: LinePosition, _ reason: Reason) {
        // Text in front of a message is told of twice: as the line that it is, and with the message.
        if let last, last.position == position, last.reason.isBehindText || reason.isBehindText {
            self.last?.reason = .behindText
            if findings.last?.position == position { findings[findings.count - 1].reason = .behindText }
            return
        }
        last = Finding(position: position, reason: reason)
        total += 1
        if findings.count < Self.maxFindings { findings.append(Finding(position: position, reason: reason)) }
    }
}
