import AirbyteProtocol
import Scheduling

/// Goes through a delivery once without delivering anything. When the real end comes, which a user waits for, the code
/// is in memory and linked, and has its tables.
package enum WarmUp {
    /// Does nothing once there is a result or the wait is over: then the code is warm, or will be at once.
    ///
    /// - Parameter machine: a copy.
    package static func run(_ machine: WorkloadMachine, _ input: SidecarInput, now: Instant) {
        guard machine.isWaiting, !machine.early.hasBegun else { return }
        var reader = TranscriptReader(kind: input.connectorKind, digestSeed: 0)
        _ = reader.read(Array(output(of: input.operation).utf8))
        _ = reader.finish()
        let plan = DeliveryPlan(
            ending: .connectorExited(.code(0)),
            transcript: reader.transcript,
            input: input,
            mask: machine.mask
        )
        let steps = plan.preview()
        for step in steps { _ = step.calls(workloadID: input.workloadID) }
        _ = PlatformCall.report(plan.report, workloadID: input.workloadID)

        var machine = machine
        let isEarly = machine.settings.deliversEarly
        let delivery = steps.map { WorkloadMachine.Event.delivered($0.success()) }
        var events: [WorkloadMachine.Event] = [
            .resultChanged(reader.transcript), .timerFired(.earlyDelivery),
        ]
        if isEarly { events += delivery }
        events += [.exitCodeFound(.code(0)), .transcriptRead(reader.transcript, unread: nil)]
        if !isEarly { events += delivery }
        events += [.logStored, .reportAnswered(.accepted(body: []))]
        for event in events { _ = machine.handle(event, now: now) }
    }

    /// The shortest result of each operation.
    private static func output(of operation: Operation) -> String {
        switch operation {
        case .spec: #"{"type":"SPEC","spec":{"connectionSpecification":{}}}"#
        case .check: #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#
        case .discover: #"{"type":"CATALOG","catalog":{"streams":[{"name":"warm-up","json_schema":{}}]}}"#
        }
    }
}
