import Scheduling
import Storage

/// Local storage as a place for documents among others.
final class LocalObjectStore: ObjectStore {
    let name: String
    private let storage: LocalStorage
    private let scheduler: any Scheduler

    init(root: String, scheduler: any Scheduler) {
        name = "local storage in \(root)"
        storage = LocalStorage(root: root)
        self.scheduler = scheduler
    }

    func put(_ content: ObjectContent, key: String, completion: @escaping (StorageFailure?) -> Void) {
        var failure: StorageFailure?
        do {
            try storage.store(content, key: key)
        } catch {
            failure = error
        }
        scheduler.schedule(after: .zero) { completion(failure) }
    }
}
