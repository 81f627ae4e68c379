import HTTP

@testable import Storage

extension StorageRequester.Settings {
    /// Time for a machine that is busy, and hardly a pause before another try.
    static let quickRetries = StorageRequester.Settings(
        connectTimeout: .seconds(20),
        readTimeout: .seconds(20),
        retries: RetryPolicy(firstDelay: .milliseconds(20), maxRetries: 3)
    )
}
