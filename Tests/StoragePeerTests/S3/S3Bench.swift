import CurlTransport
import Foundation
import HTTP
import Logging
import Reactor
import Scheduling
import Settings
import Sidecar
import StoragePeers
import Testing

@testable import Storage

/// A loop on which stores put documents into a server that speaks S3.
final class S3Bench {
    private let endpoint: String
    let reactor: Reactor
    let transport: CurlTransport
    /// Everything that the stores have logged.
    let log = LogLines()

    convenience init(_ server: S3Server) throws {
        try self.init(endpoint: server.endpoint)
    }

    init(endpoint: String) throws {
        self.endpoint = endpoint
        reactor = try Reactor(backend: .epoll)
        transport = try CurlTransport(reactor: reactor, options: .init(userAgent: "Test"))
    }

    func keys(_ user: S3Server.User) -> [String: String] {
        ["AWS_ACCESS_KEY_ID": user.key, "AWS_SECRET_ACCESS_KEY": user.secret]
    }

    /// A store that asks the environment's endpoint, the server itself where it names none.
    func store(
        _ environment: [String: String],
        bucket: String = "output",
        service: S3Settings.Service = .s3,
        checksum: S3Checksum = .available,
        over carrier: (any HTTPTransport)? = nil
    ) throws -> S3Store {
        let usual = ["AWS_ENDPOINT_URL": endpoint, "AWS_EC2_METADATA_DISABLED": "true"]
        var reader = EnvironmentReader(usual.merging(environment) { $1 })
        let settings = try #require(S3Settings.read(&reader, service: service))
        try reader.finish()
        let log = log
        return S3Store.make(
            settings: settings,
            bucket: bucket,
            dependencies: .peers(carrier ?? transport, reactor, log: Logger(label: "test") { _ in log }),
            checksum: checksum
        )
    }

    /// Puts the content; the failure's message, nil where there was none.
    func put(_ content: [UInt8], _ key: String, in store: S3Store) throws -> String? {
        var ends: [StorageFailure?] = []
        store.put(ObjectContent(content), key: key) { ends.append($0) }
        #expect(ends.isEmpty, "a completion was called within put")
        var isStuck = false
        let guardTimer = reactor.schedule(after: .seconds(120)) { isStuck = true }
        while ends.isEmpty {
            try reactor.tick()
            try #require(!isStuck, "the store waits for something that does not happen")
        }
        reactor.cancel(guardTimer)
        return ends[0]?.message
    }
}

/// Bytes without a pattern, the same for each seed.
func randomBytes(_ count: Int, seed: UInt64 = 3) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: random.next()) { bytes += $0 } }
    return Array(bytes.prefix(count))
}
