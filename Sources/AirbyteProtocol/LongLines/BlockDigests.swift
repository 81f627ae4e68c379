import CXXHash

/// Digests of a stretch of the output, block by block: what is read of it again is compared with them before it is used,
/// wherever the reading begins.
public struct BlockDigests: Hashable, Sendable {
    /// In bytes. A block is what is held of the output while it is read again; with this size the digests of a line of
    /// 1 GiB take 64 KiB.
    public static let blockSize = 128 * 1_024

    private let blockSize: Int
    /// Where the stretch lies in the output; the first block begins with it.
    public let range: Range<UInt64>
    /// Of each block the XXH3-64; the last block may be shorter.
    private let digests: [UInt64]
    private let seed: UInt64

    fileprivate init(blockSize: Int, range: Range<UInt64>, digests: [UInt64], seed: UInt64) {
        self.blockSize = blockSize
        self.range = range
        self.digests = digests
        self.seed = seed
    }

    /// The block in which the byte at the offset lies.
    public func block(around offset: UInt64) -> Range<UInt64> {
        let size = UInt64(blockSize)
        let start = range.lowerBound + (offset - range.lowerBound) / size * size
        return start..<min(start + size, range.upperBound)
    }

    /// Whether these are the bytes that stood in the block.
    public func match(_ bytes: [UInt8], in block: Range<UInt64>) -> Bool {
        let number = Int(block.lowerBound - range.lowerBound) / blockSize
        guard bytes.count == block.count, digests.indices.contains(number) else { return false }
        let hash = BlockHash(seed: seed)
        unsafe hash.update(bytes.span.bytes)
        return hash.digest == digests[number]
    }
}

/// Makes the digests of a stretch as it comes.
struct BlockDigester {
    private let blockSize: Int
    private let start: UInt64
    private var end: UInt64
    private var digests: [UInt64] = []
    private let hash: BlockHash
    /// Nobody can foresee it, so that no two contents with one digest can be prepared.
    private let seed: UInt64

    init(
        start: UInt64,
        blockSize: Int = BlockDigests.blockSize,
        seed: UInt64
    ) {
        self.blockSize = blockSize
        self.start = start
        self.seed = seed
        end = start
        hash = BlockHash(seed: seed)
    }

    mutating func append(_ bytes: RawSpan) {
        var rest = bytes.byteCount
        while rest > 0 {
            let filled = Int(end - start) % blockSize
            let count = min(rest, blockSize - filled)
            let first = bytes.byteCount - rest
            hash.update(bytes.extracting(first..<(first + count)))
            end += UInt64(count)
            rest -= count
            if filled + count == blockSize { endBlock() }
        }
    }

    private mutating func endBlock() {
        digests.append(hash.digest)
        hash.reset(seed: seed)
    }

    mutating func finish() -> BlockDigests {
        if Int(end - start) % blockSize > 0 { endBlock() }
        return BlockDigests(blockSize: blockSize, range: start..<end, digests: digests, seed: seed)
    }
}

/// XXH3-64 (https://github.com/Cyan4973/xxHash), fed in pieces.
@safe
private final class BlockHash {
    private let state: OpaquePointer

    init(seed: UInt64) {
        guard let state = unsafe cxxhash_create() else { fatalError("out of memory") }
        unsafe self.state = state
        reset(seed: seed)
    }

    deinit { unsafe cxxhash_destroy(state) }

    func reset(seed: UInt64) { unsafe cxxhash_reset(state, seed) }

    func update(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe cxxhash_update(state, $0.baseAddress, $0.count) }
    }

    var digest: UInt64 { unsafe cxxhash_digest(state) }
}
