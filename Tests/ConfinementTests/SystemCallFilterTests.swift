import CConfinement
import Glibc
import Testing

@testable import Confinement

/// The filter's program, run by an interpreter of its instructions; the kernel's own run is that of `confined-probe`.
@Suite struct SystemCallFilterTests {
    private static let architecture = cconfinement_architecture()

    /// What the program says about a call. Every jump must stay within it.
    private func verdict(
        _ program: [sock_filter],
        _ number: UInt32,
        _ arguments: [UInt64] = [],
        architecture: UInt32 = architecture
    ) throws -> UInt32 {
        var data = [UInt32](repeating: 0, count: 16)
        data[0] = number
        data[1] = architecture
        for (index, argument) in arguments.enumerated() {
            data[4 + 2 * index] = UInt32(truncatingIfNeeded: argument)
            data[5 + 2 * index] = UInt32(truncatingIfNeeded: argument >> 32)
        }
        var accumulator: UInt32 = 0
        var position = 0
        while true {
            let instruction = try #require(position < program.count ? program[position] : nil)
            position += 1
            func jump(_ condition: Bool) { position += Int(condition ? instruction.jt : instruction.jf) }
            switch Int32(instruction.code) {
            case BPF_LD | BPF_W | BPF_ABS: accumulator = data[Int(instruction.k / 4)]
            case BPF_JMP | BPF_K | BPF_JEQ: jump(accumulator == instruction.k)
            case BPF_JMP | BPF_K | BPF_JGE: jump(accumulator >= instruction.k)
            case BPF_JMP | BPF_K | BPF_JSET: jump(accumulator & instruction.k != 0)
            case BPF_RET | BPF_K: return instruction.k
            default: try #require(Bool(false), "unknown instruction \(instruction.code)")
            }
        }
    }

    private let allowed = SECCOMP_RET_ALLOW
    private let refused = SECCOMP_RET_TRAP

    @Test func onlyListedNumbersAreAllowed() throws {
        let numbers: [Int32] = [0, 1, 2, 3, 7, 8, 40, 41, 100, 101, 102, 200, 426, 435, 511]
        let program = SystemCallFilter(numbers.shuffled().map { ($0, .allow) }).instructions
        for number in UInt32(0)..<600 {
            let expected = numbers.contains(Int32(number)) ? allowed : refused
            #expect(try verdict(program, number) == expected, "call \(number)")
        }
        #expect(try verdict(program, .max) == allowed, "a call that a tracer has skipped")
        #expect(try verdict(program, .max - 1) == refused)
        #expect(try verdict(program, 0x4000_0000) == refused, "the same number of the x32 interface")
    }

    @Test func withoutRulesNothingIsAllowed() throws {
        let program = SystemCallFilter([]).instructions
        for number: UInt32 in [0, 1, 60, 231] { #expect(try verdict(program, number) == refused) }
    }

    @Test func lastRuleOfANumberCounts() throws {
        let program = SystemCallFilter([(5, .fail(ENOSYS)), (4, .allow), (5, .allow), (4, .fail(EPERM))])
            .instructions
        #expect(try verdict(program, 5) == allowed)
        #expect(try verdict(program, 4) == SECCOMP_RET_ERRNO | UInt32(EPERM))
    }

    @Test func callsOfOtherArchitecturesFail() throws {
        let program = SystemCallFilter([(1, .allow)]).instructions
        #expect(try verdict(program, 1, architecture: 0x4000_0003) == SECCOMP_RET_ERRNO | UInt32(EPERM))
    }

    @Test func argumentsAreComparedByTheirLowerHalves() throws {
        let program = SystemCallFilter([(41, .allowIf(argument: 1, isOneOf: [2, 10, 30]))]).instructions
        for value: UInt64 in [2, 10, 30, 0xFFFF_FFFF_0000_0002] {
            #expect(try verdict(program, 41, [99, value]) == allowed, "\(value)")
        }
        for value: UInt64 in [0, 1, 16, 0x2_0000_0000] {
            #expect(try verdict(program, 41, [2, value]) == refused, "\(value)")
        }
        #expect(try verdict(program, 40, [2, 2]) == refused)
        #expect(try verdict(program, 42, [2, 2]) == refused)
    }

    @Test func bitsOfAnArgumentAreRefused() throws {
        let program = SystemCallFilter([(9, .allowUnless(argument: 2, hasBits: 4))]).instructions
        #expect(try verdict(program, 9, [0, 0, 3]) == allowed)
        #expect(try verdict(program, 9, [4, 4, 0]) == allowed)
        for value: UInt64 in [4, 5, 7] { #expect(try verdict(program, 9, [0, 0, value]) == refused) }
    }

    @Test func everySecondNumberIsStillWithinTheReachOfJumps() throws {
        let program = SystemCallFilter(stride(from: 0, to: 240, by: 2).map { ($0, .allow) }).instructions
        for number in UInt32(0)..<250 {
            #expect(try verdict(program, number) == (number < 240 && number % 2 == 0 ? allowed : refused))
        }
    }
}
