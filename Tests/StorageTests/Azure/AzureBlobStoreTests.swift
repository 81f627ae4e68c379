import Crypto
import HTTP
import Scheduling
import Settings
import TestSupport
import Testing

@testable import Storage

@Suite final class AzureBlobStoreTests {
    /// 2026-11-24T09:20:00Z
    private static let now: Int64 = 1_795_512_000

    private let scheduler = FakeScheduler()
    private let transport = FakeTransport()
    private let directory = TemporaryDirectory()
    private let log = CapturedLog()
    private var ends: [StorageFailure?] = []

    private static let withKey = "AccountName=acct;AccountKey=a2V5"
    private static let withSignature = "AccountName=acct;SharedAccessSignature=sv=1&sp=rw&sig=secret%3D"
    private static let withoutAnything = "AccountName=acct"

    private func store(_ connectionString: String = withKey, maxRetries: Int = 2) throws -> AzureBlobStore {
        directory.write("token", "pod")
        var reader = EnvironmentReader([
            "AZURE_STORAGE_CONNECTION_STRING": connectionString, "AZURE_CLIENT_ID": "client",
            "AZURE_TENANT_ID": "tenant", "AZURE_FEDERATED_TOKEN_FILE": directory.path("token"),
        ])
        return AzureBlobStore.make(
            settings: try #require(AzureSettings.read(&reader)),
            bucket: "output",
            dependencies: .fake(
                transport,
                scheduler,
                log,
                wallClock: WallClock { Self.now * 1_000 },
                maxRetries: maxRetries
            )
        )
    }

    private func put(_ store: AzureBlobStore, _ count: Int = 3, key: String = "/workload/output/w") {
        store.put(ObjectContent([UInt8](repeating: 0x61, count: count)), key: key) { [self] in ends.append($0)
        }
    }

    private func refuse(
        _ status: Int,
        _ code: String,
        _ message: String = "No.\nRequestId:1",
        date: Int64? = nil
    ) {
        let body =
            "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>\(code)</Code><Message>\(message)</Message></Error>"
        var headers = [HTTPHeader("x-ms-request-id", "r-1")]
        if let date { headers.append(HTTPHeader("Date", HTTPDate.text(secondsSince1970: date))) }
        transport.answer(status, body, headers: headers)
    }

    private var messages: [String] { ends.compactMap { $0?.message } }

    @Test func wholeBlob() throws {
        put(try store())
        #expect(
            transport.requests[0].url == "https://acct.blob.core.windows.net/output/%2Fworkload%2Foutput%2Fw"
        )
        let request = transport.requests[0]
        let wanted = [
            "Content-Type": "application/json", "x-ms-blob-content-type": "application/json",
            "x-ms-blob-type": "BlockBlob", "x-ms-date": "Tue, 24 Nov 2026 09:20:00 GMT",
            "x-ms-version": "2020-10-02",
        ]
        for (name, value) in wanted { #expect(request.header(name) == value, "\(name)") }
        #expect(request.header("Content-MD5") == "R7zlx09Yn0hn29V+nKn4CA==")
        #expect(request.header("x-ms-blob-content-md5") == request.header("Content-MD5"))
        #expect(request.header("Authorization")?.hasPrefix("SharedKey acct:") == true)
        transport.answer(201)
        #expect(ends == [nil])
    }

    // MARK: Blocks

    @Test(arguments: [
        (8_388_609, 4_194_304), (4_194_304 * 50_000, 4_194_304), (4_194_304 * 50_000 + 1, 5 * 1_048_576),
        (5_000_000_000_000, 96 * 1_048_576),
    ])
    func blockSizes(_ count: Int, _ size: Int) {
        #expect(AzureBlobStore.blockSize(for: count) == size)
        #expect((count + size - 1) / size <= 50_000)
    }

    @Test func blocksGoUpOneAfterTheOtherAndTheListNamesThem() throws {
        put(try store(), 9_000_000)
        var names: [String] = []
        for size in [4_194_304, 4_194_304, 611_392] {
            let request = try #require(transport.requests.last)
            #expect(transport.unanswered == 1)
            #expect(request.bodyBytes?.count == size)
            #expect(request.header("Content-MD5") != nil)
            let parts = request.url.split(separator: "=")
            #expect(request.url.contains("/output/%2Fworkload%2Foutput%2Fw?comp=block&blockid="))
            names.append(String(try #require(parts.last)))
            transport.answer(201)
        }
        #expect(Set(names).count == 3 && names.allSatisfy { $0.utf8.count == 32 && !$0.contains("%") })
        let list = try #require(transport.requests.last)
        #expect(list.url.hasSuffix("?comp=blocklist"))
        #expect(list.header("x-ms-blob-content-type") == "application/json")
        #expect(
            list.bodyText == "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>"
                + names.map { "<Latest>\($0)</Latest>" }.joined() + "</BlockList>"
        )
        let whole = try #require(Digest.md5([UInt8](repeating: 0x61, count: 9_000_000)))
        #expect(list.header("x-ms-blob-content-md5") == Base64.encode(whole))
        #expect(ends.isEmpty)
        transport.answer(201)
        #expect(ends == [nil])
    }

    @Test func contentThatCannotBeReadAnyMore() throws {
        let content = ObjectContent(count: 9_000_000) { range throws(StorageFailure) in
            guard range.lowerBound == 0 else { throw StorageFailure(message: "the file has changed") }
            return [UInt8](repeating: 0, count: range.count)
        }
        try store().put(content, key: "k") { [self] in ends.append($0) }
        transport.answer(201)
        scheduler.advanceToNext()
        #expect(messages == ["the file has changed"])
    }

    // MARK: Retries

    @Test(arguments: [
        (503, "ServerBusy"), (500, "InternalError"), (500, "OperationTimedOut"), (503, ""), (429, ""),
        (408, ""),
        (409, "ContainerBeingDeleted"), (502, ""),
    ])
    func faultsThatPass(_ status: Int, _ code: String) throws {
        put(try store())
        refuse(status, code)
        #expect(ends.isEmpty && transport.unanswered == 0)
        scheduler.advanceToNext()
        transport.fail(.interrupted)
        scheduler.advanceToNext()
        transport.answer(201)
        #expect(ends == [nil])
        #expect(transport.requests.count == 3)
        #expect(log.count(of: "retrying") == 2)
    }

    @Test(
        arguments: [
            (
                403, "AuthorizationFailure",
                "the account's network rules may block this cluster, or the signature may not cover this"
            ),
            (413, "RequestBodyTooLarge", "the service does not accept blocks of this size"),
            (
                403, "AuthenticationFailed",
                "check AccountName and AccountKey in AZURE_STORAGE_CONNECTION_STRING"
            ),
            (
                403, "KeyBasedAuthenticationNotPermitted",
                "the account does not allow keys; use a workload identity and a connection string without AccountKey"
            ),
            (
                400, "InvalidResourceName",
                "a container's name has 3 to 63 lower-case letters, digits and single hyphens"
            ),
            (409, "BlobImmutableDueToPolicy", nil), (400, "Md5Mismatch", nil),
        ] as [(Int, String, String?)]
    )
    func refusalsAreFinalAndTold(_ status: Int, _ code: String, _ advice: String?) throws {
        put(try store())
        refuse(status, code, date: Self.now + 60)
        let wanted =
            "PUT of /workload/output/w to Azure container output at acct.blob.core.windows.net was answered with "
            + "\(status) \(code) \"No.\" (request id r-1)" + (advice.map { "; \($0)" } ?? "")
        #expect(messages == [wanted])
        #expect(transport.requests.count == 1)
    }

    @Test func messagesStayOnOneLine() throws {
        put(try store(), key: "a\nb")
        transport.fail(.interrupted)
        #expect(log.count(of: "\n") == 0 && log.count(of: "PUT of a\\nb to Azure container") == 1)
    }

    @Test func answerThatIsNotTheServices() throws {
        put(try store(), key: "a\nb")
        transport.answer(404, "<html><body>Not here</body>")
        #expect(
            messages == [
                "PUT of a\\nb to Azure container output at acct.blob.core.windows.net was answered with 404: "
                    + "Not here; this is not an answer of Azure's blob service, but of a gateway or a portal: "
                    + "see BlobEndpoint in AZURE_STORAGE_CONNECTION_STRING"
            ]
        )
    }

    @Test(arguments: ["", text(ofLength: 1_025)])
    func keysThatAreNone(_ key: String) throws {
        put(try store(), key: key)
        #expect(ends.isEmpty)
        scheduler.advanceToNext()
        #expect(messages.first?.hasSuffix("is not a valid blob name") == true)
        #expect(transport.requests.isEmpty)
    }

    // MARK: The container

    @Test(arguments: [201, 409])
    func missingContainerIsMade(_ status: Int) throws {
        put(try store())
        refuse(404, "ContainerNotFound")
        #expect(transport.calls.last == "PUT /output?restype=container")
        #expect(transport.requests[1].bodyBytes == [])
        refuse(status, "ContainerAlreadyExists")
        #expect(transport.calls[2] == transport.calls[0])
        transport.answer(201)
        #expect(ends == [nil])
    }

    @Test func containerThatStaysAway() throws {
        put(try store())
        refuse(404, "ContainerNotFound")
        transport.answer(201)
        refuse(404, "ContainerNotFound")
        #expect(messages.first?.contains("404 ContainerNotFound") == true)
        #expect(transport.requests.count == 3)
    }

    @Test func containerThatMayNotBeMade() throws {
        put(try store())
        refuse(404, "ContainerNotFound")
        refuse(403, "AuthorizationPermissionMismatch")
        let message = try #require(messages.first)
        #expect(
            message.hasPrefix(
                "PUT of /workload/output/w failed: Azure container output at acct.blob.core.windows.net is "
                    + "missing and cannot be created:"
            )
        )
        #expect(message.contains("403 AuthorizationPermissionMismatch"))
    }

    // MARK: Clock, signature, token

    @Test(arguments: [-86_400, 1_000, 86_400] as [Int64])
    func wrongClock(_ offset: Int64) throws {
        let store = try store()
        put(store)
        refuse(403, "AuthenticationFailed", date: Self.now + offset)
        #expect(scheduler.delays.isEmpty, "tried again at once")
        #expect(
            transport.requests[1].header("x-ms-date") == HTTPDate.text(secondsSince1970: Self.now + offset)
        )
        refuse(403, "AuthenticationFailed", date: Self.now + offset)
        #expect(messages.count == 1, "the clock is right by now, so it is the key")
        put(store)
        #expect(
            transport.requests[2].header("x-ms-date") == HTTPDate.text(secondsSince1970: Self.now + offset)
        )
    }

    @Test func signatureGoesWithEachRequestAndIntoNoMessage() throws {
        put(try store(Self.withSignature), 9_000_000)
        #expect(transport.requests[0].url.hasSuffix("&sv=1&sp=rw&sig=secret%3D"))
        #expect(transport.requests[0].header("Authorization") == nil)
        refuse(404, "ContainerNotFound")
        #expect(transport.requests[1].url.hasSuffix("/output?restype=container&sv=1&sp=rw&sig=secret%3D"))
        refuse(403, "AuthenticationFailed", date: Self.now + 86_400)
        scheduler.advanceToNext()
        #expect(messages.count == 1 && !messages[0].contains("secret") && !messages[0].contains("sig="))
    }

    private func answerToken(_ token: String) {
        transport.answer(200, #"{"expires_in": 3600, "access_token": "\#(token)"}"#)
    }

    @Test func tokenThatEndsInTheMiddleOfAnUpload() throws {
        put(try store(Self.withoutAnything), 9_000_000)
        answerToken("t1")
        #expect(transport.requests[1].header("Authorization") == "Bearer t1")
        transport.answer(201)
        refuse(401, "InvalidAuthenticationInfo")
        answerToken("t2")
        #expect(transport.requests.last?.header("Authorization") == "Bearer t2")
        #expect(transport.requests.last?.url == transport.requests[2].url, "the same block once more")
        transport.answer(201)
        transport.answer(201)
        transport.answer(201)
        #expect(ends == [nil])
        #expect(transport.calls.count { $0.contains("/token") } == 2)
    }

    @Test func newTokenThatIsRefusedToo() throws {
        put(try store(Self.withoutAnything))
        answerToken("t1")
        refuse(401, "InvalidAuthenticationInfo")
        answerToken("t2")
        refuse(401, "InvalidAuthenticationInfo")
        let message = try #require(messages.first)
        #expect(message.contains("401 InvalidAuthenticationInfo \"No.\""))
        #expect(!message.contains("t2") && transport.unanswered == 0)
    }

    @Test func tokenEndpointThatIsDownForAWhile() throws {
        put(try store(Self.withoutAnything))
        transport.answer(503)
        scheduler.advanceToNext()
        answerToken("t1")
        transport.answer(201)
        #expect(ends == [nil])
    }
}
