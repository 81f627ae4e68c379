import Glibc
import Reactor
import Testing

@Suite("Polling descriptors")
struct PollTests {
    @Test("A one-shot poll reports once what is ready already", arguments: bothDrivers)
    func oneShotIsLevelTriggered(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pipe = Pipe()
        pipe.fill()
        var events: [Readiness] = []
        _ = try reactor.poll(pipe.reader, for: .readable, mode: .oneShot, label: "pipe") { events.append($0) }
        #expect(events.isEmpty, "no handler runs within poll")
        try reactor.settle()
        pipe.fill()
        try reactor.settle()
        #expect(events == [.readable])
    }

    @Test("A one-shot poll waits for what is not ready yet", arguments: bothDrivers)
    func oneShotWaits(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pipe = Pipe()
        var events: [Readiness] = []
        _ = try reactor.poll(pipe.reader, for: .readable, mode: .oneShot, label: "pipe") { events.append($0) }
        try reactor.settle()
        #expect(events.isEmpty)
        pipe.fill()
        try reactor.run { !events.isEmpty }
        #expect(events == [.readable])
    }

    @Test("A one-shot poll can be armed again in its handler", arguments: bothDrivers)
    func oneShotRearms(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pipe = Pipe()
        pipe.fill(500)
        var bytes = 0
        func arm() throws {
            _ = try reactor.poll(pipe.reader, for: .readable, mode: .oneShot, label: "pipe") { _ in
                var byte: UInt8 = 0
                bytes += read(pipe.reader, &byte, 1)
                guard bytes < 500 else { return }
                #expect(throws: Never.self) { try arm() }
            }
        }
        try arm()
        try reactor.run { bytes == 500 }
        try reactor.settle()
        #expect(bytes == 500)
    }

    @Test("A multishot poll reports every new edge to a handler that drains", arguments: bothDrivers)
    func multishot(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pipe = Pipe()
        var calls = 0
        var bytes = 0
        _ = try reactor.poll(pipe.reader, for: .readable, mode: .multishot, label: "pipe") { readiness in
            #expect(readiness == .readable)
            calls += 1
            bytes += pipe.drain()
        }
        for round in 1...50 {
            pipe.fill(round)
            try reactor.run { calls == round }
        }
        #expect(bytes == 50 * 51 / 2)
    }

    @Test("A multishot poll does not spin on a descriptor that is not drained", arguments: bothDrivers)
    func multishotIsEdgeTriggered(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pipe = Pipe()
        pipe.fill()
        var calls = 0
        _ = try reactor.poll(pipe.reader, for: .readable, mode: .multishot, label: "pipe") { _ in calls += 1 }
        try reactor.settle(ticks: 10)
        #expect(calls == 1)
        pipe.fill()
        try reactor.settle()
        #expect(calls == 2)
    }

    @Test("A closed peer shows as end and hang-up, asked for or not", arguments: bothDrivers)
    func hangup(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pair = SocketPair()
        var events: [Readiness] = []
        _ = try reactor.poll(pair.one, for: .readable, mode: .oneShot, label: "socket") {
            events.append($0)
        }
        pair.closeOther()
        try reactor.run { !events.isEmpty }
        #expect(events == [[.readable, .peerClosed, .hangup]])
    }

    @Test("A reader that has gone is an error for the writer, asked for or not", arguments: bothDrivers)
    func brokenPipe(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pipe = Pipe()
        var events: [Readiness] = []
        pipe.closeReader()
        _ = try reactor.poll(pipe.writer, for: .writable, mode: .oneShot, label: "pipe") { events.append($0) }
        try reactor.run { !events.isEmpty }
        #expect(events == [[.writable, .error]])
    }

    @Test("A descriptor that is not open is an error, once, and disturbs nobody", arguments: bothDrivers)
    func badDescriptor(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pipe = Pipe()
        pipe.fill()
        var bad: [Readiness] = []
        var good = 0
        // A number far beyond what any process has open.
        let first = try reactor.poll(Int32.max, for: .readable, mode: .oneShot, label: "closed") {
            bad.append($0)
        }
        let second = try reactor.poll(-1, for: .readable, mode: .multishot, label: "none") { bad.append($0) }
        _ = try reactor.poll(pipe.reader, for: .readable, mode: .oneShot, label: "pipe") { _ in good += 1 }
        try reactor.settle()
        #expect(bad == [.error, .error])
        #expect(good == 1)
        reactor.cancel(first)
        reactor.cancel(second)
        try reactor.settle()
        #expect(bad.count == 2)
    }

    @Test("A regular file is always ready for one shot, and no matter for many", arguments: bothDrivers)
    func regularFile(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let directory = TemporaryDirectory()
        let file = open(directory.write("file"), O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var single: [Readiness] = []
        var many: [Readiness] = []
        _ = try reactor.poll(file, for: .readable, mode: .oneShot, label: "file") { single.append($0) }
        _ = try reactor.poll(file, for: .readable, mode: .multishot, label: "file") { many.append($0) }
        try reactor.settle()
        #expect(single == [.readable])
        #expect(many == [.error])
    }

    @Test("A peer that only stops sending shows even to who just wants to write", arguments: bothDrivers)
    func halfClosed(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pair = SocketPair()
        var events: [Readiness] = []
        #expect(shutdown(pair.other, Int32(SHUT_WR)) == 0)
        _ = try reactor.poll(pair.one, for: .writable, mode: .oneShot, label: "socket") { events.append($0) }
        try reactor.run { !events.isEmpty }
        #expect(events == [[.writable, .peerClosed]])
        // The one who cannot write for now hears of it all the same.
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while write(pair.one, &bytes, bytes.count) > 0 {}
        events = []
        _ = try reactor.poll(pair.one, for: .writable, mode: .oneShot, label: "socket") { events.append($0) }
        try reactor.run { !events.isEmpty }
        #expect(events == [.peerClosed])
    }

    @Test("A connection shows as readable here and writable there", arguments: bothDrivers)
    func connection(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let listener = LoopbackListener()
        var log: [String: Readiness] = [:]
        _ = try reactor.poll(listener.descriptor, for: .readable, mode: .oneShot, label: "listener") {
            log["listener"] = $0
        }
        try reactor.settle()
        #expect(log.isEmpty)
        let client = listener.connect()
        defer { close(client) }
        _ = try reactor.poll(client, for: [.readable, .writable], mode: .oneShot, label: "client") {
            log["client"] = $0
        }
        try reactor.run { log.count == 2 }
        #expect(log == ["listener": .readable, "client": .writable])
    }

    @Test("A refused connection is writable, in error and hung up", arguments: bothDrivers)
    func refusedConnection(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let listener = LoopbackListener(isListening: false)
        let client = listener.connect()
        defer { close(client) }
        var events: [Readiness] = []
        _ = try reactor.poll(client, for: [.readable, .writable], mode: .oneShot, label: "client") {
            events.append($0)
        }
        try reactor.run { !events.isEmpty }
        #expect(events == [[.readable, .writable, .error, .hangup, .peerClosed]])
    }

    @Test("One descriptor takes several registrations, each on its own", arguments: bothDrivers)
    func sameDescriptorTwice(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pair = SocketPair()
        var log: [String] = []
        let many = try reactor.poll(pair.one, for: .readable, mode: .multishot, label: "socket") { _ in
            log.append("many")
        }
        _ = try reactor.poll(pair.one, for: .writable, mode: .oneShot, label: "socket") { _ in
            log.append("writable")
        }
        _ = try reactor.poll(pair.one, for: .readable, mode: .oneShot, label: "socket") { _ in
            log.append("single")
        }
        try reactor.settle()
        #expect(log == ["writable"])
        #expect(write(pair.other, "x", 1) == 1)
        try reactor.settle()
        #expect(log.sorted() == ["many", "single", "writable"])
        reactor.cancel(many)
        log = []
        _ = try reactor.poll(pair.one, for: .readable, mode: .oneShot, label: "socket") { _ in
            log.append("again")
        }
        try reactor.settle()
        #expect(log == ["again"])
    }

    @Test("Two reactors on one thread do not know of each other", arguments: bothDrivers)
    func twoReactors(_ driver: BackendChoice) throws {
        let one = try Reactor(backend: driver)
        let other = try Reactor(backend: driver)
        let pipe = Pipe()
        var log: [String] = []
        _ = try one.poll(pipe.reader, for: .readable, mode: .multishot, label: "pipe") { _ in
            log.append("one")
        }
        let second = try other.poll(pipe.reader, for: .readable, mode: .multishot, label: "pipe") { _ in
            log.append("other")
        }
        pipe.fill()
        try one.settle()
        try other.settle()
        #expect(log == ["one", "other"])
        other.cancel(second)
        pipe.fill()
        try one.settle()
        try other.settle()
        #expect(log == ["one", "other", "one"])
    }

    @Test("A reactor lets go of its handlers, descriptors and memory at its end", arguments: bothDrivers)
    func releasesHandlers(_ driver: BackendChoice) throws {
        final class Witness {}
        let pipe = Pipe()
        weak var polled: Witness?
        weak var cancelled: Witness?
        weak var timed: Witness?
        do {
            let reactor = try Reactor(backend: driver)
            let witnesses = [Witness(), Witness(), Witness()]
            (polled, cancelled, timed) = (witnesses[0], witnesses[1], witnesses[2])
            _ = try reactor.poll(pipe.reader, for: .readable, mode: .multishot, label: "pipe") {
                [witness = witnesses[0]] _ in _ = witness
            }
            let registration = try reactor.poll(
                pipe.reader,
                for: .readable,
                mode: .multishot,
                label: "pipe"
            ) { [witness = witnesses[1]] _ in _ = witness }
            reactor.schedule(after: .seconds(3_600)) { [witness = witnesses[2]] in _ = witness }
            try reactor.settle()
            reactor.cancel(registration)
        }
        #expect(polled == nil)
        #expect(cancelled == nil)
        #expect(timed == nil)
    }
}
