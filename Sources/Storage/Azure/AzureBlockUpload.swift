import AirbyteProtocol
import Crypto
import HTTP

/// Uploads one large document in blocks, one after the other. It becomes visible with the block list.
///
/// Blocks that no list names are thrown away by the service after a week.
final class AzureBlockUpload {
    typealias Send = (AzureBlobClient.Operation, _ completion: @escaping (StorageFailure?) -> Void) -> Void

    static let contentType = "application/json"

    private let content: ObjectContent
    private let key: String
    private let blockSize: Int
    /// In each block's name, so that two uploads to one key do not mix.
    private let nonce: UInt64
    private let send: Send
    /// Nil where libcrypto has no MD5.
    private let digest = Digest(.md5)

    init(content: ObjectContent, key: String, blockSize: Int, nonce: UInt64, send: @escaping Send) {
        self.content = content
        self.key = key
        self.blockSize = blockSize
        self.nonce = nonce
        self.send = send
    }

    /// The completion may be called from within.
    func start(completion: @escaping (StorageFailure?) -> Void) {
        putBlock(0, completion: completion)
    }

    private var blockCount: Int { (content.count + blockSize - 1) / blockSize }

    private func putBlock(_ index: Int, completion: @escaping (StorageFailure?) -> Void) {
        guard index < blockCount else { return putList(completion: completion) }
        let block: [UInt8]
        do throws(StorageFailure) {
            block = try content.bytes(in: index * blockSize..<min((index + 1) * blockSize, content.count))
        } catch {
            return completion(error)
        }
        digest?.update(block)
        var headers = [HTTPHeader("Content-Type", "application/octet-stream")]
        if let hash = Digest.md5(block) { headers.append(HTTPHeader("Content-MD5", Base64.encode(hash))) }
        let operation = AzureBlobClient.Operation(
            what: "PUT of block \(index + 1) of \(blockCount) of \(key)",
            key: key,
            query: [
                AzureRequest.Parameter(name: "comp", value: "block"),
                AzureRequest.Parameter(name: "blockid", value: blockID(index)),
            ],
            headers: headers,
            body: block
        )
        send(operation) { [self] failure in
            if let failure { return completion(failure) }
            putBlock(index + 1, completion: completion)
        }
    }

    private func putList(completion: @escaping (StorageFailure?) -> Void) {
        // Where the answer to a list that was taken got lost, the list is put again: its blocks are then those of the
        // blob, and not uncommitted any more.
        let blocks = (0..<blockCount).map { "<Latest>\(blockID($0))</Latest>" }.joined()
        let list = Array("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>\(blocks)</BlockList>".utf8)
        var headers = [
            HTTPHeader("Content-Type", "application/xml"),
            HTTPHeader("x-ms-blob-content-type", Self.contentType),
        ]
        if let hash = Digest.md5(list) { headers.append(HTTPHeader("Content-MD5", Base64.encode(hash))) }
        if let hash = digest?.finish() {
            headers.append(HTTPHeader("x-ms-blob-content-md5", Base64.encode(hash)))
        }
        let operation = AzureBlobClient.Operation(
            what: "PUT of the list of blocks of \(key)",
            key: key,
            query: [AzureRequest.Parameter(name: "comp", value: "blocklist")],
            headers: headers,
            body: list
        )
        send(operation, completion)
    }

    /// All names are of one length, as the service demands: 24 characters, whose Base64 needs no padding.
    private func blockID(_ index: Int) -> String {
        let number = String(index)
        let digits = String(repeating: "0", count: 8 - number.utf8.count) + number
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: nonce >> (56 - 8 * UInt64($0))) }
        return Base64.encode(Array((bytes.hexadecimal + digits).utf8))
    }
}
