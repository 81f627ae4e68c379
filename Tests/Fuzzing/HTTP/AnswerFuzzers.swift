import AirbyteProtocol
import CurlTransport
import HTTP
import Scheduling
import TestSupport
import Text

@testable import Storage
@testable import Telemetry
@testable import Workload

extension FuzzInput {
    /// An answer: lines of a head up to an empty one, then a body.
    mutating func answer() -> HTTPResponse {
        let statuses = [
            200, 201, 204, 301, 302, 307, 308, 400, 401, 403, 404, 407, 408, 409, 410, 412, 413, 429, 500,
            503,
        ]
        let status = choice(of: statuses)
        var headers: [HTTPHeader] = []
        while headers.count < 20 {
            let line = text(upTo: UInt8(ascii: "\n"))
            guard let colon = line.firstIndex(of: ":") else { break }
            headers.append(
                HTTPHeader(
                    line[..<colon].trimmingWhitespace(),
                    line[line.index(after: colon)...].trimmingWhitespace()
                )
            )
        }
        return HTTPResponse(status: status, headers: headers, body: Array(rest), arrival: 1_700_000_000)
    }
}

/// What the platform, its token endpoint and receivers of telemetry answer: words about it are one line of bounded
/// length, nothing is quoted of an answer that could hold a secret, and a token is fit for a header.
enum APIAnswerFuzzer {
    /// So long can a line about an answer be, in bytes: three quotes and what is said around them.
    private static let maxLine = 3 * 1_024

    static func check(
        _ input: [UInt8],
        summary: (HTTPResponse, _ quotingBody: Bool) -> String = { $0.summary(quotingBody: $1) }
    ) throws {
        var input = FuzzInput(input)
        let response = input.answer()
        for expected in [ExpectedAnswer.noContent, .noContentOrOK, .document] {
            let outcome = CallOutcome(.success(response), call: "PUT http://host/path", expecting: expected)
            if case .accepted(let body) = outcome {
                try require((200..<300).contains(response.status), "status \(response.status) is accepted")
                if expected == .document { try require(isJSON(body), "what is no JSON is accepted") }
            }
        }
        let line = summary(response, true)
        try require(
            line.isPlainLine && line.utf8.count <= maxLine,
            "a summary is no short line: \(line.debugDescription)"
        )
        // Nothing of the body: the same answer with another one reads the same.
        var other = response
        other.body = response.isPage ? Array("<html><p>other words".utf8) : Array("other words".utf8)
        if other.isPage == response.isPage {
            try require(summary(response, false) == summary(other, false), "a summary quotes the body")
        }
        if let pause = response.retryAfter {
            try require(pause >= .zero && pause <= .seconds(Int64(Int32.max)), "a pause of \(pause)")
        }
        try checkToken(response.body)
        if let partial = OTLPAnswer.partialSuccess(in: response) {
            try require(partial.rejected >= 0 && partial.message.isPlainLine, "a partial success is odd")
        }
        try require(OTLPAnswer.refusal(response, secrets: []).isPlainLine, "a refusal is no line")
    }

    private static func isJSON(_ body: [UInt8]) -> Bool {
        JSONPeer.value(body) != nil || JSONPeer.mayTakeLess(body)
    }

    private static func checkToken(_ body: [UInt8]) throws {
        var cache = AccessTokenCache()
        let now = Instant(nanoseconds: 1_000_000_000_000)
        guard let token = try? cache.accept(answer: body, now: now, wallClock: 1_700_000_000) else { return }
        try requireFitForHeader(token)
    }
}

/// Text that goes into a header field may add no field, and hold no space.
private func requireFitForHeader(_ token: String) throws(Violation) {
    try require(
        !token.isEmpty && token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F },
        "a token is not fit for a header"
    )
}

/// What object stores and the credential services of clouds answer: no answer is fatal, and words about it are one line.
enum StoreAnswerFuzzer {
    static func check(_ input: [UInt8]) throws {
        var input = FuzzInput(input)
        let response = input.answer()
        try checkStores(response)
        try checkCredentials(response.body)
        try checkChain(response)
    }

    private static func checkStores(_ response: HTTPResponse) throws {
        let s3 = S3Answer(response, region: "eu-central-1", takesAnyRegion: false)
        if case .region(let name) = s3.kind { try require(S3Settings.isRegion(name), "\(name) is no region") }
        let azure = AzureAnswer(response)
        for line in [
            s3.failure("PUT s3://b/k", endpoint: "AWS_ENDPOINT_URL_S3").message,
            azure.failure("PUT /k", advice: nil).message, GoogleProblem(response).description,
        ] {
            try require(line.isPlainLine, "a failure is no line: \(line.debugDescription)")
        }
        let fields = XMLFields(parsing: response.body)
        for name in ["Code", "Message", "UploadId", "ETag"] {
            try require((fields[name]?.utf8.count ?? 0) <= 8_192 + 4, "a field is too long")
        }
    }

    private static func checkCredentials(_ body: [UInt8]) throws {
        if let answer = try? GoogleTokenAnswer(parsing: body) {
            try requireFitForHeader(answer.token)
            try require(answer.life >= .zero, "a token that has ended")
        }
        if let answer = try? AzureTokenAnswer(parsing: body) {
            try requireFitForHeader(answer.token)
            try require(answer.life >= .zero, "a token that has ended")
        }
        _ = try? GoogleCredentials(parsing: body)
        let text = String(decoding: body, as: UTF8.self)
        _ = AWSProfile(named: "default", credentialsFile: text, configFile: text).keys
        _ = AWSTime.parse(text)
        if let seconds = HTTPDate.parse(text) {
            try require(HTTPDate.parse(HTTPDate.text(secondsSince1970: seconds)) == seconds, "a date differs")
        }
        if let string = try? AzureConnectionString(parsing: text) {
            try require(string.blobEndpoint.schemeSeparator != nil, "an endpoint without a scheme")
        }
    }

    /// Container, instance and STS: each request that the chain makes gets the same answer.
    private static func checkChain(_ response: HTTPResponse) throws {
        let transport = FakeTransport()
        let settings = AWSCredentialSettings(
            webIdentity: .init(roleARN: "arn", tokenFile: "/token", sessionName: "s"),
            container: .init(url: "http://169.254.170.2/x"),
            instanceMetadata: "http://169.254.169.254"
        )
        let chain = AWSCredentialChain(
            settings: settings,
            region: "eu-central-1",
            transport: transport,
            files: CredentialFiles { _, _ in Array("token".utf8) },
            onCredential: { _ in }
        )
        var ends = 0
        chain.fetch { _ in ends += 1 }
        while transport.unanswered > 0 { transport.answer(response) }
        try require(ends == 1, "the search for credentials ended \(ends) times")
        for request in transport.requests {
            try require(
                request.url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F },
                "a URL that nobody can request"
            )
        }
    }
}
