/// What a check has found out: one line.
struct Finding: Sendable {
    enum Status: String, Sendable {
        case ok
        /// A job goes on, but something is missing or will be.
        case warning
        /// A job fails, or loses something.
        case problem
    }

    var status: Status
    var check: CheckName
    /// What was checked and what is wrong, without a full stop.
    var text: String
    /// What to do, without a full stop; nil where there is nothing to do, or where the text says it.
    var advice: String?

    var line: String { advice.map { "\(text); \($0)" } ?? text }
}

extension [Finding] {
    /// How many have the status.
    func count(_ status: Finding.Status) -> Int { count { $0.status == status } }
}

/// Collects what one check finds out.
struct Findings {
    let check: CheckName
    private(set) var all: [Finding] = []

    init(_ check: CheckName) {
        self.check = check
    }

    mutating func ok(_ text: String) { add(.ok, text, nil) }
    mutating func warning(_ text: String, _ advice: String? = nil) { add(.warning, text, advice) }
    mutating func problem(_ text: String, _ advice: String? = nil) { add(.problem, text, advice) }

    mutating func add(_ status: Finding.Status, _ text: String, _ advice: String?) {
        all.append(Finding(status: status, check: check, text: text, advice: advice))
    }

    /// Takes over what has been found out elsewhere.
    mutating func add(_ other: Findings) { all += other.all }

    var hasProblem: Bool { all.contains { $0.status == .problem } }
}
