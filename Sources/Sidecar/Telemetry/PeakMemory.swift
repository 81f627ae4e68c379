import Glibc
import Reactor
import Text

/// The largest resident memory that the process has had.
enum PeakMemory {
    /// In bytes; nil where `/proc` does not tell (proc_pid_status(5), `VmHWM`).
    ///
    /// getrusage(2) would be cheaper, but its `ru_maxrss` survives execve(2): it can be that of the container runtime.
    static func bytes() -> Int? {
        let descriptor = OwnedDescriptor(unsafe open("/proc/self/status", O_RDONLY | O_CLOEXEC))
        guard descriptor.raw >= 0 else { return nil }
        // Some 1,500 bytes.
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe read(descriptor.raw, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return peak(inStatus: Array(buffer[..<count]))
    }

    /// The line is `VmHWM:` and a number of `kB`, which are KiB.
    static func peak(inStatus status: [UInt8]) -> Int? {
        let name = Array("\nVmHWM:".utf8)
        guard let start = ByteSearch.first(name, in: status, from: 0) else { return nil }
        var kibibytes: Int?
        for byte in status[(start + name.count)...] {
            let isDigit = UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
            if isDigit { kibibytes = (kibibytes ?? 0) * 10 + Int(byte - UInt8(ascii: "0")) }
            if byte == UInt8(ascii: "\n") || !isDigit && kibibytes != nil { break }
        }
        return kibibytes.map { $0 * 1_024 }
    }
}
