/// Lets one fetch serve everyone who asks while it is under way.
///
/// The first `join` starts the fetch; later ones wait for it. `finish` gives all of them the same answer, in the order
/// in which they joined, each once. The answer is not kept: the next `join` starts a new fetch.
///
/// A completion runs within `join` only if the fetch calls `finish` before it returns. Where a caller must never be
/// called back from within its own call, the fetch has to finish later.
public final class SingleFlight<Answer> {
    public typealias Completion = (Answer) -> Void

    private var waiting: [Completion] = []

    public init() {}

    /// Whether a fetch is under way.
    public var isUnderWay: Bool { !waiting.isEmpty }

    /// Waits for the fetch that is under way, or starts one.
    ///
    /// - Parameters:
    ///   - completion: called once, with the answer.
    ///   - fetch: called only if no fetch is under way; leads to one call of `finish`, at once or later.
    public func join(_ completion: @escaping Completion, fetch: () -> Void) {
        waiting.append(completion)
        if waiting.count == 1 { fetch() }
    }

    /// Ends the fetch. A completion may `join` again, which starts the next fetch.
    public func finish(_ answer: Answer) {
        precondition(isUnderWay, "no fetch is under way")
        let served = waiting
        waiting = []
        for completion in served { completion(answer) }
    }
}
