import Glibc

/// A thread that serves until it is told to end.
struct ServerThread: Sendable {
    private let thread: pthread_t

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Starts it.
    ///
    /// - Parameter name: whose thread it is, for errors.
    init(of name: String, _ run: @escaping @Sendable () -> Void) throws(HarnessError) {
        let box = Unmanaged.passRetained(Body(run))
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { box in
                if let box { Unmanaged<Body>.fromOpaque(box).takeRetainedValue().run() }
                return nil
            },
            box.toOpaque()
        )
        guard result == 0 else {
            box.release()
            throw HarnessError(
                "the thread of \(name) cannot be started: \(String(cString: strerror(result)))"
            )
        }
        self.thread = thread
    }

    /// Waits for its end.
    func join() {
        pthread_join(thread, nil)
    }
}
