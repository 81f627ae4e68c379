import Foundation
import Testing

/// Which driver runs the loop, and how little it does while nothing happens.
@Suite struct BackendTests {
    /// The start of a command line for whose program the calls fail with that errno.
    private func refusing(_ errno: String, _ calls: String) -> [String] {
        [Project.path("Tests/EndToEndTests/Fixtures/refusing"), errno, calls]
    }

    /// As the seccomp profile RuntimeDefault has it.
    private var withoutIOUring: [String] {
        refusing("EPERM", "io_uring_setup,io_uring_enter,io_uring_register")
    }

    @Test func refusedIOUringGivesWayToEpoll() async throws {
        try await Pod.with("check") { pod in
            pod.environment["SIDECAR_IO_BACKEND"] = nil
            pod.launcher = withoutIOUring
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.console.contains("on epoll"))
            #expect(outcome.console.contains("io_uring_setup: EPERM"))
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        }
    }

    @Test func forcedIOUringThatIsRefusedIsAnError() async throws {
        try await Pod.with("check", backend: .ioUring) { pod in
            pod.launcher = withoutIOUring
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 78, "\(outcome)")
            #expect(outcome.errors.contains("SIDECAR_IO_BACKEND=io_uring: io_uring_setup: EPERM"))
            #expect(outcome.requests.isEmpty)
            #expect(outcome.isMarked)
        }
    }

    /// Closed standard descriptors: nothing of the sidecar's own gets their numbers.
    @Test(arguments: Backend.allCases)
    func withoutStandardDescriptorsItWorksAllTheSame(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.launcher = ["/bin/sh", "-c", "exec \"$0\" <&- >&- 2>&-"]
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.violations.isEmpty)
        }
    }

    /// A user's limit of inotify instances that is used up, as it happens on crowded nodes.
    private func useUpInotify(_ pod: Pod) {
        pod.launcher = refusing("EMFILE", "inotify_init1")
        // Nothing but F_NOTIFY makes the sidecar look.
        pod.environment["SIDECAR_RESCAN_SECONDS"] = "3600"
        pod.environment["SIDECAR_HEARTBEAT_INTERVAL_SECONDS"] = "3600"
        pod.environment["SIDECAR_HEARTBEAT_TIMEOUT_MINUTES"] = "0"
    }

    @Test(arguments: Backend.allCases)
    func withoutInotifyChangesAreReportedAllTheSame(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            useUpInotify(pod)
            let sidecar = try pod.startSidecar()
            try await pod.controlPlane.wait(for: "running")
            try pod.startConnector(.script("line first\nwait-for go\nline \(Self.result)"))
            #expect(try await sidecar.waitForOutput("source > first"))
            try pod.write("", to: "go")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.console.contains("through F_NOTIFY: inotify is not available"), "\(outcome)")
            #expect(!outcome.console.contains("Scanning"), "\(outcome)")
        }
    }

    private static let result = #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#

    /// One signal stays pending, however many writes there are.
    @Test(arguments: Backend.allCases)
    func withoutInotifyAFloodOfWritesDoesNoHarm(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            useUpInotify(pod)
            let flood = "import os\\nfor n in range(200000): os.write(1, b' ')"
            let outcome = try await pod.run(
                .script("shell /usr/bin/python3 -c \"$(printf \"\(flood)\")\"\nline\nline \(Self.result)")
            )
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        }
    }

    /// F_NOTIFY reports no closes: the lease is asked for once the output is quiet, and at each heartbeat, since the
    /// container can end later.
    @Test(arguments: Backend.allCases)
    func withoutInotifyALostConnectorIsNoticed(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            useUpInotify(pod)
            pod.environment["SIDECAR_HEARTBEAT_INTERVAL_SECONDS"] = "0.5"
            pod.environment["SIDECAR_LOST_CONNECTOR_GRACE_SECONDS"] = "0.5"
            let outcome = try await pod.run(.script("line hello\nshell kill -KILL $MAIN_CONTAINER_PID"))
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.console.contains("No process has the connector's output open"), "\(outcome)")
        }
    }

    @Test(arguments: Backend.allCases)
    func withoutAnyWatchTheWorkspaceIsLookedAtAgainAndAgain(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.environment["SIDECAR_RESCAN_SECONDS"] = "0.1"
            pod.launcher = refusing("EMFILE", "inotify_init1,fcntl=1026")
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(
                outcome.console.contains("every 0.1 seconds: inotify is not available")
            )
            #expect(outcome.console.contains("EMFILE"))
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        }
    }

    /// Linux 6.18: close(2) of an inotify instance takes up to 70 ms (findings/inotify-close-waits). The main container and
    /// the last log lines do not wait for that.
    @Test(arguments: Backend.allCases)
    func inotifyIsClosedAfterTheMarkerAndTheLog(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let trace = pod.folder.appendingPathComponent("strace.txt").path
            pod.launcher = [
                "/usr/bin/strace", "-y", "-o", trace, "-e", "trace=close,mknodat,write,inotify_init1", "-s",
                "400",
            ]
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            let calls = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
            try #require(calls.contains { $0.hasPrefix("inotify_init1") })
            let close =
                calls.firstIndex { $0.hasPrefix("close(") && $0.contains("inotify") } ?? calls.endIndex
            let marker = try #require(calls.firstIndex { $0.contains("\"TERMINATED\"") })
            let summary = try #require(calls.lastIndex { $0.contains("Summary: ") })
            #expect(marker < close && summary < close, "\(calls.suffix(20))")
        }
    }

    /// Between two heartbeats there is one wait, which the timer ends: seen by strace, in epoll mode.
    @Test func idleEpollLoopSleepsUntilTheHeartbeat() async throws {
        let calls = try await idleTrace(.epoll) { pod in
            let trace = pod.folder.appendingPathComponent("strace.txt").path
            pod.launcher = [
                "/usr/bin/strace", "-o", trace, "-e", "trace=epoll_wait,epoll_pwait,sendto", "-s", "400",
            ]
            return trace
        }
        try expectOneWait(
            calls,
            heartbeat: { $0.contains("PUT /api/v1/workload/heartbeat") },
            wait: { $0.hasPrefix("epoll_") && !$0.contains(", 0) =") && !$0.contains(", 0, ") }
        )
    }

    /// The same by the loop's own trace, in io_uring mode.
    @Test func idleIOUringLoopSleepsUntilTheHeartbeat() async throws {
        let calls = try await idleTrace(.ioUring) { pod in
            let trace = pod.folder.appendingPathComponent("trace.txt").path
            pod.environment["SIDECAR_TRACE"] = trace
            return trace
        }
        // The heartbeat goes out in the tick that the timer began.
        try expectOneWait(
            calls,
            heartbeat: { $0.contains("poll_add(") && $0.contains("<timer>") && $0.contains(" = POLLIN") },
            wait: { $0.contains("io_uring_enter") && !$0.contains("min_complete=0") }
        )
    }

    /// Runs a sidecar through several heartbeats with nothing else going on; returns the lines of the trace.
    private func idleTrace(_ backend: Backend, _ prepare: (Pod) -> String) async throws -> [Substring] {
        try await Pod.with("check", backend: backend) { pod in
            let trace = prepare(pod)
            let sidecar = try pod.startSidecar()
            try await pod.controlPlane.wait(for: "heartbeat", count: 5)
            // Ends the sidecar itself, not only the strace in front of it.
            try await pod.controlPlane.cancelWorkload()
            _ = await sidecar.exitCode
            return try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
        }
    }

    private func expectOneWait(
        _ calls: [Substring],
        heartbeat: (Substring) -> Bool,
        wait: (Substring) -> Bool
    ) throws {
        let beats = calls.indices.filter { heartbeat(calls[$0]) }
        try #require(beats.count >= 4, "\(calls.joined(separator: "\n"))")
        // The first ones still settle the connection; look at the span between the third and the fourth.
        let span = calls[beats[2]...beats[3]]
        // One wait for the next heartbeat, and one for the answer to this one: none where it comes at once, two where its
        // parts come apart.
        let waits = span.count(where: wait)
        #expect((1...3).contains(waits), "\(span.joined(separator: "\n"))")
    }
}
