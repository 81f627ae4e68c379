import Glibc

/// Why a measurement has come to nothing: always the end of the run, never a gap in its data.
public struct HarnessError: Error, CustomStringConvertible {
    public var description: String

    public init(_ description: String) {
        self.description = description
    }

    /// The result of a C function that returns a negative errno.
    static func check(_ result: Int32, _ what: String) throws(HarnessError) -> Int32 {
        guard result < 0 else { return result }
        throw HarnessError("\(what) is not to be had: \(String(cString: strerror(-result)))")
    }
}
