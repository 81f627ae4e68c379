/// How the trace shows a registration, in strace's manner.
extension SlotTable.Slot {
    /// `7<inotify>`.
    var traceName: String { "\(descriptor)<\(label)>" }

    /// `poll_add(7<inotify>, POLLIN, multishot) #12`.
    func traceText(of poll: SlotTable.Poll) -> String {
        let mode = poll.mode == .multishot ? ", multishot" : ""
        return "poll_add(\(traceName), \(poll.interest)\(mode)) #\(serial)"
    }

    /// `read(9<jobOutput.json>, 65536, offset=0) #13`.
    func traceText(of read: SlotTable.Read) -> String {
        "read(\(traceName), \(read.length), offset=\(read.offset)) #\(serial)"
    }

    /// `poll_add(7<inotify>) #12 = POLLIN`, `read(9<jobOutput.json>) #13 = -1 EIO (Input/output error)`.
    func traceText(of completion: Completion, kind: Registration.Kind?) -> String {
        let isPoll = kind == .poll
        let outcome: String
        if completion.result < 0 {
            outcome = "-1 \(SystemError.explain(-completion.result))"
        } else if isPoll {
            outcome = Readiness(rawValue: UInt32(completion.result)).description
        } else {
            outcome = String(completion.result)
        }
        return "\(isPoll ? "poll_add" : "read")(\(traceName)) #\(serial) = \(outcome)"
    }
}
