import AirbyteProtocol
import Foundation
import HTTP
import Scheduling
import Settings
import TestSupport

@testable import Storage

/// A store with a transport, a clock and a log that the test holds in its hands.
final class GCSWorld {
    let scheduler = FakeScheduler()
    let transport = FakeTransport()
    let log = CapturedLog()
    let store: GCSStore
    private(set) var ends: [StorageFailure?] = []
    /// What the store has been given of credentials, in order.
    var credentials: [String] { learned.all }

    private final class Learned { var all: [String] = [] }
    private let learned = Learned()

    /// - Parameter variables: by default an emulator, which needs no tokens.
    init(
        _ variables: [String: String] = ["STORAGE_EMULATOR_HOST": "gcs:9000"],
        maxRetries: Int = 3,
        wallClock: WallClock = WallClock { 1_800_000_000_000 },
        chunkSize: Int = GCSStore.defaultChunkSize
    ) {
        var reader = EnvironmentReader(variables)
        guard let settings = GCSSettings.read(&reader) else {
            preconditionFailure("the test's settings cannot be used")
        }
        store = GCSStore.make(
            settings: settings,
            bucket: "out",
            dependencies: .fake(
                transport,
                scheduler,
                log,
                wallClock: wallClock,
                maxRetries: maxRetries
            ) { [learned] in learned.all.append($0) },
            chunkSize: chunkSize
        )
    }

    func put(_ content: [UInt8] = Array("{}".utf8), _ key: String = "/workload/output/1") {
        store.put(ObjectContent(content), key: key) { [self] in ends.append($0) }
    }

    /// The one end's message; "" for a good end, nil where there is none or more than one.
    var end: String? { ends.count == 1 ? ends[0]?.message ?? "" : nil }

    var last: HTTPRequest { transport.requests[transport.requests.count - 1] }

    /// The object that was stored, as the service describes it.
    static func object(_ content: [UInt8], generation: String = "7") -> String {
        var checksum = CRC32C()
        checksum.update(content[...])
        return
            #"{"size": "\#(content.count)", "crc32c": "\#(checksum.base64)", "generation": "\#(generation)"}"#
    }

    static func error(_ code: Int, _ reason: String, _ message: String) -> String {
        #"{"error":{"code":\#(code),"message":"\#(message)","errors":[{"reason":"\#(reason)","message":"\#(message)"}]}}"#
    }

    /// Answers the oldest request with a token.
    func giveToken(_ token: String, life: Int = 3_600) {
        transport.answer(
            200,
            #"{"access_token": "\#(token)", "expires_in": \#(life), "token_type": "Bearer"}"#
        )
    }

    /// Takes the next timer, which is a retry's pause.
    func wait() { scheduler.advanceToNext() }
}

/// An RSA key in PEM, made anew for each run of the tests.
let rsaKey: String = {
    let command = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    guard let answer = try? Spawn.run("/usr/bin/openssl", command), answer.exitCode == 0 else {
        preconditionFailure("openssl makes no key")
    }
    return String(decoding: answer.output, as: UTF8.self)
}()

/// A service account's file with that key.
func serviceAccount(key: String = rsaKey) -> String {
    String(
        decoding: JSONWriter.object { json in
            json.member("type", "service_account")
            json.member("project_id", "project-1")
            json.member("private_key_id", "key-1")
            json.member("private_key", key)
            json.member("client_email", "sidecar@project-1.iam.gserviceaccount.com")
            json.member("token_uri", "https://oauth2.googleapis.com/token")
        },
        as: UTF8.self
    )
}
