import AirbyteProtocol
import Sidecar
import Workload

/// Shows the lines of an output, decoded.
protocol MessageView: AnyObject {
    func show(_ position: LinePosition, _ line: DecodedLine, _ mask: SecretMask) throws(Failure)
    /// One line about the reading.
    func note(_ text: String) throws(Failure)
    func end(_ exit: ConnectorExit?) throws(Failure)
    func flush() throws(Failure)
}

/// Decodes an output that is followed, and hands its lines to a view once its secrets are known.
final class OutputListener: OutputFollower.Listener {
    private var reading: OutputReading
    private let operation: AirbyteProtocol.Operation
    private let secrets: JobSecrets
    private let view: any MessageView
    private let batch = Batch()
    /// Why nothing is shown any more.
    private(set) var failure: Failure?

    /// The lines of one read.
    private final class Batch {
        var lines: [(LinePosition, DecodedLine)] = []
    }

    init(_ input: SidecarInput, _ view: any MessageView) {
        secrets = JobSecrets(configuration: input.connectorConfiguration)
        operation = input.operation
        self.view = view
        reading = OutputReading(of: input, secrets: secrets, digestSeed: .random(in: 0 ... .max))
        reading.events.observer = { [batch] in batch.lines.append(($0, $1)) }
    }

    /// Hides every secret that is known now.
    var mask: SecretMask { secrets.mask }
    var lineCount: Int { reading.lineCount }
    var byteCount: Int { reading.byteCount }
    /// Whether the output has the result that the operation is to bring.
    var hasResult: Bool { reading.transcript.result(for: operation) != nil }

    func read(_ bytes: RawSpan) {
        reading.read(bytes)
        show()
    }

    func skipZeros(_ count: UInt64) { reading.skipZeros(count) }

    /// The follower has noted why.
    func startOver() { reading.startOver() }

    func note(_ text: String) {
        let shown = secrets.mask.masked(text)
        attempt { (view) throws(Failure) in try view.note(shown) }
    }

    /// Lets the view write what it has.
    func flush() {
        attempt { (view) throws(Failure) in try view.flush() }
    }

    /// The output has ended; a last line without a line end is shown.
    func finish(_ exit: ConnectorExit?) throws(Failure) {
        reading.finish()
        show()
        if let failure { throw failure }
        try view.end(exit)
    }

    private func show() {
        reading.events.removeAll()
        let mask = secrets.mask
        for (position, line) in batch.lines {
            attempt { (view) throws(Failure) in try view.show(position, line, mask) }
        }
        batch.lines.removeAll()
    }

    private func attempt(_ body: (any MessageView) throws(Failure) -> Void) {
        guard failure == nil else { return }
        do throws(Failure) {
            try body(view)
        } catch {
            failure = error
        }
    }
}
