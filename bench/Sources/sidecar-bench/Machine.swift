import ArgumentParser
import BenchReport

/// Says what would stand in a report about the machine.
struct Machine: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what every report says about the machine."
    )

    func run() {
        for fact in MachineFacts.current().facts { print("\(fact.name): \(fact.value)") }
    }
}
