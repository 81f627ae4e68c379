import AirbyteProtocol

/// All secrets of one job: those of the connector's configuration, also of the one that it has changed to, and the
/// sidecar's own credentials.
package final class JobSecrets {
    private let configuration: JSONValue?
    private var changedConfiguration: JSONValue?
    private let credentials: KnownCredentials
    private var current: SecretMask
    private var currentVersion: Int

    package init(configuration: JSONValue? = nil, credentials: KnownCredentials = KnownCredentials()) {
        self.configuration = configuration
        self.credentials = credentials
        current = SecretMask(configurations: [configuration], credentials: credentials.all)
        currentVersion = credentials.version
    }

    /// Hides every secret that is known now. It is made anew only after there is a new one.
    package var mask: SecretMask {
        if currentVersion != credentials.version { renew() }
        return current
    }

    /// The sidecar's own credentials, and a number that increases whenever they change.
    package var ownCredentials: [String] { credentials.all }
    package var credentialsVersion: Int { credentials.version }

    /// The connector has changed its configuration; the one that it was given stays secret.
    package func configurationChanged(to configuration: JSONValue) {
        guard configuration != changedConfiguration else { return }
        changedConfiguration = configuration
        renew()
    }

    private func renew() {
        current = SecretMask(
            configurations: [configuration, changedConfiguration],
            credentials: credentials.all
        )
        currentVersion = credentials.version
    }
}
