@testable import Telemetry

extension FuzzInput {
    /// Measurements of any metrics, with any numbers and tags.
    mutating func measurements(_ count: Int) -> [Measurement] {
        (0..<count).map { _ in
            let metric = choice(of: Metric.allCases)
            // Most numbers are as small as real ones.
            let value = choice() < 200 ? Double(choice()) / 8 : Double(bitPattern: word())
            return Measurement(metric, value, tags())
        }
    }

    mutating func tags() -> [Tag] {
        (0..<choice() % 4).map { _ in Tag(choice(of: TagName.allCases), text(upTo: 0)) }
    }
}
