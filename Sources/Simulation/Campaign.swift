import Dispatch
import Synchronization

/// Many seeds, on several threads. Each run has a world of its own.
package struct Campaign: Sendable {
    package var seeds: Range<UInt64>
    package var jobs: Int
    package var sabotage: Sabotage?

    package init(seeds: Range<UInt64>, jobs: Int, sabotage: Sabotage? = nil) {
        self.seeds = seeds
        self.jobs = jobs
        self.sabotage = sabotage
    }

    /// Runs one seed: once, and where no fault is in its way a second time on the other reading path.
    package static func run(
        _ seed: UInt64,
        sabotage: Sabotage? = nil,
        tellsStory: Bool = false
    ) -> Simulation.Outcome {
        let options = Simulation.Options(tellsStory: tellsStory, sabotage: sabotage)
        var outcome = Simulation(seed: seed, options: options).run()
        guard outcome.isClean, sabotage == nil || sabotage == .shortensOtherPath else {
            return outcome
        }
        var other = options
        other.usesOtherPath = true
        other.tellsStory = false
        let second = Simulation(seed: seed, options: other).run()
        outcome.violations += second.violations.filter { _ in sabotage == nil }
        if let difference = outcome.difference(to: second) {
            outcome.violations.append(Violation(invariant: .readingPathsAgree, text: difference))
        }
        return outcome
    }

    /// Runs all seeds.
    package func run() -> CampaignResult {
        let result = Mutex(CampaignResult())
        let next = Atomic<UInt64>(seeds.lowerBound)
        DispatchQueue.concurrentPerform(iterations: jobs) { _ in
            var own = CampaignResult()
            while true {
                let seed = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard seeds.contains(seed) else { break }
                own.add(Self.run(seed, sabotage: sabotage))
            }
            result.withLock { $0.merge(own) }
        }
        return result.withLock { $0 }
    }

    /// The first seed, in their order, whose run has such a violation.
    package func firstSeed(where isWanted: (Violation) -> Bool) -> UInt64? {
        seeds.first { seed in Self.run(seed, sabotage: sabotage).violations.contains(where: isWanted) }
    }
}

extension Simulation.Outcome {
    /// In which call the two differ. Left out is what depends on when the end is noticed: heartbeats, time stamps, and
    /// whether the announcement has left before.
    fileprivate func difference(to other: Simulation.Outcome) -> String? {
        guard status == other.status else {
            return "exit code \(status ?? -1) on one path, \(other.status ?? -1) on the other"
        }
        let (left, right) = (comparable, other.comparable)
        guard left != right else { return nil }
        let place = zip(left, right).prefix { $0 == $1 }.count
        let shown = [left, right].map { $0.dropFirst(place).first ?? "nothing" }
        return "call \(place + 1) is \(shown[0]) on one path, \(shown[1]) on the other"
    }

    private var comparable: [String] {
        calls.filter { ![.running, .heartbeat, .putLog, .token].contains($0.kind) }
            .map { "\($0.kind.rawValue) \(String(decoding: $0.body, as: UTF8.self))" }
    }
}

/// What a campaign has found.
package struct CampaignResult: Sendable {
    package struct Finding: Sendable {
        package var seed: UInt64
        package var violation: Violation
    }

    package private(set) var census = CensusCounts()
    package private(set) var findings: [Finding] = []

    mutating func add(_ outcome: Simulation.Outcome) {
        census.add(outcome.census, events: outcome.events)
        findings += outcome.violations.prefix(3).map { Finding(seed: outcome.seed, violation: $0) }
    }

    mutating func merge(_ other: CampaignResult) {
        census.merge(other.census)
        findings += other.findings
    }

    /// With fewer seeds, something rare need not have occurred.
    private static let seedsForAll: UInt64 = 5_000
    /// More runs without a fault would be a waste.
    private static let maxShareWithoutFaults = 0.2

    /// Whether every invariant holds, and the seeds were worth it.
    package func isGood(seeds: UInt64) -> Bool {
        findings.isEmpty && (seeds < Self.seedsForAll || census.missing.isEmpty)
            && Double(census.runsWithoutFaults) < Self.maxShareWithoutFaults * Double(max(census.runs, 20))
    }

    /// For people.
    package func summary(seeds: UInt64) -> String {
        var lines = ["runs: \(census.runs), events of the loop: \(census.events)"]
        lines.append(
            "without a fault: \(census.runsWithoutFaults) (\(100 * census.runsWithoutFaults / max(1, census.runs)) %)"
        )
        lines.append("runs with each fault:  " + Self.table(Fault.allCases, census.faults))
        lines.append("runs with each ending: " + Self.table(EndingKind.allCases, census.endings))
        lines.append("runs of each outcome:  " + Self.table(OutcomeRow.allCases, census.rows))
        if !census.missing.isEmpty { lines.append("never seen: " + census.missing.joined(separator: ", ")) }
        lines.append("violations: \(findings.count)")
        for finding in findings.sorted(by: { $0.seed < $1.seed }).prefix(20) {
            lines.append(
                "  seed \(finding.seed), \(finding.violation.invariant.rawValue): \(finding.violation.text.prefix(300))"
            )
        }
        return lines.joined(separator: "\n")
    }

    private static func table<Kind: RawRepresentable & Hashable>(_ all: [Kind], _ counts: [Kind: Int])
        -> String
    where Kind.RawValue == String {
        all.map { "\($0.rawValue) \(counts[$0] ?? 0)" }.joined(separator: ", ")
    }
}
