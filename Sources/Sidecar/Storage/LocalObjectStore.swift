import Reactor
import Scheduling
import Storage

/// A folder of this machine as an object store. A child process writes, so that a slow disk, or a network file system that
/// does not answer, never stops the loop.
package final class LocalObjectStore: CheckableStore {
    /// Starts work that blocks beside the loop; false where that is not possible, see `HelperProcess.start`.
    typealias Starter = (
        _ descriptors: [Int32],
        _ work: HelperProcess.Work,
        _ completion: @escaping (String?) -> Void
    ) -> Bool

    private let folder: LocalFolder
    private let contentDescriptors: () -> [Int32]
    private let scheduler: any Scheduler
    private let start: Starter

    /// - Parameter contentDescriptors: gives the files from which contents are read while they are stored.
    init(
        root: String,
        contentDescriptors: @escaping () -> [Int32],
        scheduler: any Scheduler,
        start: @escaping Starter
    ) {
        folder = LocalFolder(root: root)
        self.contentDescriptors = contentDescriptors
        self.scheduler = scheduler
        self.start = start
    }

    package convenience init(_ place: Dependencies.LocalStorage, reactor: Reactor) {
        self.init(
            root: place.root,
            contentDescriptors: place.contentDescriptors,
            scheduler: reactor
        ) { descriptors, work, completion in
            HelperProcess.start(
                on: reactor,
                stallLimit: place.stallLimit,
                keeping: descriptors,
                work,
                completion: completion
            )
        }
    }

    package var name: String { "local storage in \(folder.root)" }

    package func put(_ content: ObjectContent, key: String, completion: @escaping (StorageFailure?) -> Void) {
        perform({ progressed in self.store(content, key, progressed) }, completion)
    }

    package func compare(
        _ bytes: [UInt8],
        key: String,
        completion: @escaping (Result<Bool, StorageFailure>) -> Void
    ) {
        perform({ _ in self.folder.compare(bytes, key: key) }) { failure in
            completion(failure.map { .failure($0) } ?? .success(true))
        }
    }

    package func delete(key: String, completion: @escaping (StorageFailure?) -> Void) {
        perform({ _ in self.folder.delete(key: key) }, completion)
    }

    private func perform(_ work: HelperProcess.Work, _ completion: @escaping (StorageFailure?) -> Void) {
        let hasStarted = start(
            contentDescriptors(),
            work,
            { completion($0.map(StorageFailure.init(message:))) }
        )
        if hasStarted { return }
        // No room for one more process: a loop that waits for the disk is better than a lost document.
        let problem = work {}
        scheduler.schedule(after: .zero) { completion(problem.map(StorageFailure.init(message:))) }
    }

    /// Returns why it failed.
    private func store(_ content: ObjectContent, _ key: String, _ progressed: () -> Void) -> String? {
        do throws(StorageFailure) {
            try folder.store(content, key: key, progressed: progressed)
            return nil
        } catch {
            return error.message
        }
    }
}
