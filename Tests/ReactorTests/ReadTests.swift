import Glibc
import Testing

@testable import Reactor

@Suite("Reading files")
struct ReadTests {
    private let directory = TemporaryDirectory()

    private func bytes(_ buffer: ReadBuffer, _ count: Int) -> [UInt8] {
        buffer.withBytes(count) { span in
            (0..<span.byteCount).map { span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }
    }

    @Test("At offsets, short at the end, nothing after it", arguments: bothDrivers)
    func offsets(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let content = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let file = OwnedDescriptor(open(directory.write("file", content), O_RDONLY | O_CLOEXEC))
        let buffer = ReadBuffer(capacity: 300)
        for (offset, length, expected) in [
            (0, nil, 300), (299, nil, 300), (900, nil, 100), (1_000, nil, 0), (5_000, nil, 0), (10, 7, 7),
            (10, 900, 300), (10, 0, 0),
        ] as [(Int, Int?, Int)] {
            var outcome: Result<Int, SystemError>?
            _ = try reactor.read(
                file.raw,
                at: UInt64(offset),
                into: buffer,
                length: length,
                label: "file"
            ) { outcome = $0 }
            #expect(outcome == nil, "no handler runs within read")
            #expect(buffer.isInFlight)
            try reactor.run { outcome != nil }
            #expect(outcome == .success(expected))
            #expect(!buffer.isInFlight)
            #expect(bytes(buffer, expected) == Array(content.dropFirst(offset).prefix(expected)))
        }
    }

    @Test("A file that grows is read on from where it ended", arguments: bothDrivers)
    func growth(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let path = directory.write("file", [1, 2, 3])
        // Non-blocking, as a careful opener does against FIFOs.
        let file = OwnedDescriptor(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC))
        let buffer = ReadBuffer(capacity: 64)
        var seen: [UInt8] = []
        func readOn() throws -> Int {
            var count: Int?
            _ = try reactor.read(file.raw, at: UInt64(seen.count), into: buffer, label: "file") {
                count = try? $0.get()
            }
            try reactor.run { count != nil }
            seen += bytes(buffer, count ?? 0)
            return count ?? -1
        }
        #expect(try readOn() == 3)
        #expect(try readOn() == 0)
        let writer = OwnedDescriptor(open(path, O_WRONLY | O_APPEND | O_CLOEXEC))
        #expect(write(writer.raw, [UInt8]([4, 5]), 2) == 2)
        #expect(try readOn() == 2)
        #expect(seen == [1, 2, 3, 4, 5])
    }

    @Test("At once, where that takes no waiting, and so often in a tick only", arguments: bothDrivers)
    func atOnce(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let file = OwnedDescriptor(open(directory.write("file", [1, 2, 3, 4, 5]), O_RDONLY | O_CLOEXEC))
        let buffer = ReadBuffer(capacity: 3)
        func read(at offset: UInt64, _ descriptor: Int32? = nil) -> Int? {
            reactor.readAtOnce(
                descriptor ?? file.raw,
                at: offset,
                into: buffer,
                isInMemory: true,
                label: "file"
            )
        }
        #expect(read(at: 0) == 3)
        #expect(bytes(buffer, 3) == [1, 2, 3])
        #expect(read(at: 3) == 2)
        #expect(bytes(buffer, 2) == [4, 5])
        #expect(read(at: 5) == 0)
        #expect(read(at: 0, -1) == nil, "an error is left to the read on the loop")
        #expect(Reactor.maxReadsAtOnce == 4)
        #expect(read(at: 0) == nil)
        var ticked = false
        reactor.schedule(after: .zero) { ticked = true }
        try reactor.run { ticked }
        #expect(read(at: 0) == 3)
        #expect(read(at: UInt64.max) == nil)
    }

    @Test("A file on a disk is read at once from the kernel's memory only")
    func withoutWaiting() throws {
        let reactor = try Reactor(backend: .epoll)
        let file = OwnedDescriptor(open(directory.write("file", [1, 2, 3]), O_RDONLY | O_CLOEXEC))
        let buffer = ReadBuffer(capacity: 8)
        let count = reactor.readAtOnce(file.raw, at: 0, into: buffer, isInMemory: false, label: "file")
        // File systems that do not know RWF_NOWAIT refuse it.
        #expect(count == 3 || count == nil)
    }

    @Test("Errors are the kernel's own", arguments: bothDrivers)
    func errors(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let writeOnly = OwnedDescriptor(open(directory.write("file"), O_WRONLY | O_CLOEXEC))
        let folder = OwnedDescriptor(open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        for (descriptor, error) in [(-1, EBADF), (writeOnly.raw, EBADF), (folder.raw, EISDIR)] {
            var outcome: Result<Int, SystemError>?
            _ = try reactor.read(descriptor, at: 0, into: ReadBuffer(capacity: 8), label: "bad") {
                outcome = $0
            }
            try reactor.run { outcome != nil }
            #expect(outcome == .failure(SystemError(call: "read", errno: error)))
        }
    }

    @Test("Many reads of one tick, all answered", arguments: bothDrivers)
    func many(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver, ringEntries: 4)
        let content = (0..<200).map { UInt8($0) }
        let file = OwnedDescriptor(open(directory.write("file", content), O_RDONLY | O_CLOEXEC))
        var answers: [Int: UInt8] = [:]
        for offset in 0..<200 {
            let buffer = ReadBuffer(capacity: 1)
            _ = try reactor.read(file.raw, at: UInt64(offset), into: buffer, label: "file") { result in
                #expect(result == .success(1))
                answers[offset] = bytes(buffer, 1)[0]
            }
        }
        try reactor.run { answers.count == 200 }
        #expect(answers.allSatisfy { $0.key == Int($0.value) })
    }

    @Test("A cancelled read is not reported, and gives the buffer back", arguments: bothDrivers)
    func cancelled(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let file = OwnedDescriptor(open(directory.write("file", [1, 2]), O_RDONLY | O_CLOEXEC))
        let buffer = ReadBuffer(capacity: 8)
        let registration = try reactor.read(file.raw, at: 0, into: buffer, label: "file") { _ in
            Issue.record("called after its cancellation")
        }
        reactor.cancel(registration)
        reactor.cancel(registration)
        try reactor.run { !buffer.isInFlight }
        var count = 0
        _ = try reactor.read(file.raw, at: 1, into: buffer, label: "file") { count = (try? $0.get()) ?? -1 }
        try reactor.run { count != 0 }
        #expect(count == 1)
        #expect(bytes(buffer, 1) == [2])
    }

    @Test(
        "A read whose answer is there already can be cancelled by another's handler",
        arguments: bothDrivers
    )
    func cancelledByNeighbour(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let file = OwnedDescriptor(open(directory.write("file", [1, 2]), O_RDONLY | O_CLOEXEC))
        let buffers = [ReadBuffer(capacity: 2), ReadBuffer(capacity: 2)]
        var registrations: [Registration] = []
        var calls = 0
        for buffer in buffers {
            registrations.append(
                try reactor.read(file.raw, at: 0, into: buffer, label: "file") { _ in
                    calls += 1
                    registrations.forEach(reactor.cancel)
                }
            )
        }
        try reactor.run { !buffers.contains { $0.isInFlight } }
        try reactor.settle()
        #expect(calls == 1)
    }

    @Test("The buffer lives as long as the kernel may write to it", arguments: bothDrivers)
    func bufferLifetime(_ driver: BackendChoice) throws {
        let file = OwnedDescriptor(open(directory.write("file", [1, 2]), O_RDONLY | O_CLOEXEC))
        weak var buffer: ReadBuffer?
        do {
            let reactor = try Reactor(backend: driver)
            let made = ReadBuffer(capacity: 8)
            buffer = made
            let registration = try reactor.read(file.raw, at: 0, into: made, label: "file") { _ in }
            reactor.cancel(registration)
            _ = try reactor.read(file.raw, at: 0, into: ReadBuffer(capacity: 8), label: "file") { _ in
                Issue.record("reported although the reactor is gone")
            }
        }
        #expect(buffer == nil)
    }

    @Test("A buffer in flight may not be used")
    func exclusiveUse() async {
        await #expect(processExitsWith: .failure) {
            let reactor = try Reactor(backend: .epoll)
            let buffer = ReadBuffer(capacity: 8)
            _ = try reactor.read(0, at: 0, into: buffer, label: "one") { _ in }
            _ = try reactor.read(0, at: 0, into: buffer, label: "two") { _ in }
        }
    }
}
