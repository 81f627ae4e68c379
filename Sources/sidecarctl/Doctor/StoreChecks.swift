import HTTP
import Logging
import Scheduling
import Sidecar
import Storage

extension Examination {
    func checkOutputStore() -> Findings {
        var findings = Findings(.outputStore)
        guard configuration.outputSinks.contains(.storage) else {
            if configuration.outputSinks.isEmpty {
                findings.problem("there is no place for job outputs", "see configuration")
            } else if let type = unusableStorage {
                findings.warning(
                    "job outputs go to the server API alone: the storage of \(type) cannot be used",
                    "see configuration"
                )
            } else {
                findings.ok("job outputs go to the server API alone: no storage is set for them")
            }
            return findings
        }
        let key = "/workload/output/sidecarctl-doctor-\(Self.suffix)"
        check(.output, key: key, setting: "STORAGE_BUCKET_WORKLOAD_OUTPUT", &findings)
        return findings
    }

    func checkLogStore() -> Findings {
        var findings = Findings(.logStore)
        guard configuration.storesJobLogs, let storage = configuration.storage else {
            if let type = unusableStorage {
                findings.problem(
                    "job logs are lost: the storage of \(type) cannot be used",
                    "see configuration"
                )
            } else {
                findings.ok("job logs are not stored: STORAGE_TYPE is not set")
            }
            return findings
        }
        guard storage.has(.log) else {
            findings.warning(
                "job logs are not stored: STORAGE_BUCKET_LOG is not set",
                "set it if they should be"
            )
            return findings
        }
        let key = "job-logging/sidecarctl-doctor-\(Self.suffix).json"
        check(.log, key: key, setting: "STORAGE_BUCKET_LOG", &findings)
        return findings
    }

    /// The setting that asks for storage, where that cannot be used; nil where none is asked for.
    private var unusableStorage: String? {
        guard configuration.storage == nil else { return nil }
        return ["STORAGE_TYPE", "SIDECAR_LOCAL_STORAGE_ROOT"].first(where: settings.isSet)
    }

    /// Makes the key one that nobody else uses.
    private static var suffix: String { String(UInt64.random(in: .max / 2 ... .max), radix: 16) }

    private static let content = Array(#"{"writtenBy": "sidecarctl doctor", "mayBeDeleted": true}"#.utf8)

    private func check(
        _ kind: Configuration.DocumentKind,
        key: String,
        setting: String,
        _ findings: inout Findings
    ) {
        let before = contacts.count
        do throws(HTTPTransportError) {
            let transport = try makeTransport()
            guard let store = store(kind, transport) else {
                return findings.problem("no store can be used", "see configuration")
            }
            var outcome = Findings(findings.check)
            examine(store, key: key, setting: setting, &outcome)
            if let contact = storeContact(since: before) {
                findings.add(reach(contact, setting: "the address of the storage", for: findings.check))
            }
            // A store that is not reached has said nothing.
            if !findings.hasProblem { findings.add(outcome) }
        } catch {
            findings.problem(error.message)
        }
    }

    /// The first request to the store itself, not to a server of credentials.
    private func storeContact(since count: Int) -> Contact? {
        guard let url = configuration.storage?.serviceURL else { return nil }
        let server = Contact.server(of: url)
        // A bucket's name can stand before the server's.
        return contacts[count...].first { $0.server == server || $0.server.hasSuffix(".\(server)") }
    }

    private func examine(
        _ store: any CheckableStore,
        key: String,
        setting: String,
        _ findings: inout Findings
    ) {
        let silence = StorageFailure(message: "no answer within \(limit.spokenDescription)")
        let put: StorageFailure?? = wait { store.put(ObjectContent(Self.content), key: key, completion: $0) }
        if let failure = put ?? silence {
            return findings.problem(
                "nothing can be stored in \(store.name): \(failure.message)",
                "see \(setting) and the credentials"
            )
        }
        let compared: Result<Bool, StorageFailure>? = wait {
            store.compare(Self.content, key: key, completion: $0)
        }
        switch compared ?? .failure(silence) {
        case .success(true): break
        case .success(false):
            findings.problem(
                "\(store.name) has not stored what was sent: \(key) holds other bytes",
                "see what stands before the store"
            )
        case .failure(let failure):
            findings.warning(
                "\(store.name) takes objects, but they cannot be read back with these credentials: \(failure.message)",
                "the sidecar only writes; whoever reads its objects needs the right to"
            )
        }
        let deletion: StorageFailure?? = wait { store.delete(key: key, completion: $0) }
        if let failure = deletion ?? silence {
            findings.warning(
                "the doctor's object \(key) in \(store.name) cannot be deleted: \(failure.message)",
                "delete it; the sidecar deletes nothing"
            )
        }
        if !findings.all.contains(where: { $0.status != .ok }) {
            findings.ok("\(store.name) takes an object, gives it back and deletes it")
        }
    }

    private func store(_ kind: Configuration.DocumentKind, _ transport: any HTTPTransport) -> (
        any CheckableStore
    )? {
        var requests = configuration.storageRequests
        requests.connectTimeout = min(requests.connectTimeout, limit)
        requests.readTimeout = min(requests.readTimeout, limit)
        requests.retries = .none
        var dependencies = StorageDependencies(
            transport: transport,
            scheduler: reactor,
            wallClock: .system,
            credentialFiles: .system,
            onCredential: credentials.learn,
            requests: requests,
            log: Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() },
            seed: .random(in: 0 ... .max)
        )
        // A wrong name is to be found, not to become a bucket.
        dependencies.makesBuckets = false
        let store = configuration.objectStore(
            for: kind,
            local: { root in
                LocalObjectStore(Dependencies.LocalStorage(root: root, stallLimit: limit), reactor: reactor)
            },
            dependencies: dependencies
        )
        return store as? any CheckableStore
    }
}
