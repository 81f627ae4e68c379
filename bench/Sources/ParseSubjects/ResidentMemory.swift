import Glibc

/// This process' resident memory, as proc_pid_status(5) tells it.
enum ResidentMemory {
    /// Sets the peak back to what is resident now, and returns that, in KiB (proc_pid_clear_refs(5), value 5).
    static func startNewPeak() -> Int {
        let descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        if descriptor >= 0 {
            _ = write(descriptor, "5", 1)
            close(descriptor)
        }
        return peakKiB
    }

    /// The most that has been resident since.
    static var peakKiB: Int { field("VmHWM:") }

    private static func field(_ name: String) -> Int {
        guard let file = fopen("/proc/self/status", "re") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard text.hasPrefix(name) else { continue }
            return Int(text.dropFirst(name.count).filter(\.isNumber)) ?? 0
        }
        return 0
    }
}
