import ArgumentParser

/// The checks, in the order in which they run.
enum CheckName: String, CaseIterable, Sendable {
    case kernel
    case ioUring = "io-uring"
    case confinement
    case inotify
    case configuration
    case workspace
    case token
    case workloadAPI = "workload-api"
    case serverAPI = "server-api"
    case outputStore = "output-store"
    case logStore = "log-store"
    case statsD = "statsd"
    case otlp
    /// Last: it compares what the servers have told.
    case clock
}

/// Names of checks on the command line, separated by commas.
struct CheckNames: ExpressibleByArgument {
    let names: [CheckName]

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false)
        names = words.compactMap { CheckName(rawValue: String($0)) }
        guard names.count == words.count else { return nil }
    }

    static var allValueStrings: [String] { CheckName.allCases.map(\.rawValue) }
    static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}
