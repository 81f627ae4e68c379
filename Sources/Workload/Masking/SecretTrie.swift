/// The automaton of Aho and Corasick: all secrets as one tree whose nodes are the states, each with a way back.
///
/// The nodes lie in the order of their depth, the children of a node side by side, sorted by their bytes: 13 bytes a
/// node, at most one node for each byte of all secrets.
struct SecretTrie: Sendable {
    typealias State = UInt32

    /// No secret is under way.
    static let root: State = 0

    /// The byte that leads to each node.
    private var bytes: [UInt8] = [0]
    /// Each node's first child. Its last one lies before the first child of the next node.
    private var firstChildren: [State] = []
    /// The node of the longest proper suffix that also begins a secret.
    private var fallbacks: [State] = [root]
    /// The length of the longest secret that the text ends with in this state, in bytes; 0 for none.
    private var lengths: [UInt32] = [0]
    /// The first node of each depth.
    private var levels: [State] = []
    /// The root's children by their bytes, `root` for none: nearly every look-up is one of these.
    private var firstBytes = [State](repeating: root, count: 256)

    init(_ secrets: [[UInt8]]) {
        let sorted = Set(secrets).sorted { $0.lexicographicallyPrecedes($1) }
        // One entry a node, in the nodes' order: which of the sorted secrets go through it, and at which depth.
        var waiting: [(secrets: Range<Int>, depth: Int)] = [(sorted.indices, 0)]
        var parents: [State] = [Self.root]
        var node = 0
        while node < waiting.count {
            let (range, depth) = waiting[node]
            if depth == levels.count { levels.append(State(node)) }
            firstChildren.append(State(waiting.count))
            var start = range.lowerBound
            // A secret that ends here comes first.
            while start < range.upperBound, sorted[start].count == depth { start += 1 }
            while start < range.upperBound {
                let byte = sorted[start][depth]
                var end = start + 1
                while end < range.upperBound, sorted[end][depth] == byte { end += 1 }
                if node == 0 { firstBytes[Int(byte)] = State(waiting.count) }
                waiting.append((start..<end, depth + 1))
                bytes.append(byte)
                parents.append(State(node))
                let isWhole = sorted[start].count == depth + 1
                lengths.append(isWhole ? UInt32(depth + 1) : 0)
                start = end
            }
            node += 1
        }
        firstChildren.append(State(waiting.count))
        linkFallbacks(parents)
    }

    /// Nodes are linked in the order of their depth, since each link is made of links of nodes that lie higher.
    private mutating func linkFallbacks(_ parents: [State]) {
        fallbacks.reserveCapacity(bytes.count)
        for node in bytes.indices.dropFirst() {
            let parent = parents[node]
            let fallback = parent == Self.root ? Self.root : next(fallbacks[Int(parent)], bytes[node])
            fallbacks.append(fallback)
            if lengths[node] == 0 { lengths[node] = lengths[Int(fallback)] }
        }
    }

    /// The state after one more byte of text.
    func next(_ state: State, _ byte: UInt8) -> State {
        var state = state
        while state != Self.root {
            if let child = child(of: state, byte) { return child }
            state = fallbacks[Int(state)]
        }
        return firstBytes[Int(byte)]
    }

    /// The length of the longest secret that ends with the last byte, in bytes; 0 where none does.
    func maxSecretLength(endingIn state: State) -> Int { Int(lengths[Int(state)]) }

    /// How many of the last bytes begin a secret, or are one: as many as can be.
    func depth(of state: State) -> Int {
        // The last level that begins no later.
        var low = 0
        var high = levels.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if levels[middle] <= state { low = middle } else { high = middle }
        }
        return low
    }

    private func child(of state: State, _ byte: UInt8) -> State? {
        var low = Int(firstChildren[Int(state)])
        var high = Int(firstChildren[Int(state) + 1])
        while low < high {
            let middle = (low + high) / 2
            if bytes[middle] < byte { low = middle + 1 } else { high = middle }
        }
        guard low < Int(firstChildren[Int(state) + 1]), bytes[low] == byte else { return nil }
        return State(low)
    }
}
