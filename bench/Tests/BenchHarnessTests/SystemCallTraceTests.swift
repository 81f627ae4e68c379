import BenchHarness
import Testing

@Suite struct SystemCallTraceTests {
    private static let text = """
        41 read(11, "\\1\\0"..., 8) = 8
        41 sendto(9, "PUT /api/v1/workload/heartbeat H"..., 205, MSG_NOSIGNAL, NULL, 0) = 205
        41 sendto(9, "{}", 2, MSG_NOSIGNAL, NULL, 0) = 2
        41 epoll_wait(4,  <unfinished ...>
        42 futex(0x7f, FUTEX_WAKE, 1) = 1
        41 <... epoll_wait resumed>[], 128, -1) = 1
        41 --- SIGCHLD {si_signo=SIGCHLD} ---
        41 sendto(9, "PUT /api/v1/workload/heartbeat H"..., 205, MSG_NOSIGNAL, NULL, 0) = 205
        41 recvfrom(9, "HTTP/1.1 204 No Content", 16384, 0, NULL, NULL) = 64
        41 sendto(9, "PUT /api/v1/workload/heartbeat H"..., 205, MSG_NOSIGNAL, NULL, 0) = 205
        """

    @Test func intervalsGoFromRequestToRequest() {
        let trace = SystemCallTrace(parsing: Self.text)
        #expect(trace.intervals == [["sendto", "sendto", "epoll_wait", "futex"], ["sendto", "recvfrom"]])
    }

    @Test func oneHeartbeatIsNoInterval() {
        #expect(SystemCallTrace(parsing: String(Self.text.prefix(200))).intervals == [])
    }

    @Test func theMostFrequentComeFirst() {
        #expect(SystemCallTrace.histogram(["a", "c", "b", "c"]) == "2 × c, 1 × a, 1 × b")
    }
}
