import ArgumentParser
import BenchHarness

/// One way to play a job: what it does, and how far away its control plane is.
struct JobVariant {
    var operation: Job.Operation
    /// One way, in milliseconds.
    var distance: Double

    var isDistant: Bool { distance > 0 }

    /// A program that plays it, as tables call it.
    func subject(_ program: String) -> String {
        "\(program), \(operation)" + (isDistant ? ", \(Self.text(distance)) ms away" : "")
    }

    /// Without a fraction that is zero.
    private static func text(_ number: Double) -> String {
        Int(exactly: number).map { "\($0)" } ?? "\(number)"
    }
}

/// How jobs are played by the commands that measure times.
struct JobOptions: ParsableArguments {
    @Option(help: "The jobs, of: check, spec, discover.")
    var operations = "check"

    @Option(
        help: """
            How late the control plane gets requests, in milliseconds; a list, such as 0,20. At a distance only the \
            delivery of the result is reported.
            """
    )
    var distances = "0"

    @Option(
        help: "How long a result stands before its connector ends: random, between two numbers of seconds."
    )
    var standing = SecondsRange(bounds: 0.02...0.3)

    /// Every operation at every distance.
    func variants() throws -> [JobVariant] {
        let distances = try self.distances.split(separator: ",").map { item in
            guard let distance = Double(item), distance >= 0, distance < 10_000 else {
                throw ValidationError("'\(item)' is no distance")
            }
            return distance
        }
        let operations = try self.operations.split(separator: ",").map { item in
            guard let operation = Job.Operation(rawValue: String(item)) else {
                throw ValidationError("there is no operation '\(item)'")
            }
            return operation
        }
        guard !distances.isEmpty, !operations.isEmpty else {
            throw ValidationError("--operations and --distances are not empty")
        }
        return distances.flatMap { distance in
            operations.map { JobVariant(operation: $0, distance: distance) }
        }
    }

    func validate() throws {
        _ = try variants()
    }
}

/// Two numbers of seconds, as `0.02-0.3`.
struct SecondsRange: ExpressibleByArgument, CustomStringConvertible {
    var bounds: ClosedRange<Double>

    init(bounds: ClosedRange<Double>) {
        self.bounds = bounds
    }

    init?(argument: String) {
        let numbers = argument.split(separator: "-", omittingEmptySubsequences: false).map { Double($0) }
        guard (1...2).contains(numbers.count), let low = numbers[0], let high = numbers[numbers.count - 1],
            low >= 0, high >= low, high.isFinite
        else { return nil }
        bounds = low...high
    }

    var description: String { "\(bounds.lowerBound)-\(bounds.upperBound)" }
    var defaultValueDescription: String { description }
}
