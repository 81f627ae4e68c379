import Logging
import Scheduling

/// Contact with the workload API: announcements, heartbeats, and giving up.
extension WorkloadMachine {
    mutating func attempt(_ call: ContactCall) -> [Action] {
        [.contact(call, timeout: contact.began(call))]
    }

    /// Arms a timer whose lateness shows that the process was stopped.
    mutating func arm(_ timer: TimerName, at deadline: Instant) -> Action {
        deadlines[timer] = deadline
        return .arm(timer, at: deadline)
    }

    mutating func contactAnswered(
        _ call: ContactCall,
        _ outcome: CallOutcome,
        _ now: Instant
    ) -> [Action] {
        guard contact.current == call else { return [] }
        contact.ended()
        if case .gone = outcome { return contactGone(call) }
        var actions = releaseHeldReport()
        if case .accepted = outcome {
            return actions + contactSucceeded(call, now)
        }
        contact.failed()
        let delay = retryDelay(after: outcome, failures: contact.failures)
        actions.append(
            .log(
                .warning,
                "\(call.sentence) failed (\(outcome.problem ?? "")); retrying in \(delay.spokenDescription)"
            )
        )
        actions.append(arm(.contact, at: now + delay))
        return actions
    }

    private mutating func contactSucceeded(_ call: ContactCall, _ now: Instant) -> [Action] {
        let wasInTrouble = contact.failures > 0
        contact.succeeded(now)
        var actions: [Action] = [
            arm(.contactTimeout, at: now + settings.heartbeat.contactTimeout),
            arm(.contact, at: now + settings.heartbeat.interval),
        ]
        if !contact.announced {
            contact.announced = true
            actions.append(.log(.info, "The workload is running: the workload API accepts it"))
            actions += deliverEarly()
        } else {
            actions.append(
                wasInTrouble
                    ? .log(.info, "The workload API is reachable again: heartbeat accepted")
                    : .log(.debug, "Heartbeat accepted")
            )
        }
        return actions
    }

    /// 410. While the final report is in flight, it can be an echo of that report, whose own answer decides. A report
    /// that is held has not been sent, and will not be sent.
    private mutating func contactGone(_ call: ContactCall) -> [Action] {
        if case .reporting = phase, reportProgress != .held {
            contact.closed = true
            return [.disarm(.contact)]
        }
        return end(
            .cancelled,
            ExitStatus.failure,
            .warning,
            "The workload is in a terminal state (410 Gone for \(call.rawValue)): stopping without a report."
        )
    }

    /// Transient failures are retried soon, but never less often than heartbeats; what the platform has
    /// refused is retried with the next heartbeat.
    mutating func retryDelay(after outcome: CallOutcome, failures: Int) -> Duration {
        guard case .unavailable(_, let retryAfter) = outcome else { return settings.heartbeat.interval }
        let delay = settings.contactRetries.delay(
            beforeRetry: failures,
            retryAfter: retryAfter,
            using: &random
        )
        return min(delay, settings.heartbeat.interval)
    }

    /// The contact timeout has passed. A process that was stopped for a while tries for some time more.
    mutating func contactTimeoutPassed(_ now: Instant) -> [Action] {
        guard let end = contact.endOfGrace, now < end, !contact.closed else { return giveUp(now) }
        let actions: [Action] = [
            .log(
                .warning,
                """
                No call to the workload API has succeeded for \((now - contact.lastSuccess).spokenDescription), but \
                the sidecar was stopped meanwhile: trying for \((end - now).spokenDescription) more
                """
            ),
            arm(.contactTimeout, at: end),
        ]
        // A retry that is due much later would leave the time unused.
        guard contact.current == nil else { return actions }
        return actions + [.disarm(.contact)] + attempt(nextCall)
    }

    private mutating func giveUp(_ now: Instant) -> [Action] {
        end(
            .unreported,
            ExitStatus.failure,
            .error,
            "No call to the workload API has succeeded for "
                + "\((now - contact.lastSuccess).spokenDescription): giving up."
        )
    }

    var nextCall: ContactCall { contact.announced ? .heartbeat : .running }

    private mutating func releaseHeldReport() -> [Action] {
        guard reportProgress == .held, case .reporting(let plan) = phase else { return [] }
        reportProgress = .underWay
        return [.report(plan.report)]
    }
}

extension ContactCall {
    fileprivate var sentence: String {
        switch self {
        case .running: "Announcing the workload as running"
        case .heartbeat: "The heartbeat"
        }
    }
}
