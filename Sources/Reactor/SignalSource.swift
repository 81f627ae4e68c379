import CLinux
import Glibc

/// Signals as events of the loop, through signalfd(2).
///
/// Making one blocks its signals with sigprocmask(2), for the calling thread and for those it creates later,
/// and they stay blocked when the source ends: a signal in between must not kill the process. A child
/// process inherits the mask, too.
public final class SignalSource {
    private let reactor: Reactor
    private let descriptor: OwnedDescriptor
    private var registration: Registration?

    /// Calls the handler for each arriving signal with its number and the sender's process id (0 where the
    /// kernel sent it). Equal signals that arrive together may be reported as one (signal(7)).
    public init(
        reactor: Reactor,
        signals: [Int32],
        handler: @escaping (_ signal: Int32, _ sender: Int32) -> Void
    ) throws(SystemError) {
        var mask = sigset_t()
        sigemptyset(&mask)
        for signal in signals {
            guard sigaddset(&mask, signal) == 0 else { throw .last("sigaddset") }
        }
        guard sigprocmask(SIG_BLOCK, &mask, nil) == 0 else { throw .last("sigprocmask") }
        let raw = signalfd(-1, &mask, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
        guard raw >= 0 else { throw .last("signalfd") }
        descriptor = OwnedDescriptor(raw)
        self.reactor = reactor
        registration = try reactor.pollEssential(raw, label: "signals") { [weak self] in
            self?.drain(handler)
        }
    }

    /// Ends the source; the handler is not called any more. The signals stay blocked.
    public func cancel() {
        if let registration {
            reactor.cancel(registration)
        }
        registration = nil
    }

    private func drain(_ handler: (Int32, Int32) -> Void) {
        var information = signalfd_siginfo()
        // Until EAGAIN; each read takes one signal. The handler may cancel the source.
        while registration != nil {
            let count = Glibc.read(descriptor.raw, &information, MemoryLayout<signalfd_siginfo>.size)
            guard count == MemoryLayout<signalfd_siginfo>.size else { return }
            handler(Int32(bitPattern: information.ssi_signo), Int32(bitPattern: information.ssi_pid))
        }
    }

    deinit {
        cancel()
    }
}
