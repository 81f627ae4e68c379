import AirbyteProtocol
import HTTP
import Logging
import Scheduling

/// The delivery and the report.
extension WorkloadMachine {
    /// What is still to be delivered or reported hides the new secrets.
    mutating func maskChanged(_ mask: SecretMask) -> [Action] {
        self.mask = mask
        switch phase {
        case .waiting, .reading, .ended: early.plan?.mask = mask
        case .delivering(var plan):
            plan.mask = mask
            phase = .delivering(plan)
        case .storingLog(var plan):
            plan.mask = mask
            phase = .storingLog(plan)
        case .reporting(var plan):
            plan.mask = mask
            phase = .reporting(plan)
        }
        return []
    }

    /// Records the result of a step in the plan, and continues with the next step.
    mutating func delivered(_ result: DeliveryResult, _ now: Instant) -> [Action] {
        if early.step != nil { return earlyStepEnded(result, now) }
        guard case .delivering(var plan) = phase else { return unexpected("a delivery's result") }
        var actions: [Action] = []
        if case .catalogWritten(_, let findings) = result { actions += Self.warnings(findings) }
        if let problem = plan.record(result) { actions.append(.log(.error, problem)) }
        phase = .delivering(plan)
        return actions + continueDelivery(plan, now)
    }

    /// delivering → storing log, once nothing is left to deliver. What an early delivery has done is not repeated; one that
    /// is still under way is waited for.
    mutating func continueDelivery(_ plan: DeliveryPlan, _ now: Instant) -> [Action] {
        guard early.step == nil else { return [] }
        var plan = plan
        var actions: [Action] = []
        while let step = plan.nextStep {
            guard let known = early.steps.result(of: step) else {
                phase = .delivering(plan)
                return actions + [.deliver(step)]
            }
            if case .catalogWritten(_, let findings) = known { actions += Self.warnings(findings) }
            plan.record(known)
        }
        phase = .storingLog(plan)
        return actions + [.arm(.logStorage, at: now + Self.logStorageBudget), .storeLog]
    }

    /// storing log → reporting.
    mutating func logStored() -> [Action] {
        guard case .storingLog(let plan) = phase else {
            if case .reporting = phase { return [] }
            return unexpected("the end of the log's storage")
        }
        phase = .reporting(plan)
        if contact.current == .running, contact.failures == 0 {
            return [.disarm(.logStorage)]
        }
        reportProgress = .underWay
        return [.disarm(.logStorage), .report(plan.report)]
    }

    /// reporting → ended, or once more → reporting: a success without an answer is repeated, and one that was
    /// refused becomes a failure.
    mutating func reportAnswered(_ outcome: CallOutcome, _ now: Instant) -> [Action] {
        guard case .reporting(var plan) = phase, reportProgress == .underWay else {
            return unexpected("the report's answer")
        }
        switch outcome {
        case .accepted:
            return end(reportedOutcome(of: plan), plan.exitStatus, .info, plan.report.confirmation)
        case .gone:
            return end(
                .cancelled,
                ExitStatus.failure,
                .warning,
                "The workload was already in a terminal state: \(plan.report.loss)"
            )
        case .unavailable where plan.report == .success:
            return repeatSuccess(outcome, now)
        case .notFound, .unavailable, .unauthorized, .refused:
            let problem = outcome.problem ?? ""
            guard plan.report == .success else {
                return end(
                    .unreported,
                    ExitStatus.failure,
                    .error,
                    "The failure could not be reported: \(problem)"
                )
            }
            guard unansweredReports == 0 else {
                return end(
                    .unreported,
                    ExitStatus.failure,
                    .error,
                    """
                    The success could not be reported: \(problem). An earlier attempt may have arrived, so no failure is \
                    reported.
                    """
                )
            }
            plan.successRefused(problem)
            phase = .reporting(plan)
            return [
                .disarm(.reportTimeout), .log(.error, "The success could not be reported: \(problem)"),
                .report(plan.report),
            ]
        }
    }

    /// The success may have arrived: a failure could contradict it, and a second success does no harm.
    mutating func repeatSuccess(_ outcome: CallOutcome, _ now: Instant) -> [Action] {
        var actions: [Action] = []
        if unansweredReports == 0 {
            actions.append(arm(.reportTimeout, at: now + settings.heartbeat.contactTimeout))
        }
        unansweredReports += 1
        reportProgress = .postponed
        var retryAfter: Duration?
        if case .unavailable(_, let requested) = outcome { retryAfter = requested }
        let delay = min(
            settings.contactRetries.delay(
                beforeRetry: unansweredReports,
                retryAfter: retryAfter,
                using: &random
            ),
            // A longer one would leave too few attempts.
            RetryPolicy.maxDelay
        )
        return actions + [
            .log(
                .warning,
                """
                The workload API did not confirm the success (\(outcome.problem ?? "")); repeating it in \
                \(delay.spokenDescription)
                """
            ),
            .arm(.report, at: now + delay),
        ]
    }

    mutating func end(
        _ outcome: WorkloadOutcome,
        _ status: Int32,
        _ level: Logger.Level,
        _ message: String
    ) -> [Action] {
        result = End(outcome: outcome, failureType: phase.plan?.failureType)
        phase = .ended
        let code = stopSignal.map(ExitStatus.signal) ?? status
        return [.log(level, "\(message) Exiting with code \(code).")]
            + TimerName.allCases.map { .disarm($0) } + [.exit(code)]
    }
}
