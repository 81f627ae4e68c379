import CUring
import Glibc

@testable import Reactor

extension IOUringDriver {
    /// Submits one operation of any kind and waits for its result: what it returns, or a negative errno value.
    func perform(_ prepare: (UnsafeMutablePointer<io_uring_sqe>) -> Void) -> Int32 {
        guard let entry = io_uring_get_sqe(ring) else { return -EBUSY }
        prepare(entry)
        let token = Registration(kind: .probe, slot: 1, generation: 1).token
        io_uring_sqe_set_data64(entry, token)
        var completions: [Completion] = []
        while true {
            do {
                try wait(block: true, into: &completions)
            } catch {
                return -error.errno
            }
            if let answer = completions.first(where: { $0.token == token }) { return answer.result }
        }
    }
}
