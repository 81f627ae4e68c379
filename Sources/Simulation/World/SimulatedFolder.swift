import Scheduling
import Storage

/// Local storage: a mounted volume that can be slow or full.
final class SimulatedFolder: ObjectStore {
    enum Behaviour: Sendable {
        case works
        case slow
        case fails
    }

    let name = "local storage in /storage"
    private let behaviour: Behaviour
    private let timeline: Timeline
    private let platform: SimulatedPlatform
    private let census: Census
    private let observer: Invariants

    init(
        _ behaviour: Behaviour,
        _ timeline: Timeline,
        _ platform: SimulatedPlatform,
        _ census: Census,
        _ observer: Invariants
    ) {
        self.behaviour = behaviour
        self.timeline = timeline
        self.platform = platform
        self.census = census
        self.observer = observer
    }

    func put(_ content: ObjectContent, key: String, completion: @escaping (StorageFailure?) -> Void) {
        let isOutput = key.hasPrefix("/workload/output/")
        let call = SentCall(
            kind: isOutput ? .putOutput : .putLog,
            url: "file:///storage/\(key)",
            body: (try? content.bytes()) ?? []
        )
        switch behaviour {
        case .works: break
        case .slow: census.count(.folderSlow)
        case .fails: census.count(.folderFailed)
        }
        observer.sent(call, behaviour == .works ? .answered : .slow)
        timeline.plan(after: behaviour == .slow ? .seconds(15) : .milliseconds(2), .sidecar) { [self] in
            guard behaviour != .fails else {
                return completion(StorageFailure(message: "cannot write: no space left on device"))
            }
            if isOutput { platform.storeInFolder(call.body) }
            observer.answered(call, status: 200, isGenuine: true)
            completion(nil)
        }
    }
}
