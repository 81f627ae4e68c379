import Foundation
import TestSupport

/// A program that receives telemetry, in a process of its own. It is killed when the object goes, or this process.
final class ReceiverProcess {
    struct Failure: Error { var what: String }

    /// A protocol whose sockets proc(5) lists.
    enum Transport: String { case tcp, udp }

    /// Kills the program when its own standard input ends.
    private static let script = """
        "$@" >"$OUTPUT" 2>&1 &
        echo $!
        cat >/dev/null
        kill -KILL $!
        wait
        """

    /// Where its files may be, among them its `output`.
    let directory: TemporaryDirectory
    private let pid: pid_t
    private let receiver: pid_t
    private let lifeline: SpawnPipe

    init(_ command: [String], in directory: TemporaryDirectory) throws {
        self.directory = directory
        let output = try SpawnPipe()
        lifeline = try SpawnPipe()
        var environment = ProcessInfo.processInfo.environment
        environment["OUTPUT"] = directory.path("output")
        pid = try Spawn.start(
            "/bin/sh",
            ["-c", Self.script, "sh"] + command,
            environment: environment,
            input: lifeline.reader.fileDescriptor,
            output: output.writer.fileDescriptor
        )
        try output.writer.close()
        guard let number = pid_t(String(decoding: try output.firstLine(), as: UTF8.self)) else {
            throw Failure(what: "\(command) was not started")
        }
        receiver = number
    }

    deinit {
        try? lifeline.writer.close()
        Spawn.wait(for: pid)
    }

    /// What it has written so far, on both channels.
    var output: String { directory.read("output") ?? "" }

    /// Blocks until it listens on the port.
    func waitUntilItListens(on port: UInt16, _ transport: Transport = .udp) throws {
        try Self.wait(for: "a listener on port \(port)") { self.listens(on: port, transport) }
    }

    /// A port that nobody listens on just now.
    static func freePort() throws -> UInt16 {
        guard let receiver = DatagramReceiver(.loopback()) else { throw Failure(what: "there is no port") }
        return receiver.port
    }

    /// Blocks until the condition holds. What never comes is an error after a minute, so that no test hangs.
    static func wait(for what: String, until condition: () throws -> Bool) throws {
        let end = Date() + 60
        while try !condition() {
            guard Date() < end else { throw Failure(what: "\(what) did not come") }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    private func listens(on port: UInt16, _ transport: Transport) -> Bool {
        // proc(5): the second field is the local address, the tenth the socket's inode.
        let table = TemporaryDirectory.read(path: "/proc/net/\(transport.rawValue)") ?? ""
        let ending = ":" + String(format: "%04X", port)
        let inodes = table.split(separator: "\n").map { $0.split(separator: " ") }
            .filter { $0.count > 9 && $0[1].hasSuffix(ending) }
            .map { "socket:[\($0[9])]" }
        let folder = "/proc/\(receiver)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.contains { name in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")
            return target.map(inodes.contains) ?? false
        }
    }
}
