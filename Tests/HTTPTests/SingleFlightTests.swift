import Testing

@testable import HTTP

@Suite struct SingleFlightTests {
    private final class Record {
        var fetches = 0
        var answers: [String] = []
    }

    private let flight = SingleFlight<Int>()
    private let record = Record()

    private func join(_ name: String) {
        flight.join({ [record] in record.answers.append("\(name) \($0)") }, fetch: { record.fetches += 1 })
    }

    @Test func oneFetchServesAllInOrder() {
        #expect(!flight.isUnderWay)
        join("a")
        join("b")
        join("c")
        #expect(flight.isUnderWay)
        #expect(record.fetches == 1)
        #expect(record.answers.isEmpty)
        flight.finish(7)
        #expect(record.answers == ["a 7", "b 7", "c 7"])
        #expect(!flight.isUnderWay)
    }

    @Test func theAnswerIsNotKept() {
        join("a")
        flight.finish(1)
        join("b")
        #expect(record.fetches == 2)
        flight.finish(2)
        #expect(record.answers == ["a 1", "b 2"])
    }

    @Test func aFetchMayFinishAtOnce() {
        for answer in [1, 2] {
            flight.join({ [record] in record.answers.append("a \($0)") }, fetch: { flight.finish(answer) })
        }
        #expect(record.answers == ["a 1", "a 2"])
    }

    /// Those who waited for the first fetch get its answer, also after a completion has started the second one.
    @Test func aCompletionMayStartTheNextFetch() {
        flight.join(
            { [self] in
                record.answers.append("a \($0)")
                join("a again")
            },
            fetch: { record.fetches += 1 }
        )
        join("b")
        flight.finish(1)
        #expect(record.answers == ["a 1", "b 1"])
        #expect(record.fetches == 2)
        join("c")
        #expect(record.fetches == 2)
        flight.finish(2)
        #expect(record.answers == ["a 1", "b 1", "a again 2", "c 2"])
    }

    /// A completion that joins and a fetch that finishes at once: the second answer comes within the first one.
    @Test func nestedFetchesMayFinishAtOnce() {
        flight.join(
            { [self] in
                record.answers.append("a \($0)")
                flight.join(
                    { [record] in record.answers.append("a again \($0)") },
                    fetch: { flight.finish(2) }
                )
            },
            fetch: {}
        )
        join("b")
        flight.finish(1)
        #expect(record.answers == ["a 1", "a again 2", "b 1"])
        #expect(!flight.isUnderWay)
    }
}
