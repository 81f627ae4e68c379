import HTTP
import Logging
import Scheduling

/// What object stores need of the world, and how they use it.
package struct StorageDependencies {
    package var transport: any HTTPTransport
    package var scheduler: any Scheduler
    package var wallClock: WallClock
    package var credentialFiles: CredentialFiles
    /// Gets each credential that is read or fetched, so that it is hidden in what people read.
    package var onCredential: (String) -> Void
    package var requests: StorageRequester.Settings
    package var log: Logger
    /// For the jitter of the delays before retries, and for the names of parts.
    package var seed: UInt64
    /// Whether a bucket that is missing is made.
    package var makesBuckets = true

    package init(
        transport: any HTTPTransport,
        scheduler: any Scheduler,
        wallClock: WallClock,
        credentialFiles: CredentialFiles,
        onCredential: @escaping (String) -> Void,
        requests: StorageRequester.Settings,
        log: Logger,
        seed: UInt64
    ) {
        self.transport = transport
        self.scheduler = scheduler
        self.wallClock = wallClock
        self.credentialFiles = credentialFiles
        self.onCredential = onCredential
        self.requests = requests
        self.log = log
        self.seed = seed
    }

    /// Sends one store's requests.
    func makeRequester() -> StorageRequester {
        StorageRequester(transport: transport, scheduler: scheduler, settings: requests, log: log, seed: seed)
    }
}
