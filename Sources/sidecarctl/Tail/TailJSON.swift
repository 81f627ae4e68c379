import AirbyteProtocol
import Text
import Workload

/// Messages for programs: a JSON object a line.
final class TailJSON: MessageView {
    private let screen: Screen

    init(screen: Screen) {
        self.screen = screen
    }

    func show(_ position: LinePosition, _ line: DecodedLine, _ mask: SecretMask) throws(Failure) {
        try write { MessageJSON.write(position, line, mask, to: &$0) }
    }

    func note(_ text: String) throws(Failure) { try write { $0.member("note", text) } }

    func end(_ exit: ConnectorExit?) throws(Failure) {
        try write { writer in
            switch exit {
            case .code(let code): writer.member("exitCode", Int64(code))
            case .unusable(let problem): writer.member("exitCodeProblem", problem)
            case nil: break
            }
        }
    }

    func flush() throws(Failure) { try screen.flush() }

    private func write(_ members: (inout JSONWriter) -> Void) throws(Failure) {
        try screen.write(JSONWriter.object(members).escapingDisturbancesInJSON + [UInt8(ascii: "\n")])
    }
}
