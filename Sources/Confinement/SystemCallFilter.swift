import CConfinement
import Glibc
import Reactor

/// Which system calls a process may make, as a program for seccomp(2).
///
/// A call that no rule allows fails with `EPERM` and is noted, see `RefusedCalls`. Where a rule looks at an argument, it
/// looks at the lower 32 bits, which is all that the kernel takes of an `int`.
public struct SystemCallFilter: Sendable {
    public enum Rule: Hashable, Sendable {
        case allow
        /// Allowed if the argument of that index has one of the values.
        case allowIf(argument: Int, isOneOf: [UInt32])
        /// Allowed if the argument of that index has none of the bits.
        case allowUnless(argument: Int, hasBits: UInt32)
        /// Fails with this errno value, unnoted: for what glibc calls while it holds all signals back, and for what it has
        /// another way for.
        case fail(Int32)
    }

    /// -1: what a tracer makes of a call that the kernel is to skip, as strace does to inject an error. Nothing is called;
    /// refused, it would hide the tracer's own result. (`findings/strace-injection-meets-a-filter.sh`)
    private static let skippedCall = UInt32.max

    /// Jumps of the kernel's program are no longer.
    private static let maxJump = 255

    private let architecture: UInt32
    /// Sorted by number, each number once.
    private let rules: [(number: UInt32, rule: Rule)]

    /// - Parameters:
    ///   - rules: by the numbers of the calls (`SYS_…`). Where a number occurs twice, the last rule counts.
    ///   - architecture: the value of `seccomp_data.arch` for the program's calls; another one's fail.
    public init(
        _ rules: [(number: Int32, rule: Rule)],
        architecture: UInt32 = cconfinement_architecture()
    ) {
        self.architecture = architecture
        var sorted: [(number: UInt32, rule: Rule)] = []
        for (number, rule) in rules {
            let number = UInt32(number)
            var index = sorted.endIndex
            while index > 0, sorted[index - 1].number > number { index -= 1 }
            if index > 0, sorted[index - 1].number == number {
                sorted[index - 1].rule = rule
            } else {
                sorted.insert((number, rule), at: index)
            }
        }
        self.rules = sorted
    }

    /// Puts the filter in force for this thread and its children, for good.
    ///
    /// Throws where the kernel refuses, such as `EINVAL` where it has no filters; nothing is in force then.
    public func install() throws(SystemError) {
        guard cconfinement_note_refusals() == 0 else { throw SystemError(call: "sigaction", errno: errno) }
        let program = instructions
        guard unsafe cconfinement_install_filter(program, program.count) == 0 else {
            throw SystemError(call: "seccomp", errno: errno)
        }
    }

    // MARK: The program

    /// Numbers of calls from here to where the next one begins are treated alike.
    private struct Range {
        var start: UInt32
        /// Nil where no rule allows the call.
        var rule: Rule?
    }

    /// Few, since the numbers of common calls lie next to each other.
    private var ranges: [Range] {
        var ranges = [Range(start: 0, rule: nil)]
        func add(_ start: UInt32, _ rule: Rule?) {
            if ranges.last?.start == start { ranges.removeLast() }
            if ranges.isEmpty || ranges.last?.rule != rule { ranges.append(Range(start: start, rule: rule)) }
        }
        for (number, rule) in rules {
            add(number, rule)
            add(number + 1, nil)
        }
        add(Self.skippedCall, .allow)
        return ranges
    }

    /// A binary search for the call's number. The kernel runs it once for each number when the filter is installed, and
    /// never again for numbers that are always allowed.
    var instructions: [sock_filter] {
        var program = Program(ranges)
        program.begin(architecture)
        program.search(0..<program.ranges.count)
        program.addVerdicts()
        return program.instructions
    }

    /// The search, and behind it what it leads to. The kernel compiles it: what is shorter takes less of the start.
    private struct Program {
        let ranges: [Range]
        private(set) var instructions: [sock_filter] = []
        /// Jumps to verdicts: the instruction, and whether it is taken if its test holds.
        private var exits: [(index: Int, ifTrue: Bool, rule: Rule?)] = []

        init(_ ranges: [Range]) {
            self.ranges = ranges
            instructions.reserveCapacity(3 * ranges.count)
        }

        mutating func begin(_ architecture: UInt32) {
            instructions += [
                SystemCallFilter.load(SystemCallFilter.architectureOffset),
                SystemCallFilter.jump(BPF_JEQ, architecture, ifTrue: 1),
                SystemCallFilter.result(SECCOMP_RET_ERRNO | UInt32(EPERM)),
                SystemCallFilter.load(SystemCallFilter.numberOffset),
            ]
        }

        /// Adds the search for what is in some of the ranges.
        mutating func search(_ part: Swift.Range<Int>) {
            let middle = part.lowerBound + part.count / 2
            let index = instructions.count
            instructions.append(SystemCallFilter.jump(BPF_JGE, ranges[middle].start))
            // What is below follows at once.
            if middle - part.lowerBound == 1 {
                exits.append((index, false, ranges[part.lowerBound].rule))
            } else {
                search(part.lowerBound..<middle)
            }
            if part.upperBound - middle == 1 {
                exits.append((index, true, ranges[middle].rule))
            } else {
                instructions[index].jt = distance(from: index)
                search(middle..<part.upperBound)
            }
        }

        /// Adds each verdict once, and lets the search lead there.
        mutating func addVerdicts() {
            while let first = exits.first {
                let rule = first.rule
                for exit in exits where exit.rule == rule {
                    let offset = distance(from: exit.index)
                    if exit.ifTrue {
                        instructions[exit.index].jt = offset
                    } else {
                        instructions[exit.index].jf = offset
                    }
                }
                exits.removeAll { $0.rule == rule }
                instructions += SystemCallFilter.verdict(rule)
            }
        }

        /// From behind an instruction to what is added next.
        private func distance(from index: Int) -> UInt8 {
            let distance = instructions.count - index - 1
            precondition(distance <= SystemCallFilter.maxJump, "too many rules for the jumps of a filter")
            return UInt8(distance)
        }
    }

    fileprivate static func verdict(_ rule: Rule?) -> [sock_filter] {
        let allow = result(SECCOMP_RET_ALLOW)
        let refuse = result(SECCOMP_RET_TRAP)
        switch rule {
        case nil:
            return [refuse]
        case .allow:
            return [allow]
        case .fail(let error):
            return [result(SECCOMP_RET_ERRNO | UInt32(error))]
        case .allowIf(let argument, let values):
            let tests = values.indices.map { index in
                jump(BPF_JEQ, values[index], ifTrue: values.count - index)
            }
            return [load(offset(ofArgument: argument))] + tests + [refuse, allow]
        case .allowUnless(let argument, let bits):
            return [load(offset(ofArgument: argument)), jump(BPF_JSET, bits, ifFalse: 1), refuse, allow]
        }
    }

    // MARK: Instructions

    /// Of `seccomp_data`: the number, the architecture, the instruction pointer (8 bytes), six arguments of 8 bytes.
    private static let numberOffset: UInt32 = 0
    private static let architectureOffset: UInt32 = 4

    /// Its lower half: the byte order of the architectures that are supported is little-endian.
    private static func offset(ofArgument index: Int) -> UInt32 { 16 + 8 * UInt32(index) }

    private static func load(_ offset: UInt32) -> sock_filter {
        sock_filter(code: UInt16(BPF_LD | BPF_W | BPF_ABS), jt: 0, jf: 0, k: offset)
    }

    private static func jump(
        _ test: Int32,
        _ operand: UInt32,
        ifTrue: Int = 0,
        ifFalse: Int = 0
    ) -> sock_filter {
        sock_filter(code: UInt16(BPF_JMP | BPF_K | test), jt: UInt8(ifTrue), jf: UInt8(ifFalse), k: operand)
    }

    private static func result(_ value: UInt32) -> sock_filter {
        sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: value)
    }
}
