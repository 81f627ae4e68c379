import AirbyteProtocol
import Text
import Workload

/// Messages for people, a line each.
final class TailText: MessageView {
    private let screen: Screen
    private var style: Style { screen.style }

    init(screen: Screen) {
        self.screen = screen
    }

    func show(_ position: LinePosition, _ line: DecodedLine, _ mask: SecretMask) throws(Failure) {
        switch line {
        case .message(let message): try show(message, mask)
        case .dropped(let message):
            try put("SKIPPED", .warning, "line \(position.number): \(message.description)")
        case .notAMessage(looksLikeRecord: true, _, _):
            try put("SKIPPED", .warning, "line \(position.number) looks like a record and is not shown")
        case .notAMessage(_, let text, _):
            // Why it is none, inspect says.
            let isBroken = line.isMeantAsMessage
            try put(isBroken ? "BROKEN" : "TEXT", isBroken ? .warning : .faint, mask.shown(text))
        case .salvaged(let message, _):
            try put(
                "BEHIND",
                .warning,
                "line \(position.number): a \(message.type.rawValue) stands behind text"
            )
        }
    }

    private func show(_ message: ProtocolMessage, _ mask: SecretMask) throws(Failure) {
        switch message {
        case .log(let log): try put(log.level.rawValue, log.level.look, mask.shown(log.textWithStackTrace))
        case .errorTrace(let trace):
            let texts = [trace.message, trace.internalMessage, trace.stackTrace].compactMap { $0 }
            let type = trace.failureType.map { " (\($0.rawValue))" } ?? ""
            let text = texts.isEmpty ? "an error without details" : texts.joined(separator: "\n")
            try put("TRACE", .bad, mask.shown(text) + type)
        case .connectionStatus(let status):
            let text = status.message.map { ": \(mask.shown($0))" } ?? ""
            try put("STATUS", status.status == .succeeded ? .good : .bad, "\(status.status.rawValue)\(text)")
        case .catalog(let catalog):
            try put("CATALOG", .good, catalog.summary(list: "stream", name: "name", mask))
        case .destinationCatalog(let catalog):
            try put("CATALOG", .good, catalog.summary(list: "operation", name: "object_name", mask))
        case .spec: try put("SPEC", .good, "the specification")
        case .control(let configuration):
            let text =
                configuration == nil ? "without a configuration" : "a new configuration, which is secret"
            try put("CONTROL", .accent, text)
        case .otherTrace: try put("TRACE", .faint, "not about an error")
        case .record: try put("RECORD", .faint, "not shown")
        case .state: try put("STATE", .faint, "not shown")
        }
    }

    private func put(_ label: String, _ look: Style.Look, _ text: String) throws(Failure) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let head = index == 0 ? style.paint(label.padded(to: 8), look) : "        "
            try screen.line("\(head) \(line.escapingControlCharacters(keeping: ["\t"]))")
        }
    }

    func note(_ text: String) throws(Failure) { try put("NOTE", .warning, text) }

    func end(_ exit: ConnectorExit?) throws(Failure) {
        switch exit {
        case .code(let code): try put("END", code == 0 ? .good : .bad, "exit code \(code)")
        case .unusable(let problem): try put("END", .bad, "exitCode.txt \(problem)")
        case nil: break
        }
    }

    func flush() throws(Failure) { try screen.flush() }
}

extension LogLevel {
    var look: Style.Look {
        switch self {
        case .fatal, .error: .bad
        case .warn: .warning
        case .info: .accent
        case .debug, .trace: .faint
        }
    }
}
