/// How contact with the workload API is kept.
package struct HeartbeatSettings: Hashable, Sendable {
    package var interval: Duration
    /// The sidecar gives up after this time without a successful call.
    package var contactTimeout: Duration

    package init(interval: Duration, contactTimeout: Duration) {
        self.interval = interval
        self.contactTimeout = contactTimeout
    }
}
