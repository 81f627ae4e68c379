import HTTP
import Logging
import Reactor
import Sidecar

@testable import Storage

extension StorageRequester.Settings {
    /// Time for a machine that is busy, and hardly a pause before another try.
    static let quickRetries = StorageRequester.Settings(
        connectTimeout: .seconds(20),
        readTimeout: .seconds(20),
        retries: RetryPolicy(firstDelay: .milliseconds(20), maxRetries: 3)
    )
}

extension StorageDependencies {
    /// This machine's clock and files, and quick retries.
    static func peers(_ transport: any HTTPTransport, _ reactor: Reactor, log: Logger) -> StorageDependencies
    {
        StorageDependencies(
            transport: transport,
            scheduler: reactor,
            wallClock: .system,
            credentialFiles: .system,
            onCredential: { _ in },
            requests: .quickRetries,
            log: log,
            seed: 7
        )
    }
}
