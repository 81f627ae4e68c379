import Fuzzing
import Glibc

/// The fuzzer that the environment's `FUZZER` names.
private let fuzzer: Fuzzer = {
    let name = getenv("FUZZER").map { String(cString: $0) } ?? ""
    guard let fuzzer = Fuzzer.named(name) else {
        print("FUZZER is one of: \(Fuzzer.all.map(\.name).joined(separator: " "))")
        exit(64)
    }
    return fuzzer
}()

/// What libFuzzer calls with each input. A violation ends the process, as a trap does: libFuzzer then keeps the input.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try fuzzer.check(Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
        fatalError("\(fuzzer.name): \(error)")
    }
    return 0
}
