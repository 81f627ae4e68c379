import HTTP
import Scheduling
import Settings
import TestSupport
import Testing

@testable import Storage

/// Answers that are not a store's own, of gateways, portals and proxies, to each kind of store.
@Suite final class StrangeAnswerTests {
    enum Service: CaseIterable { case s3, gcs, azure }

    private let scheduler = FakeScheduler()
    private let transport = FakeTransport()
    private let log = CapturedLog()
    private var ends: [StorageFailure?] = []
    private var message: String? { ends.first.flatMap { $0 }?.message }

    private static let maxRetries = 2

    private static let keys = [
        "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "very-secret",
        "STORAGE_EMULATOR_HOST": "gcs:9000",
        "AZURE_STORAGE_CONNECTION_STRING": "AccountName=acct;AccountKey=a2V5",
    ]

    private func put(_ service: Service, _ settings: [String: String] = keys) throws {
        var reader = EnvironmentReader(settings)
        let dependencies = StorageDependencies.fake(
            transport,
            scheduler,
            log,
            wallClock: WallClock { 1_795_510_800_000 },
            maxRetries: Self.maxRetries
        )
        let store: any ObjectStore =
            switch service {
            case .s3:
                S3Store.make(
                    settings: try #require(S3Settings.read(&reader, service: .s3)),
                    bucket: "output",
                    dependencies: dependencies
                )
            case .gcs:
                GCSStore.make(
                    settings: try #require(GCSSettings.read(&reader)),
                    bucket: "output",
                    dependencies: dependencies
                )
            case .azure:
                AzureBlobStore.make(
                    settings: try #require(AzureSettings.read(&reader)),
                    bucket: "output",
                    dependencies: dependencies
                )
            }
        try reader.finish()
        store.put(ObjectContent([1]), key: "/k") { [self] in ends.append($0) }
    }

    private static let page = """
        <!DOCTYPE html>\r\n<html><head><title>Sign in\r\n to the portal</title></head>\r\n<body>Welcome</body></html>\r\n
        """

    private func answerWithPage(_ status: Int) {
        transport.answer(status, Self.page, headers: [HTTPHeader("Content-Type", "text/html")])
    }

    private func accept(_ service: Service, headers: [HTTPHeader] = []) {
        switch service {
        case .s3: transport.answer(200, headers: headers + [HTTPHeader("ETag", "\"t\"")])
        case .gcs: transport.answer(200, "{}", headers: headers)
        case .azure: transport.answer(201, headers: headers)
        }
    }

    private func settings(_ service: Service) -> String {
        switch service {
        case .s3: "AWS_ENDPOINT_URL_S3"
        case .gcs: "SIDECAR_GCS_ENDPOINT and STORAGE_EMULATOR_HOST"
        case .azure: "BlobEndpoint in AZURE_STORAGE_CONNECTION_STRING"
        }
    }

    /// A page has not come from the store, whatever its status says: the store has not been reached yet.
    @Test(arguments: Service.allCases, [200, 201, 502, 503])
    func aPageIsNoSuccess(_ service: Service, _ status: Int) throws {
        try put(service)
        for _ in 1...Self.maxRetries {
            answerWithPage(status)
            #expect(ends.isEmpty && transport.unanswered == 0)
            scheduler.advanceToNext()
        }
        accept(service)
        scheduler.advance(by: .zero)
        #expect(ends == [nil])
    }

    @Test(arguments: Service.allCases)
    func aPageThatStaysIsQuoted(_ service: Service) throws {
        try put(service)
        for _ in 0...Self.maxRetries {
            answerWithPage(200)
            scheduler.advanceToNext()
        }
        let message = try #require(message)
        #expect(message.contains("was answered with 200: Sign in to the portal; "), "\(message)")
        #expect(message.hasSuffix("but of a gateway or a portal: see \(settings(service))"), "\(message)")
        #expect(!message.contains("<") && !message.contains("\\r"), "\(message)")
    }

    /// Such as a filter's: what the store would have to allow is not said.
    @Test(arguments: Service.allCases)
    func aPageThatRefusesIsFinal(_ service: Service) throws {
        try put(service)
        answerWithPage(403)
        scheduler.advance(by: .zero)
        let message = try #require(message)
        #expect(message.contains("was answered with 403: Sign in to the portal; "), "\(message)")
        #expect(message.hasSuffix("but of a gateway or a portal: see \(settings(service))"), "\(message)")
        #expect(transport.requests.count == 1)
    }

    @Test(arguments: Service.allCases)
    func aGatewaysLimitIsTold(_ service: Service) throws {
        try put(service)
        transport.answer(
            413,
            "<html>\r\n<head><title>413 Request Entity Too Large</title></head></html>\r\n",
            headers: [HTTPHeader("Content-Type", "text/html")]
        )
        scheduler.advance(by: .zero)
        #expect(
            message?.hasSuffix(
                "was answered with 413: Request Entity Too Large; "
                    + "a gateway or proxy limits the size of request bodies"
            ) == true,
            "\(message ?? "")"
        )
    }

    /// OpenStack Swift 2.38.3 gives this type with the empty body of each success.
    @Test(arguments: Service.allCases)
    func theContentTypeAloneSaysNothing(_ service: Service) throws {
        try put(service)
        accept(service, headers: [HTTPHeader("Content-Type", "text/html; charset=UTF-8")])
        scheduler.advance(by: .zero)
        #expect(ends == [nil])
    }

    /// Plain words, such as envoy's, are quoted. Markup that is no page is not.
    @Test(
        arguments: Service.allCases,
        [("no healthy upstream", true), ("<Oops>\r\n<b>markup</b></Oops>", false)]
    )
    func plainWordsAreQuoted(_ service: Service, _ body: (text: String, isQuoted: Bool)) throws {
        try put(service)
        transport.answer(418, body.text)
        scheduler.advance(by: .zero)
        #expect(message?.contains(body.text) == body.isQuoted, "\(message ?? "")")
        #expect(message?.contains("418") == true && message?.contains("<") == false, "\(message ?? "")")
    }

    /// Whether the store itself says no or something on the way: who carries the requests is always told.
    @Test(arguments: Service.allCases, [true, false])
    func theProxyIsNamed(_ service: Service, _ isPage: Bool) throws {
        let own =
            service == .gcs
            ? GCSWorld.error(403, "forbidden", "No.")
            : "<Error><Code>Forbidden</Code><Message>No.</Message></Error>"
        try put(service)
        transport.answer(
            HTTPResponse(
                status: 403,
                body: Array((isPage ? Self.page : own).utf8),
                proxy: "http://proxy:3128"
            )
        )
        scheduler.advance(by: .zero)
        #expect(message?.contains(" through the proxy http://proxy:3128") == true, "\(message ?? "")")
    }

    @Test(arguments: Service.allCases)
    func aProxyThatWantsAPasswordIsFinal(_ service: Service) throws {
        try put(service)
        transport.answer(HTTPResponse(status: 407, proxy: "http://proxy:3128"))
        scheduler.advance(by: .zero)
        #expect(
            message?.contains("the proxy http://proxy:3128 requires authentication") == true,
            "\(message ?? "")"
        )
        #expect(transport.requests.count == 1)
    }

    // MARK: Tokens

    /// Settings with which each store first asks another service for a token.
    private func identity(_ directory: TemporaryDirectory) -> [String: String] {
        directory.write("token", "header.payload.signature")
        return [
            "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r",
            "AWS_WEB_IDENTITY_TOKEN_FILE": directory.path("token"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "GOOGLE_APPLICATION_CREDENTIALS": serviceAccount(),
            "AZURE_STORAGE_CONNECTION_STRING": "AccountName=acct", "AZURE_CLIENT_ID": "client",
            "AZURE_TENANT_ID": "tenant", "AZURE_FEDERATED_TOKEN_FILE": directory.path("token"),
        ]
    }

    @Test(arguments: Service.allCases)
    func aPageIsNoToken(_ service: Service) throws {
        let directory = TemporaryDirectory()
        try put(service, identity(directory))
        for attempt in 0...Self.maxRetries {
            #expect(ends.isEmpty && transport.unanswered == 1 && transport.requests.count == attempt + 1)
            answerWithPage(200)
            scheduler.advanceToNext()
        }
        scheduler.advance(by: .zero)
        let message = try #require(message)
        #expect(message.contains("200: Sign in to the portal"), "\(message)")
        #expect(!message.contains("<") && !message.contains("\\r"), "\(message)")
    }

    /// The session of the instance's metadata service goes into a header field.
    @Test func aPageIsNoSession() throws {
        try put(.s3, [:])
        answerWithPage(200)
        scheduler.advance(by: .zero)
        #expect(transport.requests.count == 1)
        #expect(message?.contains("the session was answered with status 200") == true, "\(message ?? "")")
    }
}
