import Glibc
import HTTP
import Scheduling
import TestSupport

@testable import Storage

extension StorageDependencies {
    /// Dependencies that a test holds in its hands; credentials are read from real files.
    static func fake(
        _ transport: FakeTransport,
        _ scheduler: FakeScheduler,
        _ log: CapturedLog,
        wallClock: WallClock,
        maxRetries: Int,
        onCredential: @escaping (String) -> Void = { _ in }
    ) -> StorageDependencies {
        StorageDependencies(
            transport: transport,
            scheduler: scheduler,
            wallClock: wallClock,
            credentialFiles: .inTests,
            onCredential: onCredential,
            requests: StorageRequester.Settings(
                connectTimeout: .seconds(3),
                readTimeout: .seconds(7),
                retries: RetryPolicy(firstDelay: .seconds(2), maxRetries: maxRetries)
            ),
            log: log.logger,
            seed: 1
        )
    }
}

extension CredentialFiles {
    /// Files of the test's own directory.
    static let inTests = CredentialFiles { (path, limit) throws(Problem) in
        var information = stat()
        guard stat(path, &information) == 0 else { throw .missing }
        guard information.st_mode & S_IFMT == S_IFREG else { throw .unreadable("is not a regular file") }
        guard information.st_size <= limit else { throw .unreadable("is longer than \(limit) bytes") }
        return Array((TemporaryDirectory.read(path: path) ?? "").utf8)
    }
}
