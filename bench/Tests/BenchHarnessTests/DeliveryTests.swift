import ControlPlane
import Scheduling
import Testing

@testable import BenchHarness

@Suite struct DeliveryTests {
    private static let right =
        #"{"workloadId":"w","output":"{\"checkConnection\":{\"status\":\"succeeded\"}}"}"#
    private static let wrong = #"{"workloadId":"w","output":"{\"checkConnection\":{\"status\":\"failed\"}}"}"#

    private func call(_ kind: ReceivedCall.Kind, _ text: String = "", more: Int = 0) -> ReceivedCall {
        ReceivedCall(
            kind: kind,
            workloadID: "w",
            arrival: Instant(nanoseconds: 0),
            byteCount: text.utf8.count + more,
            body: Array(text.utf8)
        )
    }

    private func problem(_ operation: Job.Operation, _ calls: [ReceivedCall]) -> String? {
        Delivery(calls, of: Job(operation: operation)).problem
    }

    @Test func theLastOutputCounts() {
        let (good, bad) = (call(.writeOutput, Self.right), call(.writeOutput, Self.wrong))
        #expect(problem(.check, [call(.running), good, call(.success), call(.heartbeat)]) == nil)
        #expect(problem(.check, [bad, good, call(.success)]) == nil)
        #expect(
            problem(.check, [good, bad, call(.success)])
                == "the last output that was stored is not the result"
        )
        #expect(Delivery([bad, good], of: Job(operation: .check)).output == good)
    }

    @Test func theReportIsTheLastCall() {
        let good = call(.writeOutput, Self.right)
        let late = "the report of the success was not the last call"
        #expect(problem(.check, [good]) == "no success was reported")
        #expect(problem(.check, [call(.success)]) == "no output was stored")
        #expect(problem(.check, [good, call(.success), good]) == late)
        #expect(problem(.check, [good, call(.success), call(.success)]) == late)
    }

    @Test func aCatalogIsWrittenBeforeItsOutput() {
        let (catalog, report) = (call(.writeCatalog, #"{"catalog":{}}"#), call(.success))
        let output = call(.writeOutput, #"{"output":"\#(ObjectStoreRouter.catalogID)"}"#)
        #expect(problem(.discover, [catalog, output, report]) == nil)
        #expect(problem(.discover, [output, report]) == "no catalog was written")
        #expect(
            problem(.discover, [catalog, output, catalog, report])
                == "the last catalog was written after the last output"
        )
        #expect(problem(.discover, [catalog, call(.writeOutput, Self.right), report]) != nil)
    }

    @Test func ofALongOutputOnlyTheBeginningIsKnown() {
        #expect(problem(.spec, [call(.writeOutput, #"{"output":"{"#, more: 1), call(.success)]) == nil)
        #expect(problem(.spec, [call(.writeOutput, #"{"output":"{"#), call(.success)]) != nil)
    }

    @Test func anObjectCountsWhereOutputsAreStoredInABucket() {
        let job = Job(operation: .check, sink: .s3)
        #expect(Delivery([call(.putObject, Self.right), call(.success)], of: job).problem == nil)
        #expect(Delivery([call(.writeOutput, Self.right), call(.success)], of: job).problem != nil)
    }
}
