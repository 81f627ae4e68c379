import AirbyteProtocol
import Logging
import Scheduling

/// The delivery of a result before the connector has ended, see `EarlyDelivery`.
extension WorkloadMachine {
    mutating func resultChanged(_ transcript: Transcript?, _ now: Instant) -> [Action] {
        guard settings.deliversEarly, isWaiting else { return [] }
        early.resultChanged(transcript)
        return transcript == nil
            ? [.disarm(.earlyDelivery)] : [.arm(.earlyDelivery, at: now + EarlyDelivery.delay)]
    }

    mutating func earlyDeliveryIsDue() -> [Action] {
        guard isWaiting, settings.deliversEarly else { return [] }
        early.isDue = true
        return deliverEarly()
    }

    /// Delivers the result that has stood for long enough. A workload that is not announced yet may have been cancelled: it
    /// is delivered to once the platform has accepted it.
    mutating func deliverEarly() -> [Action] {
        guard isWaiting, contact.announced, let transcript = early.takeCandidate() else { return [] }
        let plan = DeliveryPlan(
            ending: .connectorExited(.code(0)),
            transcript: transcript,
            input: input,
            mask: mask
        )
        guard plan.canBeDeliveredEarly else { return [] }
        early.plan = plan
        let actions = continueEarlyDelivery()
        guard !actions.isEmpty else { return [] }
        early.countDelivery()
        return [.log(.debug, "The result is complete: delivering it before the connector has ended")]
            + actions
    }

    private mutating func continueEarlyDelivery() -> [Action] {
        guard var plan = early.plan else { return [] }
        while let step = plan.nextStep {
            if let known = early.steps.result(of: step) {
                plan.record(known)
                continue
            }
            early.plan = plan
            early.begin(step)
            return [.deliverEarly(step)]
        }
        early.plan = nil
        return []
    }

    /// A step of an early delivery has ended. Once the wait is over, the final plan goes on from here.
    mutating func earlyStepEnded(_ result: DeliveryResult, _ now: Instant) -> [Action] {
        early.record(result)
        var actions: [Action] = []
        if case .failed(let problem) = result {
            actions.append(
                .log(.info, "The early delivery did not succeed (\(problem)): the end of the job repeats it")
            )
            early.plan = nil
        } else {
            early.plan?.record(result)
        }
        switch phase {
        case .waiting:
            if early.candidate != nil { return actions + deliverEarly() }
            return actions + continueEarlyDelivery()
        case .delivering(let plan):
            return actions + continueDelivery(plan, now)
        case .reading, .storingLog, .reporting, .ended:
            return actions
        }
    }
}
