import CCurl
import Containers
import Reactor
import Scheduling

/// Performs on the reactor what libcurl asks for, and tells libcurl when a socket is ready or a timer is due.
final class CurlSocketDriver {
    /// How long to wait before a descriptor that the kernel refused to watch (out of memory, out of watches)
    /// is tried again. The exchange's own timeout bounds the attempts.
    private static let rearmDelay = Duration.milliseconds(500)

    private struct Watch {
        var interest: Readiness
        /// Nil between an event and the next arming: polls are one-shot.
        var registration: Registration?
    }

    /// A descriptor is ready (`CURL_CSELECT_*`), or the timer has run out (`CURL_SOCKET_TIMEOUT`).
    var onEvent: (_ descriptor: Int32, _ events: Int32) -> Void = { _, _ in }

    private let reactor: Reactor
    private var watches = SmallMap<Int32, Watch>()
    private var disarmed: [Int32] = []
    private var timer: TimerToken?
    private var rearmTimer: TimerToken?

    init(reactor: Reactor) {
        self.reactor = reactor
    }

    deinit {
        for watch in watches.values {
            if let registration = watch.registration { reactor.cancel(registration) }
        }
        if let timer { reactor.cancel(timer) }
        if let rearmTimer { reactor.cancel(rearmTimer) }
    }

    /// Whether nothing of ours is pending on the reactor.
    var isIdle: Bool { watches.isEmpty && timer == nil && rearmTimer == nil }

    /// Called after every call of libcurl that can have wishes.
    func apply(_ changes: LoopChanges) {
        for change in changes.takeChanges() {
            switch change {
            case .forget(let descriptor): forget(descriptor)
            case .watch(let descriptor, let interest): watch(descriptor, interest)
            }
        }
        armAll()
        switch changes.takeTimer() {
        case nil: break
        case .stopped: setTimer(after: nil)
        case .milliseconds(let delay): setTimer(after: .milliseconds(delay))
        }
    }

    private func forget(_ descriptor: Int32) {
        if let registration = watches.removeValue(forKey: descriptor)?.registration {
            reactor.cancel(registration)
        }
        disarmed.removeAll { $0 == descriptor }
    }

    private func watch(_ descriptor: Int32, _ interest: Readiness) {
        if let watch = watches[descriptor] {
            if watch.interest == interest { return }
            forget(descriptor)
        }
        watches[descriptor] = Watch(interest: interest, registration: nil)
        disarmed.append(descriptor)
    }

    private func armAll() {
        for descriptor in disarmed {
            guard let interest = watches[descriptor]?.interest else { continue }
            do {
                let registration = try reactor.poll(
                    descriptor,
                    for: interest,
                    mode: .oneShot,
                    label: "http"
                ) { [weak self] readiness in
                    self?.ready(descriptor, readiness)
                }
                watches[descriptor]?.registration = registration
                disarmed.removeAll { $0 == descriptor }
            } catch {
                retryArming()
            }
        }
    }

    private func retryArming() {
        guard rearmTimer == nil else { return }
        rearmTimer = reactor.schedule(after: CurlSocketDriver.rearmDelay) { [weak self] in
            self?.rearmTimer = nil
            self?.armAll()
        }
    }

    private func ready(_ descriptor: Int32, _ readiness: Readiness) {
        guard let interest = watches[descriptor]?.interest else { return }
        watches[descriptor]?.registration = nil
        disarmed.append(descriptor)
        onEvent(descriptor, CurlSocketDriver.events(readiness, interest))
    }

    /// An error or a hang-up is reported as readiness: libcurl then finds the reason in its next read or write,
    /// where a bare `CURL_CSELECT_ERR` ends the transfer with less to say.
    ///
    /// Who may send has libcurl look for something to read first: a server that has seen enough answers and hangs
    /// up, and the answer is lost when sending fails before it was read.
    private static func events(_ readiness: Readiness, _ interest: Readiness) -> Int32 {
        let broken = !readiness.isDisjoint(with: [.error, .hangup])
        var events: Int32 = 0
        if interest.contains(.readable),
            broken || !readiness.isDisjoint(with: [.readable, .peerClosed, .writable])
        {
            events |= CURL_CSELECT_IN
        }
        if interest.contains(.writable), broken || readiness.contains(.writable) {
            events |= CURL_CSELECT_OUT
        }
        return events
    }

    /// The loop's clock is read once a tick and can be behind libcurl's, so a timer may come a little early;
    /// libcurl then finds nothing due and asks again.
    private func setTimer(after delay: Duration?) {
        if let timer { reactor.cancel(timer) }
        timer = delay.map { delay in
            reactor.schedule(after: delay) { [weak self] in
                self?.timer = nil
                self?.onEvent(CURL_SOCKET_TIMEOUT, 0)
            }
        }
    }
}
