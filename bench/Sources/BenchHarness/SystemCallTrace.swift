/// What `strace -f -o` has written of a process that sends heartbeats.
public struct SystemCallTrace {
    /// The names of the system calls from one heartbeat's request to the next one's, for each whole interval.
    public let intervals: [[String]]

    /// - Parameter mark: what the request of a heartbeat begins with, in the call that sends it.
    public init(parsing text: String, mark: String = "PUT /api/v1/workload/heartbeat") {
        var intervals: [[String]] = []
        var current: [String]?
        for line in text.split(separator: "\n") {
            // With -f, a line begins with the thread's number. The second half of an interrupted line is no other call.
            let call = line.drop { $0.isNumber || $0 == " " }
            guard let parenthesis = call.firstIndex(of: "("), !call.hasPrefix("<...") else { continue }
            let name = String(call[..<parenthesis])
            guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else {
                continue
            }
            if call.contains(mark) {
                if let current { intervals.append(current) }
                current = []
            }
            current?.append(name)
        }
        self.intervals = intervals
    }

    /// `2 × sendto, 1 × recvfrom`, the most frequent first.
    public static func histogram(_ names: [String]) -> String {
        var counts: [String: Int] = [:]
        for name in names { counts[name, default: 0] += 1 }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.value) × \($0.key)" }
            .joined(separator: ", ")
    }
}
