import AirbyteProtocol
import Crypto
import HTTP
import ProtocolTestSupport
import Scheduling
import Settings
import TestSupport
import Testing

@testable import Storage

/// Where tokens come from, how long they are used, and what is said when there is none.
@Suite final class GoogleTokenTests {
    private let directory = TemporaryDirectory()

    private func file(_ content: String, _ name: String = "gcp.json") -> String {
        directory.write(name, content)
        return directory.path(name)
    }

    private func worldOfServiceAccount(_ wallClock: WallClock = WallClock { 1_800_000_000_000 }) -> GCSWorld {
        GCSWorld(["GOOGLE_APPLICATION_CREDENTIALS": file(serviceAccount())], wallClock: wallClock)
    }

    /// The fields of a form.
    private func form(_ request: HTTPRequest) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in request.bodyText.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            fields[String(parts[0])] = String(parts[1])
        }
        return fields
    }

    @Test func aServiceAccountSignsItsRequest() throws {
        let world = worldOfServiceAccount()
        world.put()
        #expect(world.last.method == "POST" && world.last.url == "https://oauth2.googleapis.com/token")
        #expect(world.last.header("Content-Type") == "application/x-www-form-urlencoded")
        #expect(world.last.totalTimeout == .seconds(10))
        let form = form(world.last)
        #expect(form["grant_type"] == "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer")
        let assertion = try #require(form["assertion"])
        let parts = assertion.split(separator: ".").map(String.init)
        let header = try json(try #require(Base64.decodeForURL(parts[0])))
        #expect(header.written == #"{"alg":"RS256","typ":"JWT","kid":"key-1"}"#)
        let claims = try readClaims(of: assertion)
        #expect(claims.text("iss") == "sidecar@project-1.iam.gserviceaccount.com")
        #expect(claims.text("aud") == "https://oauth2.googleapis.com/token")
        #expect(claims.text("scope") == "https://www.googleapis.com/auth/devstorage.read_write")
        #expect(claims.at("iat")?.int64 == 1_800_000_000)
        #expect(claims.at("exp")?.int64 == 1_800_003_600)
        #expect(
            Base64.decodeForURL(parts[2])
                == Signing.rs256(privateKey: rsaKey, Array("\(parts[0]).\(parts[1])".utf8))
        )
        world.giveToken("ya29.t")
        #expect(world.last.header("Authorization") == "Bearer ya29.t")
        #expect(world.credentials == [rsaKey, assertion, "ya29.t"], "all of them are told, to be hidden")
        #expect(world.last.url.hasPrefix("https://storage.googleapis.com/upload/storage/v1/b/out/o"))
        world.transport.answer(200, "{}")
        #expect(world.end == "")
    }

    @Test func theFileMayStandInTheVariable() {
        let world = GCSWorld(["GOOGLE_APPLICATION_CREDENTIALS": serviceAccount()])
        world.put()
        #expect(world.last.url == "https://oauth2.googleapis.com/token")
    }

    @Test func theMetadataServerNeedsNoFile() {
        let world = GCSWorld([:])
        world.put()
        #expect(world.last.method == "GET")
        #expect(
            world.last.url
                == "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/"
                + "token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fdevstorage.read_write"
        )
        #expect(world.last.header("Metadata-Flavor") == "Google")
        #expect(world.last.connectTimeout == .seconds(1) && world.last.totalTimeout == .seconds(10))
        world.giveToken("m")
        #expect(world.last.header("Authorization") == "Bearer m")
    }

    @Test func aFileThatIsMissingLeavesTheMetadataServer() throws {
        let path = directory.path("none.json")
        let world = GCSWorld(
            ["GOOGLE_APPLICATION_CREDENTIALS": path, "GCE_METADATA_HOST": "169.254.169.254"],
            maxRetries: 0
        )
        world.put()
        #expect(
            world.log.count(
                of: "the file \(path) of GOOGLE_APPLICATION_CREDENTIALS does not exist; asking the metadata"
            )
                == 1
        )
        #expect(world.last.url.hasPrefix("http://169.254.169.254/computeMetadata/v1/instance/"))
        for _ in 1...3 {
            world.transport.fail(.connect, "169.254.169.254: cannot connect")
            world.wait()
        }
        let end = try #require(world.end)
        #expect(
            end.hasPrefix(
                "PUT gs://out//workload/output/1 failed: no Google access token was given: 169.254.169.254: cannot"
            )
        )
        #expect(end.hasSuffix("(the file \(path) of GOOGLE_APPLICATION_CREDENTIALS does not exist)"))
    }

    /// Away from Google's cloud nobody answers: three tries, and no retries of the whole, so that another sink gets its
    /// turn within seconds.
    @Test(arguments: [HTTPTransportError.Kind.nameResolution, .connect, .timeout, .interrupted])
    func aMetadataServerThatIsNotThere(_ kind: HTTPTransportError.Kind) throws {
        let world = GCSWorld([:])
        let start = world.scheduler.now
        world.put()
        for number in 1...3 {
            try #require(world.transport.requests.count == number && world.end == nil)
            world.transport.fail(kind, "metadata.google.internal: no")
            world.wait()
        }
        let end = try #require(world.end)
        #expect(
            end
                == "PUT gs://out//workload/output/1 failed: no Google access token was given: metadata.google.internal: no; "
                + "where this does not run on Google Cloud, set GOOGLE_APPLICATION_CREDENTIALS"
        )
        #expect(world.scheduler.now == start + .seconds(2))
        #expect(world.transport.unanswered == 0)
        // The next document looks again.
        world.put()
        #expect(world.transport.unanswered == 1)
    }

    /// GKE's metadata server takes a few seconds to be there for a new pod.
    @Test func aMetadataServerThatIsLate() {
        let world = GCSWorld([:])
        world.put()
        world.transport.fail(.connect)
        world.wait()
        world.giveToken("m")
        #expect(world.last.header("Authorization") == "Bearer m")
        // Once it has answered, what fails passes, and is tried again as everything else.
        world.transport.answer(401)
        for _ in 1...4 {
            world.transport.fail(.timeout, "metadata: timed out")
            world.wait()
        }
        #expect(world.end?.hasSuffix("no Google access token was given: metadata: timed out") == true)
    }

    @Test func noServiceAccountOnTheMetadataServer() throws {
        let world = GCSWorld([:])
        world.put()
        world.transport.answer(404, "Not Found")
        world.wait()
        let end = try #require(world.end)
        #expect(end.contains("http://metadata.google.internal answered with 404: Not Found"))
        #expect(end.contains("give the pod's Kubernetes service account an IAM service account"))
    }

    @Test func theMetadataServerKnowsTheProject() {
        let world = GCSWorld([:])
        world.put()
        world.giveToken("m")
        world.transport.answer(404)
        #expect(world.last.url == "http://metadata.google.internal/computeMetadata/v1/project/project-id")
        world.transport.answer(200, "p-9\n")
        #expect(world.last.url == "https://storage.googleapis.com/storage/v1/b?project=p-9")
        #expect(world.last.header("Authorization") == "Bearer m")
    }

    @Test func theProjectOfTheFileIsTaken() {
        let world = worldOfServiceAccount()
        world.put()
        world.giveToken("t")
        world.transport.answer(404)
        world.wait()
        #expect(world.last.url.hasSuffix("/storage/v1/b?project=project-1"))
    }

    @Test func aPersonsRefreshTokenIsExchanged() {
        let path = file(
            #"{"type":"authorized_user","client_id":"c","client_secret":"s&s","refresh_token":"r/1"}"#
        )
        let world = GCSWorld(["GOOGLE_APPLICATION_CREDENTIALS": path])
        world.put()
        #expect(
            form(world.last) == [
                "grant_type": "refresh_token", "client_id": "c", "client_secret": "s%26s",
                "refresh_token": "r%2F1",
            ]
        )
        world.giveToken("u")
        world.transport.answer(404)
        world.wait()
        world.transport.answer(404)
        #expect(world.end?.contains("no project is known; set GOOGLE_CLOUD_PROJECT") == true)
    }

    @Test(arguments: [false, true])
    func aFederatedIdentityIsExchanged(_ isJSON: Bool) throws {
        let token = file(isJSON ? #"{"t": "jwt.1"}"# : " jwt.1\n", "token")
        let format = isJSON ? #", "format": {"type": "json", "subject_token_field_name": "t"}"# : ""
        let impersonation =
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a:generateAccessToken"
        let path = file(
            """
            {"type": "external_account", "audience": "//iam.googleapis.com/x", "token_url": "https://sts.googleapis.com/v1/token",
             "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
             \(isJSON ? "" : "\"service_account_impersonation_url\": \"\(impersonation)\",")
             "credential_source": {"file": "\(token)"\(format)}}
            """
        )
        let world = GCSWorld(["GOOGLE_APPLICATION_CREDENTIALS": path])
        world.put()
        #expect(world.last.url == "https://sts.googleapis.com/v1/token")
        let form = form(world.last)
        #expect(form["subject_token"] == "jwt.1")
        #expect(form["audience"] == "%2F%2Fiam.googleapis.com%2Fx")
        #expect(form["grant_type"] == "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange")
        #expect(form["scope"]?.hasSuffix(isJSON ? "devstorage.read_write" : "cloud-platform") == true)
        world.giveToken("federated")
        if !isJSON {
            #expect(world.last.url == impersonation)
            #expect(world.last.header("Authorization") == "Bearer federated")
            world.transport.answer(200, #"{"accessToken": "acting", "expireTime": "2027-01-15T09:00:00Z"}"#)
        }
        #expect(world.last.header("Authorization") == "Bearer \(isJSON ? "federated" : "acting")")
        #expect(world.last.url.hasPrefix("https://storage.googleapis.com/"))
    }

    // MARK: The life of a token

    @Test func oneFetchServesAllWhoWait() {
        let world = GCSWorld([:])
        world.put([1], "/a")
        world.put([2], "/b")
        #expect(world.transport.requests.count == 1)
        world.giveToken("t")
        #expect(world.transport.requests.count == 3)
        world.put([3], "/c")
        #expect(world.transport.requests.count == 4, "the token is kept")
    }

    private func store(_ world: GCSWorld) {
        world.put()
        world.transport.answer(200, "{}")
    }

    @Test func tokensAreRenewedBeforeTheirEnd() {
        let world = GCSWorld([:])
        world.put()
        world.giveToken("t1")
        world.transport.answer(200, "{}")
        world.scheduler.advance(by: .seconds(3_600 - 226))
        world.put()
        #expect(world.last.header("Authorization") == "Bearer t1")
        world.transport.answer(200, "{}")
        world.scheduler.advance(by: .seconds(1))
        world.put()
        #expect(world.last.header("Metadata-Flavor") == "Google")
    }

    @Test func anOldTokenIsBetterThanNone() {
        let world = GCSWorld([:])
        world.put()
        world.giveToken("t1")
        world.transport.answer(200, "{}")
        world.scheduler.advance(by: .seconds(3_500))
        world.put()
        world.transport.fail(.timeout, "metadata: timed out")
        #expect(world.last.header("Authorization") == "Bearer t1")
        #expect(world.log.count(of: "no new Google access token was given: metadata: timed out") == 1)
        world.transport.answer(200, "{}")
        store(world)
        #expect(world.log.lines.count == 1, "no other try for a while")
        world.scheduler.advance(by: .seconds(95))
        world.put()
        world.transport.fail(.timeout)
        #expect(world.last.header("Metadata-Flavor") == "Google", "an ended token is not used")
    }

    @Test func aTokenThatIsRefusedIsReplacedOnce() throws {
        let world = GCSWorld([:])
        world.put()
        world.giveToken("t1")
        world.transport.answer(401, GCSWorld.error(401, "authError", "Invalid Credentials"))
        #expect(world.last.header("Metadata-Flavor") == "Google")
        world.giveToken("t2")
        #expect(world.last.header("Authorization") == "Bearer t2")
        world.transport.answer(401, GCSWorld.error(401, "authError", "Invalid Credentials"))
        let end = try #require(world.end)
        #expect(end.contains("401 authError \"Invalid Credentials\"; the service does not accept the token"))
        #expect(!(end + world.log.text).contains("t2"))
    }

    @Test(arguments: [
        ("", "holds no access token"), (#"{"access_token": ""}"#, "holds no access token"),
        (#"{"access_token": "a\r\nX: hunter2"}"#, "characters that are not allowed in a header"),
        (#"{"error": "hunter2"}"#, "holds no access token"),
    ])
    func answersThatHoldNoToken(_ answer: String, _ problem: String) throws {
        let world = GCSWorld([:])
        world.put()
        world.transport.answer(200, answer)
        world.wait()
        let end = try #require(world.end)
        #expect(end.contains(problem) && !end.contains("hunter2"))
    }

    // MARK: Refused

    @Test func anUnknownKeyIsTold() throws {
        let world = worldOfServiceAccount()
        world.put()
        world.transport.answer(
            400,
            #"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#
        )
        world.wait()
        let end = try #require(world.end)
        #expect(
            end.contains(
                "https://oauth2.googleapis.com/token answered with 400 invalid_grant \"Invalid JWT Signature.\""
            )
        )
        #expect(end.contains("give a new key to the file "))
        #expect(world.transport.requests.count == 1)
    }

    @Test(arguments: [500, 503, 429])
    func aTokenServiceThatIsDownIsWaitedFor(_ status: Int) {
        let world = worldOfServiceAccount()
        world.put()
        world.transport.answer(status)
        world.wait()
        world.giveToken("t")
        world.transport.answer(200, "{}")
        #expect(world.end == "")
    }

    @Test func aWrongClockIsPutRightByTheAnswer() throws {
        // An hour and a half behind.
        let world = worldOfServiceAccount(WallClock { 1_795_509_000_000 })
        let refusal =
            #"{"error":"invalid_grant","error_description":"Invalid JWT: Token must be a short-lived token"}"#
        let date = HTTPHeader("Date", "Tue, 24 Nov 2026 10:00:00 GMT")
        world.put()
        world.transport.answer(400, refusal, headers: [date])
        #expect(world.log.count(of: "the clock here differs from Google's by -5400 seconds") == 1)
        let assertion = try #require(form(world.last)["assertion"])
        let claims = try readClaims(of: assertion)
        #expect(claims.at("iat")?.int64 == 1_795_514_400)
        world.transport.answer(400, refusal, headers: [date])
        world.wait()
        #expect(try #require(world.end).contains("Token must be a short-lived token"))
        #expect(world.transport.requests.count == 2, "once is enough")
    }

    @Test(arguments: [
        ("no json", "is not a JSON object"),
        (#"{"private_key": "hunter2"}"#, "has no type"),
        (#"{"type": "gdch_service_account"}"#, "is of type gdch_service_account"),
        (#"{"type": "service_account", "client_email": "e"}"#, "has no private_key"),
        (#"{"type": "service_account", "private_key": "hunter2"}"#, "has no client_email"),
        (
            #"{"type": "service_account", "client_email": "e", "private_key": "k", "token_uri": "ftp://x"}"#,
            "has a token_uri that is not an http or https URL"
        ),
        (#"{"type": "service_account", "client_email": "e", "private_key": "hunter2"}"#, "no RSA key in PEM"),
        (
            #"{"type": "external_account", "credential_source": {"url": "http://x"}}"#,
            "only tokens from files"
        ),
        (#"{"type": "external_account", "credential_source": {"file": "/f"}}"#, "has no token_url"),
        (#"{"type": "authorized_user", "client_secret": "hunter2"}"#, "has no client_id"),
    ])
    func filesThatAreNoUse(_ content: String, _ problem: String) throws {
        let path = file(content)
        let world = GCSWorld(["GOOGLE_APPLICATION_CREDENTIALS": path])
        world.put()
        #expect(world.end == nil, "no completion from within the call")
        world.wait()
        let end = try #require(world.end)
        #expect(
            end.contains("the file \(path) of GOOGLE_APPLICATION_CREDENTIALS") && end.contains(problem),
            "\(end)"
        )
        #expect(!end.contains("hunter2"))
        #expect(world.transport.requests.isEmpty)
    }

    @Test func placesThatAreNoFile() throws {
        let world = GCSWorld(["GOOGLE_APPLICATION_CREDENTIALS": directory.path])
        world.put()
        world.wait()
        #expect(try #require(world.end).contains("is not a regular file"))
        directory.write("long", text(ofLength: CredentialFiles.maxLength + 1))
        let other = GCSWorld(["GOOGLE_APPLICATION_CREDENTIALS": directory.path("long")])
        other.put()
        other.wait()
        #expect(try #require(other.end).contains("is longer than 65536 bytes"))
    }

    @Test func aTokenFileThatIsMissingIsWaitedFor() throws {
        let path = file(
            """
            {"type": "external_account", "audience": "a", "token_url": "https://sts/t", "subject_token_type": "t",
             "credential_source": {"file": "\(directory.path("token"))"}}
            """
        )
        let world = GCSWorld(["GOOGLE_APPLICATION_CREDENTIALS": path])
        world.put()
        #expect(
            world.log.count(of: "the token file \(directory.path("token")) does not exist; retrying") == 1
        )
        directory.write("token", "jwt")
        world.wait()
        #expect(form(world.last)["subject_token"] == "jwt")
    }
}

@Suite struct GCSSettingsTests {
    private func read(_ variables: [String: String]) -> (GCSSettings?, [ConfigurationProblem]) {
        var reader = EnvironmentReader(variables)
        let settings = GCSSettings.read(&reader)
        return (settings, reader.problems + reader.warnings.map(\.problem))
    }

    @Test func nothingSet() {
        let (settings, problems) = read(["GOOGLE_APPLICATION_CREDENTIALS": "", "STORAGE_EMULATOR_HOST": ""])
        #expect(problems.isEmpty)
        #expect(settings?.endpoint == "https://storage.googleapis.com")
        #expect(settings?.identity == .metadataServer)
        #expect(settings?.metadataServer == "http://metadata.google.internal")
        #expect(settings?.projectID == nil)
    }

    @Test(arguments: ["localhost:4443", "http://localhost:4443", "http://localhost:4443/"])
    func anEmulatorNeedsNoCredentials(_ value: String) {
        let (settings, problems) = read([
            "STORAGE_EMULATOR_HOST": value, "GOOGLE_APPLICATION_CREDENTIALS": "/f",
        ])
        #expect(problems.isEmpty)
        #expect(settings?.endpoint == "http://localhost:4443")
        #expect(settings?.identity == GCSSettings.Identity.none)
    }

    @Test func everythingSet() {
        let (settings, problems) = read([
            "GOOGLE_APPLICATION_CREDENTIALS": "/f.json", "GOOGLE_CLOUD_PROJECT": "p", "GCLOUD_PROJECT": "q",
            "GCE_METADATA_HOST": "md:80", "SIDECAR_GCS_ENDPOINT": "https://storage.example/",
        ])
        #expect(problems.isEmpty)
        #expect(settings?.identity == .file("/f.json"))
        #expect(settings?.projectID == "p")
        #expect(settings?.metadataServer == "http://md:80")
        #expect(settings?.endpoint == "https://storage.example")
    }

    @Test(arguments: [
        ("STORAGE_EMULATOR_HOST", "ftp://x"), ("SIDECAR_GCS_ENDPOINT", "http://u:hunter2@"),
        ("GCE_METADATA_HOST", "a b"), ("GOOGLE_APPLICATION_CREDENTIALS", #"{"private_key": "hunter2"}"#),
        ("GOOGLE_APPLICATION_CREDENTIALS", #" {"hunter2"#),
    ])
    func valuesThatCannotBeUsed(_ name: String, _ value: String) {
        let (_, problems) = read([name: value])
        #expect(problems.map(\.variable) == [name])
        #expect(problems.allSatisfy { !$0.description.contains("hunter2") })
    }
}

/// The second part of a JSON Web Token (RFC 7519).
private func readClaims(of token: String) throws -> JSONValue {
    let parts = token.split(separator: ".").map(String.init)
    return try json(try #require(Base64.decodeForURL(parts[1])))
}
