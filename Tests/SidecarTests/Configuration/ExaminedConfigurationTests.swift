import Settings
import Testing
import Workload

@testable import Sidecar

/// The settings as people examine them.
@Suite struct ExaminedConfigurationTests {
    private static let paths = PathProbe(isFolder: { _ in true }, readingProblem: { _ in nil })

    private func examined(
        _ environment: [String: String]
    ) -> (configuration: Configuration, problems: [ConfigurationProblem], journal: SettingsJournal) {
        let journal = SettingsJournal()
        let found = Configuration.examined(environment: environment, paths: Self.paths, journal: journal)
        return (found.configuration, found.problems, journal)
    }

    @Test func whatCanBeUsedIsThereDespiteProblems() throws {
        let environment = [
            "SIDECAR_FILE_TIMEOUT_MINUTES": "soon", "WORKLOAD_API_HOST": "http://api:8007",
            "INTERNAL_API_HOST": "server:8001", "SIDECAR_IO_BACKEND": "kqueue",
        ]
        let (configuration, problems, _) = examined(environment)
        #expect(problems.map(\.variable) == ["SIDECAR_FILE_TIMEOUT_MINUTES", "SIDECAR_IO_BACKEND"])
        #expect(configuration.workloadAPI.baseURL == "http://api:8007")
        #expect(configuration.serverAPI?.baseURL == "http://server:8001")
        // They are the problems with which a start ends.
        let error = #expect(throws: ConfigurationError.self) {
            _ = try Configuration(environment: environment, paths: Self.paths)
        }
        #expect(error?.problems == problems)
    }

    @Test func theJournalHasEverySettingWithItsDefault() throws {
        let (_, _, journal) = examined(["LOG_LEVEL": "DEBUG", "https_proxy": "http://proxy:3128"])
        func entry(_ name: String) -> SettingsJournal.Entry? {
            journal.entries.first { $0.names.contains(name) }
        }
        #expect(entry("LOG_LEVEL")?.found == "LOG_LEVEL" && entry("LOG_LEVEL")?.fallback == "INFO")
        #expect(entry("SIDECAR_HEARTBEAT_INTERVAL_SECONDS")?.fallback == "30 seconds")
        #expect(entry("AIRBYTE_CONFIG_DIR")?.fallback == "/config")
        #expect(entry("WORKLOAD_API_MAX_RETRIES")?.fallback == "5")
        #expect(entry("INTERNAL_API_HOST")?.found == nil)
        #expect(entry("HTTPS_PROXY")?.name == "https_proxy")
        // Each is there once.
        #expect(Set(journal.entries.map { $0.names[0] }).count == journal.entries.count)
    }

    @Test func settingsOfEveryKindOfStorageAreKnown() {
        let names = Configuration.ownNames
        for name in [
            "SIDECAR_GCS_ENDPOINT", "SIDECAR_S3_KMS_KEY_ID", "SIDECAR_SETTINGS_FILE", "SIDECAR_TRACE",
        ] {
            #expect(names.contains(name))
        }
        #expect(names.allSatisfy { $0.hasPrefix("SIDECAR_") })
    }

    @Test(arguments: [
        ("LOG_LEVEL", "INFO", "INFO"), ("AWS_ACCESS_KEY_ID", "AKIDAKIDAKID", "AKIDAKIDAKID"),
        ("AWS_SECRET_ACCESS_KEY", "very-secret", "(hidden)"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "api-key=very-secret", "(hidden)"),
        ("GOOGLE_APPLICATION_CREDENTIALS", #"{"private_key": "very-secret"}"#, "(hidden)"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/var/account.json", "/var/account.json"),
        ("HTTPS_PROXY", "user:very-secret@proxy:3128", "http://proxy:3128"),
        ("NO_PROXY", "a.example,10.0.0.0/8", "a.example,10.0.0.0/8"),
        ("WORKLOAD_API_HOST", "https://user:very-secret@api/base", "https://api/base"),
        ("OTEL_COLLECTOR_ENDPOINT", "https://receiver/v1?key=very-secret", "https://receiver/v1?(hidden)"),
        ("AZURE_STORAGE_CONNECTION_STRING", "AccountKey=very-secret", "(hidden)"),
    ])
    func credentialsAreHidden(_ name: String, _ value: String, _ shown: String) {
        let mask = SecretMask(configurations: [], credentials: Configuration.credentials(in: [name: value]))
        #expect(Configuration.shown(value, of: name, mask: mask) == shown)
    }

    @Test func theSourceIsTheEnvironmentFirst() {
        let environment = ["A": "1", "B": " "]
        let completed = ["A": "1", "B": "2", "C": "3"]
        func source(_ name: String) -> SettingSource? {
            Configuration.source(of: name, environment: environment, completed: completed)
        }
        #expect(source("A") == .environment && source("B") == .settingsFile && source("C") == .settingsFile)
        #expect(source("D") == nil)
    }
}
