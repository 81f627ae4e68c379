/// A place for documents, each under a key: a bucket, a container or a folder.
package protocol ObjectStore: AnyObject {
    /// For messages: `S3 bucket airbyte-output`.
    var name: String { get }

    /// Stores the content under the key, in place of what may be there: whole or, for whoever reads, not at all.
    ///
    /// Transient failures are retried. The completion is called once, later, from the loop: with nil, or with why it
    /// failed for good.
    func put(_ content: ObjectContent, key: String, completion: @escaping (StorageFailure?) -> Void)
}

/// A store that can show whether it works: what was stored is read back, compared and deleted. The sidecar itself only
/// stores.
package protocol CheckableStore: ObjectStore {
    /// Reads a short object. The completion is called once, later, from the loop: with whether it holds these bytes, or
    /// with why it cannot be read.
    func compare(_ bytes: [UInt8], key: String, completion: @escaping (Result<Bool, StorageFailure>) -> Void)

    /// Deletes an object. The completion is called once, later, from the loop: with nil, or with why it failed.
    func delete(key: String, completion: @escaping (StorageFailure?) -> Void)
}

/// The content to store: read in pieces, so that a large document is never in memory as a whole.
package struct ObjectContent {
    /// In bytes.
    package let count: Int
    private let read: (Range<Int>) throws(StorageFailure) -> [UInt8]

    /// - Parameter read: gives the bytes of a range within the content, as often as it is asked.
    init(count: Int, read: @escaping (Range<Int>) throws(StorageFailure) -> [UInt8]) {
        self.count = count
        self.read = read
    }

    package init(_ bytes: [UInt8]) {
        self.init(count: bytes.count) { range in range == bytes.indices ? bytes : Array(bytes[range]) }
    }

    /// The bytes of a range within `0..<count`. Throws where they cannot be read any more.
    package func bytes(in range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range of the content")
        return try read(range)
    }

    /// All of it, for content that is known to be short.
    package func bytes() throws(StorageFailure) -> [UInt8] { try bytes(in: 0..<count) }
}

/// Why a document could not be stored.
package struct StorageFailure: Error, Hashable {
    /// One line for people: what failed, where, with the service's own code and request id.
    package var message: String

    package init(message: String) {
        self.message = message
    }
}
