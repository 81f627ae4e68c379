import AirbyteProtocol
import HTTP
import Logging
import Scheduling

/// The connector: its start, its end, and the reading of its output.
extension WorkloadMachine {
    mutating func start(_ now: Instant) -> [Action] {
        // The announcement goes first: it is what the platform waits for.
        attempt(.running) + [
            arm(.contactTimeout, at: now + settings.heartbeat.contactTimeout),
            .arm(.startHint, at: now + Self.startHintDelay),
        ] + arm(.startTimeout, after: settings.startTimeout, now)
    }

    /// The connector's own time begins.
    mutating func outputOpened(_ now: Instant) -> [Action] {
        guard case .waiting = phase, !connector.hasOpened else { return [] }
        connector.opened()
        let limit = settings.fileTimeout.map { "up to \($0.spokenDescription)" } ?? "without a limit"
        return [
            .disarm(.startTimeout), .disarm(.startHint),
            .log(.info, "The connector has opened its output: waiting \(limit) for it to end"),
        ] + arm(.fileTimeout, after: settings.fileTimeout, now)
    }

    func arm(_ timer: TimerName, after limit: Duration?, _ now: Instant) -> [Action] {
        limit.map { [.arm(timer, at: now + $0)] } ?? []
    }

    func startHint() -> [Action] {
        guard case .waiting = phase, !connector.hasOpened else { return [] }
        let limit = settings.startTimeout.map { "up to \($0.spokenDescription)" } ?? "without a limit"
        return [
            .log(
                .warning,
                """
                The connector has not started within \(Self.startHintDelay.spokenDescription): waiting for it \
                \(limit). Is its image still being pulled? Can the pod's main container start?
                """
            )
        ]
    }

    /// Events can be missing, or come after a timer that has been overdue for long: no limit ends the wait before
    /// somebody has looked.
    mutating func look(before ending: Ending) -> [Action] {
        connector.isNowDue(ending) ? [.lookAtWorkspace] : []
    }

    mutating func workspaceLookedAt(_ now: Instant) -> [Action] {
        guard let ending = connector.takeDueEnding(), case .waiting = phase else { return [] }
        return startReading(ending, now)
    }

    /// waiting → reading. An exit code that comes while the output is read for another ending wins: it is the
    /// better news.
    mutating func connectorExited(_ exit: ConnectorExit, _ now: Instant) -> [Action] {
        switch phase {
        case .waiting:
            return startReading(.connectorExited(exit), now)
        case .reading(.connectorExited), .delivering, .storingLog, .reporting, .ended:
            return []
        case .reading:
            phase = .reading(.connectorExited(exit))
            return stopSignal == nil ? [boundReading(for: exit, now)] : []
        }
    }

    mutating func startReading(_ ending: Ending, _ now: Instant) -> [Action] {
        phase = .reading(ending)
        var actions: [Action] = [
            .disarm(.startHint), .disarm(.startTimeout), .disarm(.fileTimeout), .disarm(.lostConnector),
            .disarm(.earlyDelivery),
            .log(ending.isExpected ? .info : .warning, ending.description),
        ]
        if case .connectorExited(let exit) = ending {
            actions.append(boundReading(for: exit, now))
        } else {
            actions.append(boundReading(for: nil, now))
        }
        return actions + [.readTranscript]
    }

    /// - Parameter exit: nil where no exit code has come, or there is little time left.
    func boundReading(for exit: ConnectorExit?, _ now: Instant) -> Action {
        .arm(.lateReading, at: now + (exit == nil ? Self.lateReadingBudget : Self.lastReadingBudget))
    }

    /// Why the output is not read any further.
    func stopReason(_ ending: Ending) -> String {
        if let stopSignal { return "too little time is left after \(signalName(stopSignal))" }
        var limit = Self.lateReadingBudget
        if case .connectorExited = ending { limit = Self.lastReadingBudget }
        return "that took longer than \(limit.spokenDescription)"
    }

    /// reading → delivering.
    mutating func transcriptRead(
        _ transcript: Transcript,
        _ unread: String?,
        _ exhausted: String?,
        _ now: Instant
    ) -> [Action] {
        guard case .reading(let ending) = phase else { return unexpected("a transcript") }
        let plan = DeliveryPlan(
            ending: ending,
            transcript: transcript,
            unread: unread,
            exhausted: exhausted,
            input: input,
            mask: mask,
            replacesOutput: early.steps.mayHoldOutput
        )
        phase = .delivering(plan)
        let error: [Action] = plan.strayError.map { [.logFromConnector(.error, $0)] } ?? []
        let summary: [Action] = plan.summary.map { [.log($0.level, $0.text)] } ?? []
        return [.disarm(.lateReading)] + error + summary + Self.warnings(plan.catalogFindings)
            + continueDelivery(plan, now)
    }

    /// One line for each finding that is kept, and one for the rest.
    static func warnings(_ inspection: CatalogInspection?) -> [Action] {
        guard let inspection else { return [] }
        let lines = inspection.findings.map { Action.log(.warning, $0.text) }
        let untold = inspection.total - inspection.findings.count
        guard untold > 0 else { return lines }
        let kinds = inspection.counts.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.key.rawValue) \($0.value)" }
        return lines + [
            .log(
                .warning,
                "The catalog has \(untold) more findings, \(inspection.total) in all: "
                    + kinds.joined(separator: ", ")
            )
        ]
    }

    /// Before the connector opens its output, a close comes from somebody else.
    mutating func outputClosed(_ now: Instant) -> [Action] {
        // The grace period begins with the first sign. Further looks must not extend it.
        guard case .waiting = phase, connector.hasOpened, connector.closedSince == nil else { return [] }
        connector.closedSince = now
        return [.arm(.lostConnector, at: now + settings.lostConnectorGrace)]
    }

    mutating func outputTouched() -> [Action] {
        guard connector.closedSince != nil else { return [] }
        connector.touched()
        return [.disarm(.lostConnector)]
    }

    mutating func outputVerified(_ writers: Writers, _ now: Instant) -> [Action] {
        guard case .waiting = phase, let since = connector.closedSince else { return [] }
        switch writers {
        case .present:
            connector.touched()
            return []
        case .none:
            return look(before: .connectorLost(grace: settings.lostConnectorGrace))
        case .unknown:
            let grace = settings.lostConnectorGrace * Self.unconfirmedGraces
            guard now < since + grace else { return look(before: .connectorLost(grace: grace)) }
            return [.arm(.lostConnector, at: since + grace)]
        }
    }
}
