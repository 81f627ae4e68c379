import Glibc
import Testing

@testable import Reactor

@Suite("Choice of the driver")
struct FallbackTests {
    private static let refusals = [EPERM, ENOSYS, ENOMEM, EACCES, EINVAL]

    private func make(_ choice: BackendChoice, refusingWith errno: Int32) throws -> Reactor {
        try Reactor(
            backend: choice,
            trace: nil,
            makeIOUring: { () throws(SystemError) in
                throw SystemError(call: "io_uring_setup", errno: errno)
            }
        )
    }

    @Test("Automatic falls back to epoll and tells why", arguments: refusals)
    func fallsBack(_ errno: Int32) throws {
        let reactor = try make(.automatic, refusingWith: errno)
        #expect(reactor.backend == .epoll)
        #expect(reactor.fallbackReason == SystemError(call: "io_uring_setup", errno: errno))
        var fired = false
        reactor.schedule(after: .milliseconds(1)) { fired = true }
        try reactor.run { fired }
    }

    @Test("Forced io_uring throws instead", arguments: refusals)
    func forced(_ errno: Int32) {
        #expect(throws: SystemError(call: "io_uring_setup", errno: errno)) {
            try make(.ioUring, refusingWith: errno)
        }
    }

    @Test("Forced epoll does not even try io_uring")
    func forcedEpoll() throws {
        let reactor = try make(.epoll, refusingWith: EPERM)
        #expect(reactor.backend == .epoll)
        #expect(reactor.fallbackReason == nil)
    }

    @Test("Automatic takes io_uring where the kernel lets it")
    func takesIOUring() throws {
        let reactor = try Reactor()
        #expect(reactor.backend == .ioUring)
        #expect(reactor.fallbackReason == nil)
    }

    @Test("A refusal by the kernel itself is one too")
    func realRefusal() throws {
        // No ring has room for nothing.
        #expect(throws: SystemError(call: "io_uring_setup", errno: EINVAL)) {
            try Reactor(backend: .ioUring, ringEntries: 0)
        }
        let reactor = try Reactor(backend: .automatic, ringEntries: 0)
        #expect(reactor.backend == .epoll)
    }

    @Test("The choices are spelled as in the settings")
    func spelling() {
        #expect(BackendChoice.allCases.map(\.rawValue) == ["auto", "io_uring", "epoll"])
        #expect(Backend.ioUring.rawValue == "io_uring")
    }
}
