/// The sidecar's own credentials, which are hidden in everything that people or other programs read: those that the
/// settings hold, and those that were read or fetched since.
///
/// A process has one, whichever workloads it runs.
package final class KnownCredentials {
    /// The bound for fetched ones. A process has seldom more than ten at a time; older ones have expired.
    static let maxLearned = 16

    private let configured: [String]
    private var learned: [String] = []

    /// Increases whenever `all` changes.
    package private(set) var version = 0

    /// - Parameter configured: those that the settings hold.
    package init(_ configured: [String] = []) {
        self.configured = configured
    }

    package var all: [String] { configured + learned }

    /// Adds a credential that was read or fetched. One that is in use is added again with each use, and so stays.
    package func learn(_ credential: String) {
        if configured.contains(credential) || learned.last == credential { return }
        if let known = learned.firstIndex(of: credential) {
            learned.append(learned.remove(at: known))
            return
        }
        learned.append(credential)
        if learned.count > Self.maxLearned { learned.removeFirst() }
        version += 1
    }

    /// Lets go of a credential that was read or fetched: nobody accepts it any more.
    package func forget(_ credential: String) {
        guard let known = learned.firstIndex(of: credential) else { return }
        learned.remove(at: known)
        version += 1
    }
}
