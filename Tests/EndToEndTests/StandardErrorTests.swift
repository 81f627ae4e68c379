import Foundation
import Testing

/// Standard error that nobody reads: its pipe is full.
@Suite struct StandardErrorTests {
    /// Puts a full FIFO where the sidecar's standard error goes. It has to be held open meanwhile.
    private func fillErrors(of pod: Pod) throws -> FileHandle {
        let path = pod.folder.appendingPathComponent("sidecar.err").path
        guard mkfifo(path, 0o644) == 0 else { throw Trouble("\(path) cannot be made") }
        // The sidecar's own end blocks, as one that a container runtime hands over.
        let raw = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard raw >= 0 else { throw Trouble("\(path) cannot be opened") }
        let page = [UInt8](repeating: 0x78, count: 4_096)
        while write(raw, page, page.count) > 0 {}
        return FileHandle(fileDescriptor: raw, closeOnDealloc: true)
    }

    @Test(.timeLimit(.minutes(10)))
    func startErrorEndsAllTheSame() async throws {
        try await Pod.with("check") { pod in
            let errors = try fillErrors(of: pod)
            pod.environment["SIDECAR_FILE_TIMEOUT_MINUTES"] = "soon"
            #expect(await (try pod.startSidecar()).exitCode == 78)
            #expect(pod.exists("TERMINATED"))
            withExtendedLifetime(errors) {}
        }
    }

    /// The trace goes to standard error, and to nobody.
    @Test(.timeLimit(.minutes(10)), arguments: Backend.allCases)
    func traceHoldsNothingUp(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let errors = try fillErrors(of: pod)
            pod.environment["SIDECAR_TRACE"] = "1"
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.sampleSource)
            #expect(await sidecar.exitCode == 0)
            #expect(try await pod.controlPlane.requests("success").count == 1)
            withExtendedLifetime(errors) {}
        }
    }
}
