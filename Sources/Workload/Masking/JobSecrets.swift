import AirbyteProtocol

/// All secrets of one job: those of the connector's configuration, also of each that it has changed to, and the
/// sidecar's own credentials.
package final class JobSecrets {
    /// A connector that changes its configuration more often is not shown any more: each change makes a new mask, and real
    /// ones change a token a few times.
    private static let maxChanges = 100

    /// Of the connector's configurations.
    private var configured = SecretCollection()
    private var lastConfiguration: JSONValue?
    private var changes = 0
    private var isStale = false
    private let credentials: KnownCredentials
    private var current: SecretMask
    /// Of the credentials in `current`.
    private var credentialsVersion: Int
    private var renewals = 0

    package init(configuration: JSONValue? = nil, credentials: KnownCredentials = KnownCredentials()) {
        self.credentials = credentials
        if let configuration { configured.collect(configuration) }
        current = SecretMask(credentials: credentials.all, configured)
        credentialsVersion = credentials.version
    }

    /// Hides every secret that is known now. It is made anew only after there is a new one: of many secrets, that takes
    /// a while.
    package var mask: SecretMask {
        if isStale || credentialsVersion != credentials.version { renew() }
        return current
    }

    /// Increases whenever the mask changes.
    package var version: Int {
        _ = mask
        return renewals
    }

    /// The connector has changed its configuration; all earlier ones stay secret.
    package func configurationChanged(to configuration: JSONValue) {
        guard configuration != lastConfiguration, !configured.isIncomplete else { return }
        lastConfiguration = configuration
        changes += 1
        let known = configured.forms.count
        changes > Self.maxChanges ? configured.giveUp() : configured.collect(configuration)
        isStale = isStale || configured.forms.count > known || configured.isIncomplete
    }

    private func renew() {
        renewals += 1
        isStale = false
        current = SecretMask(credentials: credentials.all, configured)
        credentialsVersion = credentials.version
    }
}
