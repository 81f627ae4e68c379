import Glibc
import Scheduling
import Testing

@testable import Reactor

/// Random programs against a simple model of what a reactor promises.
@Suite("Random programs")
struct ModelTests {
    private final class Entry {
        let pipe: Int
        let mode: PollMode
        var isAlive = true
        var calls = 0
        var registration: Registration?

        init(pipe: Int, mode: PollMode) {
            self.pipe = pipe
            self.mode = mode
        }
    }

    private final class World {
        let reactor: Reactor
        var random: SplitMix64
        var pipes: [Pipe]
        var entries: [Entry] = []

        init(reactor: Reactor, seed: UInt64) {
            self.reactor = reactor
            random = SplitMix64(seed: seed)
            pipes = (0..<8).map { _ in Pipe() }
        }

        func step() throws {
            let number = Int.random(in: 0..<pipes.count, using: &random)
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<6: try register(number)
            case 6..<9: cancelAny()
            case 9..<14: pipes[number].fill()
            case 14: replace(number)
            default: try reactor.settle(ticks: 1)
            }
        }

        func register(_ number: Int) throws {
            let entry = Entry(pipe: number, mode: Bool.random(using: &random) ? .oneShot : .multishot)
            entry.registration = try reactor.poll(
                pipes[number].reader,
                for: .readable,
                mode: entry.mode,
                label: "\(number)"
            ) { [unowned self] _ in
                handle(entry)
            }
            entries.append(entry)
        }

        func handle(_ entry: Entry) {
            #expect(entry.isAlive, "called after its end")
            entry.calls += 1
            pipes[entry.pipe].drain()
            if entry.mode == .oneShot {
                end(entry)
            }
            switch Int.random(in: 0..<10, using: &random) {
            case 0: cancelAny()
            case 1: cancel(entry)
            case 2: replace(entry.pipe)
            case 3: #expect(throws: Never.self) { try register(entry.pipe) }
            default: break
            }
        }

        func end(_ entry: Entry) {
            entry.isAlive = false
            entries.removeAll { $0 === entry }
        }

        func cancelAny() {
            guard let entry = entries.randomElement(using: &random) else { return }
            cancel(entry)
        }

        func cancel(_ entry: Entry) {
            end(entry)
            if let registration = entry.registration {
                reactor.cancel(registration)
            }
        }

        /// A new pipe, most likely under the old one's numbers.
        func replace(_ number: Int) {
            for entry in entries where entry.pipe == number {
                cancel(entry)
            }
            pipes[number].closeReader()
            pipes[number].closeWriter()
            pipes[number] = Pipe()
        }
    }

    private func play(seed: UInt64, on reactor: Reactor) throws {
        let world = World(reactor: reactor, seed: seed)
        for _ in 0..<600 {
            try world.step()
        }
        // Whatever is still registered must hear of new data, and then there is none left.
        for round in 0..<3 {
            let waiting = world.entries
            let calls = waiting.map(\.calls)
            world.pipes.forEach { $0.fill() }
            try world.reactor.settle()
            for (entry, before) in zip(waiting, calls) where entry.isAlive {
                #expect(entry.calls > before, "seed \(seed), round \(round): not called")
            }
            world.pipes.forEach { $0.drain() }
        }
    }

    @Test("Keep every promise", arguments: bothDrivers, [1, 3, 64] as [UInt32])
    func random(_ driver: BackendChoice, _ ringEntries: UInt32) throws {
        for seed in 0..<20 as Range<UInt64> {
            try play(seed: seed, on: Reactor(backend: driver, ringEntries: ringEntries))
        }
    }

    @Test("So do the set-ups for older kernels", arguments: IOUringDriver.setupFlags)
    func olderKernels(_ flags: UInt32) throws {
        for seed in 100..<110 as Range<UInt64> {
            let reactor = try Reactor(
                backend: .ioUring,
                trace: nil,
                makeIOUring: { () throws(SystemError) in
                    try IOUringDriver(entries: 2, trace: nil, flags: [flags])
                }
            )
            try play(seed: seed, on: reactor)
        }
    }
}
