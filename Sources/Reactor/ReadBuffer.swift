/// Memory that a reactor reads into: the caller's own, kept alive by the reactor while a read is under way.
///
/// One read at a time: a buffer in flight may be neither read from nor given to another read, which traps.
public final class ReadBuffer {
    /// Size in bytes.
    public let capacity: Int
    /// Whether the kernel may still write to it. Stays true after a cancellation until the kernel let go.
    public internal(set) var isInFlight = false

    let memory: UnsafeMutableRawBufferPointer

    /// Allocates `capacity` bytes (at least one), zeroed.
    public init(capacity: Int) {
        precondition(capacity > 0, "a read buffer needs room")
        self.capacity = capacity
        memory = .allocate(byteCount: capacity, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
    }

    /// Lends the first `count` bytes for the duration of `body`.
    public func withBytes<Value, Failure: Error>(
        _ count: Int,
        _ body: (RawSpan) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        precondition(!isInFlight, "the buffer is being read into")
        precondition(count >= 0 && count <= capacity, "more bytes than the buffer has")
        return try body(UnsafeRawBufferPointer(rebasing: memory[..<count]).bytes)
    }

    deinit {
        memory.deallocate()
    }
}
