/// Which driver a reactor is asked to use.
public enum BackendChoice: String, CaseIterable, Sendable {
    /// io_uring where the kernel lets us, else epoll.
    case automatic = "auto"
    case ioUring = "io_uring"
    case epoll
}

/// The driver in use.
public enum Backend: String, Sendable {
    case ioUring = "io_uring"
    case epoll
}
