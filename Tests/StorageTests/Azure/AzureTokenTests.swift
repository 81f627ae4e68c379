import Glibc
import HTTP
import TestSupport
import Testing

@testable import Storage

@Suite final class AzureTokenTests {
    private let scheduler = FakeScheduler()
    private let transport = FakeTransport()
    private let directory = TemporaryDirectory()
    private var credentials: [String] = []
    private var ends: [Result<String, StorageRequester.Unprepared>] = []

    private lazy var source = AzureTokenSource(
        identity: AzureWorkloadIdentity(
            clientID: "client",
            tenantID: "tenant",
            tokenFile: directory.path("token"),
            authorityHost: "https://login"
        ),
        transport: transport,
        scheduler: scheduler,
        files: .inTests,
        onCredential: { [self] in credentials.append($0) },
        settings: StorageRequester.Settings(
            connectTimeout: .seconds(3),
            readTimeout: .seconds(7),
            retries: RetryPolicy(firstDelay: .seconds(2), maxRetries: 2)
        )
    )

    init() {
        directory.write("token", " pod+token\n")
    }

    private func ask() { source.token { [self] in ends.append($0) } }

    private func answer(_ token: String, life: String = "3600") {
        transport.answer(
            200,
            #"{"token_type": "Bearer", "expires_in": \#(life), "access_token": "\#(token)"}"#
        )
    }

    private var tokens: [String] { ends.compactMap { try? $0.get() } }

    private var failures: [StorageRequester.Unprepared] {
        ends.compactMap { if case .failure(let problem) = $0 { problem } else { nil } }
    }

    @Test func oneFetchServesAllWhoAsk() {
        ask()
        ask()
        #expect(transport.calls == ["POST /tenant/oauth2/v2.0/token"])
        #expect(
            transport.requests[0].bodyText
                == "client_id=client&scope=https%3A%2F%2Fstorage.azure.com%2F.default&grant_type=client_credentials"
                + "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
                + "&client_assertion=pod%2Btoken"
        )
        #expect(transport.requests[0].header("Content-Type") == "application/x-www-form-urlencoded")
        #expect(transport.requests[0].totalTimeout == .seconds(10))
        answer("t1")
        ask()
        #expect(tokens == ["t1", "t1", "t1"])
        #expect(transport.requests.count == 1)
        #expect(credentials == ["pod+token", "t1"], "both are told, to be hidden")
    }

    @Test(arguments: ["3600", "\"3600\""])
    func renewedFiveMinutesBeforeItsEndWithTheFilesNewToken(_ life: String) {
        ask()
        answer("t1", life: life)
        scheduler.advance(by: .seconds(3_299))
        ask()
        #expect(transport.requests.count == 1)
        directory.write("token", "newer")
        scheduler.advance(by: .seconds(1))
        ask()
        #expect(transport.requests[1].bodyText.hasSuffix("client_assertion=newer"))
        answer("t2")
        #expect(tokens == ["t1", "t1", "t2"])
    }

    @Test func oldTokenStandsInWhereARefreshFails() {
        ask()
        answer("t1")
        scheduler.advance(by: .seconds(3_400))
        ask()
        transport.answer(503)
        ask()
        #expect(transport.requests.count == 2, "not with each request")
        scheduler.advance(by: .seconds(30))
        ask()
        transport.fail(.timeout)
        #expect(tokens == ["t1", "t1", "t1", "t1"])
        scheduler.advance(by: .seconds(170))
        ask()
        transport.answer(503)
        #expect(failures.count == 1 && failures[0].isTemporary, "it has ended")
    }

    @Test func refusedTokenIsFetchedAnew() {
        ask()
        answer("t1")
        source.reject("another")
        ask()
        #expect(transport.requests.count == 1)
        source.reject("t1")
        ask()
        answer("t2")
        #expect(tokens == ["t1", "t1", "t2"])
    }

    @Test(arguments: [
        (503, "", true, "503"), (429, "", true, "429"),
        (
            401, #"{"error": "invalid_client", "error_description": "AADSTS70021: none\r\nTrace ID: x"}"#,
            false,
            "401 invalid_client \"AADSTS70021: none\""
        ),
        (400, "<html>", false, "400"), (200, "{}", false, "the answer holds no access_token"),
        (
            200, #"{"access_token": "a\nb"}"#, false,
            "the answer holds an access_token with characters that are not allowed in a header"
        ),
    ])
    func failures(_ status: Int, _ body: String, _ isTemporary: Bool, _ problem: String) {
        ask()
        transport.answer(status, body)
        #expect(failures.map(\.isTemporary) == [isTemporary])
        #expect(
            failures.map(\.failure.message) == [
                "https://login/tenant/oauth2/v2.0/token gave no token for the workload identity client: \(problem)"
            ]
        )
    }

    @Test(arguments: [nil, "", text(ofLength: 70_000)])
    func tokenFileThatCannotBeUsed(_ content: String?) {
        directory.write("token", content ?? "")
        if content == nil { #expect(unlink(directory.path("token")) == 0) }
        ask()
        #expect(transport.requests.isEmpty)
        let problem =
            content.map { $0.isEmpty ? "is empty" : "is longer than 65536 bytes" } ?? "does not exist"
        #expect(
            failures.first?.failure.message.hasSuffix(
                "the file \(directory.path("token")) of AZURE_FEDERATED_TOKEN_FILE \(problem)"
            ) == true
        )
        #expect(failures.first?.isTemporary == true)
    }
}
