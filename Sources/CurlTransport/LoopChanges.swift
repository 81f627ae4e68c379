import CCurl
import Reactor

/// What libcurl asks of the loop: recorded while one of its functions runs, performed after it.
///
/// libcurl calls these functions in the middle of its own work. They may not call it back, and a class of
/// its own keeps them away from everything that is being changed at that time.
final class LoopChanges {
    enum Change: Equatable {
        case watch(Int32, Readiness)
        /// The descriptor may be closed already, and its number may return in a later change.
        case forget(Int32)
    }

    enum Timer: Equatable {
        case stopped
        /// Zero means at the next opportunity.
        case milliseconds(Int)
    }

    private(set) var changes: [Change] = []
    /// The last wish about the one timer; nil says that it stays as it is.
    private var timer: Timer?

    /// Returns the changes in the order of their arrival, and forgets them.
    func takeChanges() -> [Change] {
        defer { changes.removeAll(keepingCapacity: true) }
        return changes
    }

    /// Returns the requested timer, and forgets it.
    func takeTimer() -> Timer? {
        defer { timer = nil }
        return timer
    }

    /// Makes this the place where that multi handle's wishes go. It must outlive the handle.
    func attach(to multi: UnsafeMutableRawPointer) {
        let reference = Unmanaged.passUnretained(self).toOpaque()
        ccurl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, reference)
        ccurl_multi_set_socket_function(multi) { _, descriptor, wanted, user, _ in
            guard let user else { return 0 }
            Unmanaged<LoopChanges>.fromOpaque(user).takeUnretainedValue().record(descriptor, wanted)
            return 0
        }
        ccurl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, reference)
        ccurl_multi_set_timer_function(multi) { _, milliseconds, user in
            guard let user else { return 0 }
            let changes = Unmanaged<LoopChanges>.fromOpaque(user).takeUnretainedValue()
            changes.timer = milliseconds < 0 ? .stopped : .milliseconds(milliseconds)
            return 0
        }
    }

    private func record(_ descriptor: Int32, _ wanted: Int32) {
        switch wanted {
        case CURL_POLL_IN: changes.append(.watch(descriptor, .readable))
        case CURL_POLL_OUT: changes.append(.watch(descriptor, .writable))
        case CURL_POLL_INOUT: changes.append(.watch(descriptor, [.readable, .writable]))
        // CURL_POLL_REMOVE, and CURL_POLL_NONE: a transfer that is paused.
        default: changes.append(.forget(descriptor))
        }
    }
}
