/// Finds beginnings of secrets in what leaves the process.
struct SecretSearch {
    /// By the first byte.
    private var needles: [UInt8: [[UInt8]]] = [:]

    mutating func add(_ needle: [UInt8]) {
        guard let first = needle.first else { return }
        needles[first, default: []].append(needle)
    }

    /// Whether the bytes hold one.
    func finds(in bytes: some Collection<UInt8>) -> Bool {
        let found = bytes.withContiguousStorageIfAvailable { buffer -> Bool in
            for start in buffer.indices {
                guard let candidates = needles[buffer[start]] else { continue }
                let rest = buffer[start...]
                if candidates.contains(where: { rest.starts(with: $0) }) { return true }
            }
            return false
        }
        return found ?? finds(in: Array(bytes))
    }
}
