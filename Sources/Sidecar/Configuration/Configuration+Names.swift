import Settings
import Storage

extension Configuration {
    /// Every name that begins with `SIDECAR_` and is a setting of the program.
    ///
    /// Which ones are asked for depends on the kind of storage: all kinds are gone through.
    package static var ownNames: Set<String> {
        let journal = SettingsJournal()
        let paths = PathProbe(isFolder: { _ in true }, readingProblem: { _ in nil })
        for type in StorageType.allCases {
            let environment = [
                "STORAGE_TYPE": type.rawValue,
                AzureSettings.connectionStringVariable: "BlobEndpoint=http://localhost",
            ]
            _ = examined(environment: environment, paths: paths, journal: journal)
        }
        return journal.names.filter { $0.hasPrefix(EnvironmentReader.ownPrefix) }
    }

    /// Where a setting is from; nil where it is not set.
    package static func source(
        of name: String,
        environment: [String: String],
        completed: [String: String]
    ) -> SettingSource? {
        if EnvironmentReader(environment).text(name) != nil { return .environment }
        return EnvironmentReader(completed).text(name) == nil ? nil : .settingsFile
    }
}

/// Where the value of a setting is from.
package enum SettingSource: String, Sendable {
    case environment
    case settingsFile = "settings file"
    case fallback = "default"
}
