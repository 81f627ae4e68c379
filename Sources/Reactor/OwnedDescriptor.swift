import Glibc

/// The one owner of a file descriptor: closes it when it goes out of scope, exactly once.
///
/// Registrations with a reactor must be cancelled before their descriptor is closed.
public struct OwnedDescriptor: ~Copyable, Sendable {
    /// The descriptor's number, to be lent to system calls, never to be closed.
    public let raw: Int32

    /// Takes over an open descriptor.
    public init(_ raw: Int32) {
        self.raw = raw
    }

    /// Closes the descriptor now.
    public consuming func close() {}

    deinit {
        // Linux frees the number whatever close(2) reports, EINTR included: trying again could close
        // somebody else's descriptor. Nothing is written through these, so no data is lost with an EIO.
        _ = Glibc.close(raw)
    }
}
