import Glibc
import Reactor

/// Why a measurement has come to nothing: always the end of the run, never a gap in its data.
public struct HarnessError: Error, CustomStringConvertible {
    public var description: String
    /// The harness was told to stop: nothing is to be tried after it.
    public var isStop = false

    public init(_ description: String) {
        self.description = description
    }

    /// A signal has come.
    static var stopped: HarnessError {
        var error = HarnessError("stopped by a signal")
        error.isStop = true
        return error
    }

    /// The result of a C function that returns a negative errno.
    static func check(_ result: Int32, _ what: String) throws(HarnessError) -> Int32 {
        guard result < 0 else { return result }
        throw HarnessError("\(what) is not available: \(String(cString: strerror(-result)))")
    }

    /// The result of what can fail with a system's error.
    static func of<Value: ~Copyable>(
        _ what: String,
        _ body: () throws(SystemError) -> Value
    ) throws(HarnessError) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw HarnessError("\(what) is not available: \(error)")
        }
    }
}
