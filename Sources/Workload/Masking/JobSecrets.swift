import AirbyteProtocol

/// All secrets of one job: those of the connector's configuration, also of the one that it has changed to, and the
/// sidecar's own credentials.
package final class JobSecrets {
    private let configuration: JSONValue?
    private var changedConfiguration: JSONValue?
    private let credentials: KnownCredentials
    private var current: SecretMask
    /// Of the credentials in `current`.
    private var credentialsVersion: Int
    private var renewals = 0

    package init(configuration: JSONValue? = nil, credentials: KnownCredentials = KnownCredentials()) {
        self.configuration = configuration
        self.credentials = credentials
        current = SecretMask(configurations: [configuration], credentials: credentials.all)
        credentialsVersion = credentials.version
    }

    /// Hides every secret that is known now. It is made anew only after there is a new one: of many secrets, that takes
    /// a while.
    package var mask: SecretMask {
        if credentialsVersion != credentials.version { renew() }
        return current
    }

    /// Increases whenever the mask changes.
    package var version: Int {
        _ = mask
        return renewals
    }

    /// The connector has changed its configuration; the one that it was given stays secret.
    package func configurationChanged(to configuration: JSONValue) {
        guard configuration != changedConfiguration else { return }
        changedConfiguration = configuration
        renew()
    }

    private func renew() {
        renewals += 1
        current = SecretMask(
            configurations: [configuration, changedConfiguration],
            credentials: credentials.all
        )
        credentialsVersion = credentials.version
    }
}
