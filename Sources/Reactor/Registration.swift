/// Names one poll or read for the reactor that gave it out; stays harmless after its end.
public struct Registration: Hashable, Sendable {
    /// Kind in the highest 8 bits, slot in the next 24, the slot's generation in the lower 32: what the
    /// kernel hands back with a completion. Never a pointer, so a stale one can do no harm.
    let token: UInt64

    init(token: UInt64) {
        self.token = token
    }

    init(kind: Kind, slot: Int, generation: UInt32) {
        token = UInt64(kind.rawValue) << 56 | UInt64(slot) << 32 | UInt64(generation)
    }

    /// What a completion answers.
    enum Kind: UInt8 {
        case poll = 1
        case read = 2
        /// The answer to a cancellation itself; the slot and generation are those of its target.
        case cancel = 3
        /// The probe at the start: does the ring answer?
        case probe = 4
    }

    var kind: Kind? { Kind(rawValue: UInt8(token >> 56)) }
    var slot: Int { Int(token >> 32 & 0xFF_FFFF) }
    var generation: UInt32 { UInt32(truncatingIfNeeded: token) }

    /// The same slot and generation under another kind.
    func with(kind: Kind) -> Registration {
        Registration(kind: kind, slot: slot, generation: generation)
    }
}
