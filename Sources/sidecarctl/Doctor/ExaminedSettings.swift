import Settings
import Sidecar
import Workload

/// The settings as the sidecar's own loader takes them, with all that is wrong.
struct ExaminedSettings {
    struct Setting: Sendable {
        var name: String
        /// As people may see it; nil where it is not set and has no default.
        var value: String?
        /// Nil where it is not set and has no default.
        var source: SettingSource?
    }

    let configuration: Configuration
    let workspacePath: String
    /// One line each, in the sidecar's words: it does not start with these.
    private(set) var problems: [String] = []
    /// One line each, in the sidecar's words.
    let warnings: [String]
    /// Every setting that was asked for.
    let settings: [Setting]
    /// Names that look like settings of the sidecar and are none.
    let unknownNames: [String]

    /// Whether the environment or the settings file has it.
    func isSet(_ name: String) -> Bool {
        settings.contains { $0.name == name && $0.source != nil && $0.source != .fallback }
    }

    init(environment: [String: String]) {
        var completed = environment
        do throws(StartError) {
            completed = try SettingsFile.completed(environment)
        } catch {
            problems = error.lines
        }
        let journal = SettingsJournal()
        let examined = Configuration.examined(environment: completed, paths: .machine, journal: journal)
        configuration = examined.configuration
        workspacePath = Configuration.workspacePath(in: completed)
        problems += examined.problems.map(\.description)
        warnings = examined.configuration.warnings.map(\.description)
        settings = Self.settings(journal, environment, completed)
        unknownNames = Self.unknownNames(completed)
    }

    private static func unknownNames(_ variables: [String: String]) -> [String] {
        // Kubernetes names the services of a namespace so in its pods ("Accessing the Service", environment variables).
        let services = variables.keys.filter { $0.hasSuffix("_SERVICE_HOST") }
            .map { String($0.dropLast("SERVICE_HOST".count)) }
        let known = Configuration.ownNames
        return variables.keys.filter { name in
            name.hasPrefix(EnvironmentReader.ownPrefix) && !known.contains(name)
                && !services.contains { name.hasPrefix("\($0)SERVICE_") || name.hasPrefix("\($0)PORT") }
        }
        .sorted()
    }

    private static func settings(
        _ journal: SettingsJournal,
        _ environment: [String: String],
        _ completed: [String: String]
    ) -> [Setting] {
        let reader = EnvironmentReader(completed)
        let mask = SecretMask(configurations: [], credentials: Configuration.credentials(in: completed))
        var seen: Set<String> = []
        return journal.entries.compactMap { entry in
            guard seen.insert(entry.name).inserted else { return nil }
            guard let value = reader.text(entry.name) else {
                return Setting(
                    name: entry.name,
                    value: entry.fallback,
                    source: entry.fallback.map { _ in .fallback }
                )
            }
            let source = Configuration.source(of: entry.name, environment: environment, completed: completed)
            return Setting(
                name: entry.name,
                value: Configuration.shown(value, of: entry.name, mask: mask),
                source: source
            )
        }
    }
}
