import HTTP
import Scheduling
import Text

/// Sends log events over OTLP/HTTP.
package final class OTLPLogExporter: LogExporter {
    /// As long as OpenTelemetry's batch processor waits for further records.
    static let period: Duration = .seconds(1)

    /// The longest text that is sent, in bytes; a longer one is cut. Some receivers take no more, and a batch can hold it.
    static let maxBodyBytes = 32 * 1_024

    private let batcher: OTLPBatcher
    private let wallClock: WallClock

    /// - Parameter resource: describes the process.
    package init(_ settings: OTLPSettings, resource: [Attribute], _ context: OTLPContext) {
        batcher = OTLPBatcher(settings, .logs, resource: resource, period: Self.period, context)
        wallClock = context.wallClock
    }

    package func record(_ record: LogRecord, _ body: Span<UInt8>) {
        guard !batcher.isEnded else { return }
        let observed = wallClock.millisecondsSince1970
        if body.count <= Self.maxBodyBytes {
            batcher.open.items.logRecord(record, body, observed: observed)
        } else {
            var cut: [UInt8] = []
            cut.append(body.extracting(first: body.beginning(Self.maxBodyBytes)))
            cut.append(contentsOf: CutMark.text.utf8)
            batcher.open.items.logRecord(record, cut.span, observed: observed)
        }
        batcher.itemAdded()
    }

    package func finish(_ completion: @escaping () -> Void) { batcher.finish(completion) }
    package func cancel() { batcher.cancel() }
}
