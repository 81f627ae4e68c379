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
        return peak(inStatus: buffer[..<count])
    }

    /// The line is `VmHWM:` and a number of `kB`, which are KiB.
    static func peak(inStatus status: ArraySlice<UInt8>) -> Int? {
        let name = "VmHWM:"
        for line in status.split(separator: UInt8(ascii: "\n")) where line.starts(with: name.utf8) {
            let digits = line.dropFirst(name.utf8.count)
                .filter { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            return Int(String(decoding: digits, as: UTF8.self)).map { $0 * 1_024 }
        }
        return nil
    }
}
