/// How contact with the workload API is kept.
package struct HeartbeatSettings: Hashable, Sendable {
    package var interval: Duration
    /// Without a successful call for so long the sidecar gives up.
    package var contactTimeout: Duration

    package init(interval: Duration, contactTimeout: Duration) {
        self.interval = interval
        self.contactTimeout = contactTimeout
    }
}
