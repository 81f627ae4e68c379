import Foundation
import Testing

/// Outputs with holes, as large as the file system allows: 8 EiB on tmpfs. What stands in them counts, wherever it is.
@Suite struct SparseOutputTests {
    /// A file system without blocks on a disk, where there is one.
    private static let volume: URL =
        FileManager.default.isWritableFile(atPath: "/dev/shm")
        ? URL(fileURLWithPath: "/dev/shm") : FileManager.default.temporaryDirectory

    private static let status = #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#

    /// A connector that makes the file as large as possible.
    ///
    /// - Parameters:
    ///   - front: stands at its beginning.
    ///   - behind: stands in its middle, behind a hole and in front of another one.
    private static func connector(_ pod: Pod, front: String, behind: String) throws -> Connector {
        let script = pod.folder.appendingPathComponent("sparse.py")
        let source = #"""
            import os, sys
            front, behind = (text.encode() for text in sys.argv[1:3])
            os.write(1, front)
            for size in [2**63 - 1] + [2**n for n in range(62, 20, -1)]:
                try:
                    os.ftruncate(1, size)
                    break
                except OSError:
                    pass
            os.pwrite(1, behind, size // 2)
            """#
        try Data(source.utf8).write(to: script)
        return .command("/usr/bin/python3 \(script.path) '\(front)' '\(behind)' #")
    }

    @Test(arguments: [(true, false), (false, true), (false, false)], Backend.allCases)
    func resultCountsWhereverItStands(
        _ place: (isInFront: Bool, isBehind: Bool),
        _ backend: Backend
    ) async throws {
        let outcome = try await Pod.with("check", backend: backend, on: Self.volume) { pod in
            try await pod.run(
                Self.connector(
                    pod,
                    front: place.isInFront ? Self.status + "\n" : "some text\n",
                    behind: place.isBehind ? Self.status + "\n" : "more text\n"
                )
            )
        }
        let hasResult = place.isInFront || place.isBehind
        #expect(outcome.exitCode == (hasResult ? 0 : 1), "\(outcome.exitCode)")
        #expect(outcome.requests("success").count == (hasResult ? 1 : 0))
        #expect(outcome.requests("failure").count == (hasResult ? 0 : 1))
        #expect(!outcome.console.contains("was not read to its end"), "all of it is read")
        #expect(outcome.isMarked)
    }

    /// A result that is longer than what is held is read again where it stands in the file.
    @Test(arguments: Backend.allCases)
    func longResultBehindAHoleIsDelivered(_ backend: Backend) async throws {
        let title = String(repeating: "t", count: 100_000)
        let spec = #"{"type":"SPEC","spec":{"connectionSpecification":{"title":"\#(title)"}}}"#
        let outcome = try await Pod.with("spec", backend: backend, on: Self.volume) { pod in
            try await pod.run(Self.connector(pod, front: "text\n", behind: spec + "\n"))
        }
        #expect(outcome.exitCode == 0)
        #expect(outcome.output["spec"]["connectionSpecification"]["title"] == .string(title))
    }
}
