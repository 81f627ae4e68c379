import ProtocolTestSupport
import Scheduling
import Storage
import TestSupport
import Testing

@testable import Sidecar

/// A store that answers when the test says so.
private final class SlowStore: ObjectStore {
    let name = "the test's store"
    private(set) var keys: [String] = []
    private(set) var documents: [String: [UInt8]] = [:]
    private var waiting: [(key: String, bytes: [UInt8], completion: (StorageFailure?) -> Void)] = []

    var underWay: Int { waiting.count }

    func put(_ content: ObjectContent, key: String, completion: @escaping (StorageFailure?) -> Void) {
        keys.append(key)
        waiting.append((key, (try? content.bytes()) ?? [], completion))
    }

    func answer(_ problem: String? = nil) {
        let put = waiting.removeFirst()
        if problem == nil { documents[put.key] = put.bytes }
        put.completion(problem.map { StorageFailure(message: $0) })
    }

    /// The messages of all documents in the order of their names, as the platform's log reader has them.
    func messages() throws -> [String] {
        try documents.sorted { $0.key < $1.key }.flatMap { _, bytes in
            let document = try json(bytes)
            #expect(document.text("version") == "1")
            return document.at("events")?.elements.compactMap { $0.text("message") } ?? []
        }
    }
}

@Suite struct JobLogUploaderTests {
    private let scheduler = FakeScheduler()
    private let store = SlowStore()
    private let notes = Notes()
    private let uploader: JobLogUploader

    private final class Notes {
        var trouble: [String] = []
        var isClosed = false
    }

    private var trouble: [String] { notes.trouble }
    private var isClosed: Bool { notes.isClosed }

    init() throws {
        uploader = JobLogUploader(
            store: store,
            key: try #require(JobLogKey(logPath: "/w/1/0/logs.log/", host: "pod-1", seed: 1)),
            interval: .seconds(60),
            scheduler: scheduler,
            wallClock: WallClock { 1_795_500_000_123 },
            onTrouble: { [notes] in notes.trouble.append($0) }
        )
    }

    private func log(_ messages: some Sequence<String>) {
        for message in messages {
            uploader.append(JobLogEvent(timestamp: 1, level: .info, source: .source), message.utf8.span)
        }
    }

    private func log(_ message: String) { log([message]) }

    private func close() {
        uploader.close(within: .seconds(15)) { [notes] in notes.isClosed = true }
        scheduler.advance(by: .zero)
    }

    @Test func everyIntervalWithNewEvents() throws {
        #expect(scheduler.delays.isEmpty, "an idle job has no timer")
        log("one")
        log("two")
        scheduler.advance(by: .seconds(59))
        #expect(store.underWay == 0)
        scheduler.advance(by: .seconds(1))
        store.answer()
        #expect(try store.messages() == ["one", "two"])
        scheduler.advance(by: .seconds(600))
        #expect(store.keys.count == 1, "nothing new, nothing stored")
        log("three")
        scheduler.advance(by: .seconds(60))
        store.answer()
        #expect(try store.messages() == ["one", "two", "three"])
        #expect(trouble.isEmpty)
    }

    @Test func manyEventsDoNotWait() throws {
        log((0..<JobLogBatches.maxEvents - 1).map { "\($0)" })
        #expect(store.underWay == 0)
        log("the last")
        #expect(store.underWay == 1)
        log("one more")
        store.answer()
        #expect(try store.messages().count == JobLogBatches.maxEvents)
        close()
        store.answer()
        #expect(isClosed)
        #expect(try store.messages().suffix(2) == ["the last", "one more"])
    }

    @Test func manyBytesDoNotWait() {
        log(text(ofLength: JobLogBatches.maxDocumentSize))
        #expect(store.underWay == 1)
    }

    @Test func oneDocumentAtATimeAndInOrder() throws {
        let all = (0..<3 * JobLogBatches.maxEvents).map { "\($0)" }
        log(all)
        for _ in 0..<3 {
            #expect(store.underWay == 1)
            store.answer()
        }
        #expect(try store.messages() == all)
        #expect(Set(store.keys).count == 3)
        #expect(store.keys == store.keys.sorted(), "documents of one second keep their order by name")
    }

    @Test func aFailureLosesNothing() throws {
        log("one")
        scheduler.advance(by: .seconds(60))
        store.answer("503 SlowDown")
        #expect(trouble.count == 1 && trouble[0].contains("503 SlowDown"), "\(trouble)")
        log("two")
        scheduler.advance(by: .seconds(60))
        store.answer()
        #expect(try store.messages() == ["one", "two"])
        #expect(Set(store.keys).count == 1, "the same document again, not a second one")
    }

    @Test func whatComesDuringASlowUploadHasItsIntervalToo() throws {
        log("one")
        scheduler.advance(by: .seconds(60))
        log("two")
        scheduler.advance(by: .seconds(60))
        #expect(store.underWay == 1, "the first document is still under way")
        store.answer()
        scheduler.advance(by: .seconds(60))
        store.answer()
        #expect(try store.messages() == ["one", "two"])
    }

    @Test func troubleIsToldOnce() {
        log("one")
        for _ in 0..<5 {
            scheduler.advance(by: .seconds(60))
            store.answer("down")
        }
        #expect(trouble.count == 1)
    }

    @Test func theEndStoresTheRestAndTriesAgain() throws {
        log("one")
        close()
        store.answer("connection reset")
        #expect(!isClosed)
        scheduler.advance(by: .seconds(1))
        store.answer()
        #expect(isClosed)
        #expect(try store.messages() == ["one"])
    }

    @Test func theEndGivesUpOnAStoreThatRefuses() {
        log("one")
        close()
        for _ in 0..<3 {
            #expect(!isClosed)
            store.answer("access denied")
            scheduler.advance(by: .seconds(1))
        }
        #expect(isClosed)
    }

    @Test func theEndDoesNotWaitForEver() {
        log("one")
        close()
        scheduler.advance(by: .seconds(15))
        #expect(isClosed, "the store has not answered at all")
    }

    @Test func theEndIsTheEnd() throws {
        log("one")
        close()
        log("the bucket was made for this document")
        store.answer()
        #expect(isClosed)
        #expect(try store.messages() == ["one"])
    }

    @Test func nothingToStoreEndsAtOnce() {
        close()
        #expect(isClosed && store.keys.isEmpty)
    }

    @Test func theEndWaitsForWhatIsUnderWay() throws {
        log("one")
        scheduler.advance(by: .seconds(60))
        log("two")
        close()
        #expect(!isClosed)
        store.answer()
        store.answer()
        #expect(isClosed)
        #expect(try store.messages() == ["one", "two"])
    }

    @Test func aStoreThatIsDownCostsNoMemory() throws {
        let megabyte = text(ofLength: 1_024 * 1_024)
        log("first")
        scheduler.advance(by: .seconds(60))
        store.answer("down")
        for _ in 0..<100 { log(megabyte) }
        #expect(!uploader.isStalled, "a dead store holds nobody up")
        scheduler.advance(by: .seconds(60))
        store.answer()
        #expect(trouble.last?.contains("log lines are missing") == true, "\(trouble.map { $0.prefix(80) })")
        while store.underWay > 0 { store.answer() }
        #expect(try store.messages().count < 20)
        #expect(try store.messages().first == "first")
    }

    @Test func aSlowStoreHoldsTheReaderBack() {
        var isRelieved = false
        let megabyte = text(ofLength: 1_024 * 1_024)
        for _ in 0..<9 { log(megabyte) }
        #expect(uploader.isStalled)
        uploader.whenRelieved { isRelieved = true }
        #expect(!isRelieved)
        while store.underWay > 0 { store.answer() }
        #expect(isRelieved && !uploader.isStalled)
    }
}

@Suite struct JobLogKeyTests {
    @Test(arguments: [
        ("w/1/0/logs.log", "job-logging/w/1/0/logs.log"), ("/w/1//0/", "job-logging/w/1/0"),
        ("job-logging/w/1", "job-logging/w/1"), ("/job-logging/w", "job-logging/w"),
        ("job-logging-2/w", "job-logging/job-logging-2/w"),
    ])
    func prefix(_ logPath: String, _ prefix: String) throws {
        var key = try #require(JobLogKey(logPath: logPath, host: "pod", seed: 1))
        #expect(key.next(millisecondsSince1970: 0).hasPrefix("\(prefix)/19700101000000_pod_"))
    }

    @Test func form() throws {
        var key = try #require(JobLogKey(logPath: "p", host: "my-pod", seed: 1))
        let name = key.next(millisecondsSince1970: 1_795_500_000_123)
        #expect(
            name.wholeMatch(
                of: #/job-logging/p/20261124060000_my-pod_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}\.json/#
            ) != nil,
            "\(name)"
        )
    }

    @Test func laterKeysSortBehind() throws {
        var key = try #require(JobLogKey(logPath: "p", host: "h", seed: 1))
        let times: [Int64] = [1_000, 1_000, 1_000, 1_001, 900, 5_000]
        let names = times.map { key.next(millisecondsSince1970: $0) }
        #expect(names == names.sorted() && Set(names).count == names.count)
    }

    @Test(arguments: ["", "/", "//"])
    func noPathNoKey(_ logPath: String) {
        #expect(JobLogKey(logPath: logPath, host: "h", seed: 1) == nil)
    }
}
