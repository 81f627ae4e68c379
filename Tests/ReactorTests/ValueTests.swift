import Glibc
import Scheduling
import Testing

@testable import Reactor

@Suite("Small values")
struct ValueTests {
    @Test func systemErrorNamesCallAndReason() {
        let error = SystemError(call: "io_uring_setup", errno: EPERM)
        #expect("\(error)" == "io_uring_setup: EPERM (Operation not permitted)")
        #expect(error.name == "EPERM")
        #expect("\(SystemError(call: "x", errno: 99_999))" == "x: errno 99999")
        #expect(SystemError(call: "x", errno: 99_999).name == "99999")
    }

    @Test func readinessReadsAsInStrace() {
        #expect("\(Readiness([.readable, .hangup]))" == "POLLIN|POLLHUP")
        #expect("\(Readiness([.writable, .error, .peerClosed]))" == "POLLOUT|POLLERR|POLLRDHUP")
        #expect("\(Readiness([]))" == "0x0")
        #expect("\(Readiness(rawValue: 0x41))" == "POLLIN|0x40")
    }

    /// Whether the other end of a socket pair has been closed everywhere.
    private func isClosed(_ pair: SocketPair) -> Bool {
        var byte: UInt8 = 0
        return read(pair.one, &byte, 1) == 0
    }

    @Test func ownedDescriptorClosesAtTheEndOfItsScope() {
        let pair = SocketPair()
        do {
            let owned = OwnedDescriptor(pair.releaseOther())
            #expect(!isClosed(pair))
            #expect(fcntl(owned.raw, F_GETFD) == FD_CLOEXEC)
        }
        #expect(isClosed(pair))
    }

    @Test func instantsSaturate() {
        let last = Instant(nanoseconds: .max)
        #expect(last + .seconds(1) == last)
        #expect(Instant(nanoseconds: 5) + .nanoseconds(7) == Instant(nanoseconds: 12))
        #expect(Instant(nanoseconds: 12) - Instant(nanoseconds: 5) == .nanoseconds(7))
        #expect(Duration.milliseconds(1_500).nanoseconds == 1_500_000_000)
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
    }

    @Test func registrationKeepsItsParts() {
        let registration = Registration(kind: .read, slot: 0xABCDEF, generation: 0xFFFF_FFFE)
        #expect(registration.kind == .read)
        #expect(registration.slot == 0xABCDEF)
        #expect(registration.generation == 0xFFFF_FFFE)
        let cancellation = registration.with(kind: .cancel)
        #expect(cancellation.kind == .cancel)
        #expect(cancellation.slot == registration.slot)
    }
}
