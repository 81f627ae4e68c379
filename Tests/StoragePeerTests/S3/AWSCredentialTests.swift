import Foundation
import StoragePeers
import TestSupport
import Testing

@testable import Storage

/// Keys from the services and files that clusters have them from, each good for a document in a store that checks
/// signatures and session tokens.
@Suite final class AWSCredentialTests {
    private let server: S3Server
    private let bench: S3Bench
    private let credentials: AWSCredentialServer
    private let folder: URL

    init() throws {
        server = try S3Server.shared.get()
        bench = try S3Bench(server)
        credentials = try AWSCredentialServer(for: server)
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("aws-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func file(_ name: String, _ content: String) throws -> String {
        let path = folder.appendingPathComponent(name)
        try Data(content.utf8).write(to: path)
        return path.path
    }

    /// Puts something under the key.
    private func put(_ key: String, in store: S3Store) throws {
        let failure = try bench.put(Array(key.utf8), key, in: store)
        #expect(failure == nil, "\(failure ?? "")")
        #expect(try server.peek(bucket: "output", key: key) == Array(key.utf8))
    }

    /// The ids of the keys that documents below the prefix were stored with, in order.
    private func usedKeys(_ prefix: String) throws -> [String] {
        try server.control().filter { $0.hasPrefix("PUT /output/\(prefix)") && $0.contains(" 200 ") }
            .compactMap { $0.split(separator: " ").last.map(String.init) }
    }

    /// The ids of the keys that were given, in order.
    private func givenKeys() throws -> [String] {
        try credentials.control().map { $0.split(separator: " ") }.filter { $0.count == 4 }.map {
            String($0[3])
        }
    }

    private func pod(_ tokenFile: String) -> [String: String] {
        [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": credentials.origin + credentials.containerPath,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": tokenFile,
        ]
    }

    // MARK: Container

    @Test func podIdentityReadsItsTokenAnewAndRenewsKeysInTime() throws {
        let token = try file("token", "pod-token-1\n")
        try credentials.control(#"{"authorization": "pod-token-1", "life": 299}"#)
        let store = try bench.store(pod(token))
        try put("/pod/1", in: store)
        // Keys that end within five minutes are not used for the next document; Kubernetes has turned the token.
        _ = try file("token", "pod-token-2\n")
        try credentials.control(#"{"authorization": "pod-token-2", "life": 3600}"#)
        try put("/pod/2", in: store)
        try put("/pod/3", in: store)
        let given = try givenKeys()
        try #require(given.count == 2 && given[0] != given[1])
        #expect(try usedKeys("/pod/") == [given[0], given[1], given[1]])
    }

    /// The SDK asks a fixed address here, which no test can have: the transport leads to where it is.
    @Test func aTaskAsksForItsRelativeAddress() throws {
        let origin = credentials.origin
        let carrier = Tampering(bench.transport) {
            $0.url = $0.url.replacing("http://169.254.170.2/", with: "\(origin)/")
        }
        let environment = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": credentials.containerPath]
        try put("/task", in: bench.store(environment, over: carrier))
        #expect(try usedKeys("/task") == givenKeys())
    }

    @Test func aServiceThatIsDownIsWaitedFor() throws {
        try credentials.control(#"{"fail": 2}"#)
        try put("/down", in: bench.store(pod("")))
        #expect(bench.log.text.contains("container credentials: answered with status 500; retrying"))
        try credentials.control(#"{"fail": 99}"#)
        let message = try #require(try bench.put([1], "/k", in: bench.store(pod(""))))
        #expect(
            message
                == "PUT s3://output//k failed: no AWS credentials: container credentials: answered "
                + "with status 500"
        )
    }

    @Test func aTokenThatIsRefusedIsTold() throws {
        let token = try file("token", "very-secret-token")
        try credentials.control(#"{"authorization": "another"}"#)
        let message = try #require(try bench.put([1], "/k", in: bench.store(pod(token))))
        #expect(
            message.contains("no AWS credentials: container credentials: answered with status 401")
        )
        #expect(!message.contains("very-secret-token"))
    }

    // MARK: Web identity

    /// EKS with a role for the service account, the token service behind a proxy that breaks things.
    private func roleOfServiceAccount(_ proxy: FaultProxy) throws -> [String: String] {
        [
            "AWS_ROLE_ARN": server.facts.role, "AWS_ENDPOINT_URL_STS": proxy.origin,
            "AWS_WEB_IDENTITY_TOKEN_FILE": try file("identity", "header.payload.signature"),
        ]
    }

    @Test func tokenServiceThatFailsForAWhile() throws {
        let proxy = try FaultProxy(before: server.facts.port, [.answer("POST", 503), .reset("POST")])
        try put("/irsa", in: bench.store(roleOfServiceAccount(proxy)))
        #expect(try proxy.requests() == ["POST / 503", "POST / reset", "POST / 200"])
    }

    @Test func tokenServiceThatRefuses() throws {
        let refusal =
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized to perform "
            + "sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>"
        let proxy = try FaultProxy(before: server.facts.port, [.answer("POST", 403, refusal)])
        let message = try #require(try bench.put([1], "/k", in: bench.store(roleOfServiceAccount(proxy))))
        #expect(
            message == "PUT s3://output//k failed: no AWS credentials: web identity: role "
                + "\(server.facts.role) at 127.0.0.1:\(proxy.port) refused with 403 AccessDenied \"Not authorized "
                + "to perform sts:AssumeRoleWithWebIdentity\""
        )
        #expect(!message.contains("header.payload.signature"))
    }

    // MARK: Instance

    private var machine: [String: String] {
        ["AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": credentials.origin]
    }

    @Test func aMachinesRoleGivesKeys() throws {
        try put("/machine", in: bench.store(machine))
        let seen = try credentials.control()
        #expect(
            seen.map { $0.split(separator: " ").prefix(3).joined(separator: " ") } == [
                "PUT /latest/api/token 200", "GET /latest/meta-data/iam/security-credentials/ 200",
                "GET /latest/meta-data/iam/security-credentials/node-role 200",
            ]
        )
        #expect(try usedKeys("/machine") == givenKeys())
    }

    @Test func aMachineWithoutARoleIsTold() throws {
        try credentials.control(#"{"role": null}"#)
        let message = try #require(try bench.put([1], "/k", in: bench.store(machine)))
        #expect(message.contains("no AWS credentials found; looked for: AWS_ACCESS_KEY_ID; "))
        #expect(message.hasSuffix("; a role of this instance at \(credentials.origin)"), "\(message)")
    }

    // MARK: Files

    private func profile(_ content: String) throws -> [String: String] {
        [
            "AWS_SHARED_CREDENTIALS_FILE": try file("credentials", content),
            "AWS_CONFIG_FILE": folder.path + "/config",
        ]
    }

    @Test func aSharedProfileGivesKeys() throws {
        let owner = server.facts.owner
        let text = """
            [default]
            aws_access_key_id = AKIAOTHER
            aws_secret_access_key = other
            # the one that counts
            [uploader]
            aws_access_key_id = \(owner.key)
            aws_secret_access_key = \(owner.secret)
            """
        try put("/profile", in: bench.store(profile(text).merging(["AWS_PROFILE": "uploader"]) { $1 }))
        #expect(try usedKeys("/profile") == [owner.key])
    }

    /// Whoever assumes a role must not write with the keys that lead to it.
    @Test(arguments: [
        "source_profile = base", "credential_source = Ec2InstanceMetadata", "mfa_serial = 1",
        "aws_access_key_id = AKIA1\naws_secret_access_key = s\nsource_profile = default",
    ])
    func aProfileThatAssumesARoleIsRefused(_ setting: String) throws {
        let text = "[default]\nrole_arn = arn:aws:iam::1:role/r\n\(setting)\n"
        let message = try #require(try bench.put([1], "/k", in: bench.store(profile(text))))
        #expect(
            message.hasSuffix(
                "no AWS credentials: profile default assumes a role (role_arn), which is supported with "
                    + "web_identity_token_file only: give it keys, or the pod an identity of its own"
            ),
            "\(message)"
        )
    }

    // MARK: Order

    /// All sources have keys; then those that were asked first have none any more, one after the other.
    @Test func sourcesAreAskedInTheSDKsOrder() throws {
        let owner = server.facts.owner
        let token = try file("identity", "header.payload.signature")
        let text = "[default]\naws_access_key_id = \(owner.key)\naws_secret_access_key = \(owner.secret)\n"
        var all = machine.merging(pod("")) { $1 }.merging(try profile(text)) { $1 }
        all["AWS_ROLE_ARN"] = server.facts.role
        all["AWS_WEB_IDENTITY_TOKEN_FILE"] = token
        all["AWS_ACCESS_KEY_ID"] = server.facts.stranger.key
        all["AWS_SECRET_ACCESS_KEY"] = server.facts.stranger.secret
        // Keys of the environment come first, though they may do nothing.
        #expect(try bench.put([1], "/order/0", in: bench.store(all))?.contains("AccessDenied") == true)
        all["AWS_ACCESS_KEY_ID"] = ""
        all["AWS_SECRET_ACCESS_KEY"] = ""
        try put("/order/identity", in: bench.store(all))
        #expect(try usedKeys("/order/identity") != [owner.key])
        #expect(try credentials.control().isEmpty)
        all["AWS_ROLE_ARN"] = ""
        all["AWS_WEB_IDENTITY_TOKEN_FILE"] = ""
        try put("/order/profile", in: bench.store(all))
        #expect(try usedKeys("/order/profile") == [owner.key])
        #expect(try credentials.control().isEmpty)
        try FileManager.default.removeItem(atPath: folder.path + "/credentials")
        try put("/order/container", in: bench.store(all))
        #expect(try credentials.control().last?.hasPrefix("GET /v1/credentials 200") == true)
        all["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = ""
        try put("/order/instance", in: bench.store(all))
        #expect(try credentials.control().last?.contains("/security-credentials/node-role 200") == true)
    }
}
