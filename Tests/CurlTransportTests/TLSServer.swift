import Foundation
import TestSupport

/// An HTTPS server in a process of its own, with a certificate that an authority of the test's has signed.
final class TLSServer {
    let port: Int
    /// The authority's certificate, as a PEM file.
    let certificateFile: String
    /// The same under its subject hash.
    let certificateDirectory: String

    private let folder: URL
    private let pid: pid_t
    private let lifeline: SpawnPipe

    /// The certificate is for 127.0.0.1 and, if `name` is not given, for localhost.
    init(name: String = "localhost") throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        let hashed = folder.appendingPathComponent("hashed")
        try FileManager.default.createDirectory(at: hashed, withIntermediateDirectories: true)
        try TLSServer.makeCertificates(in: folder, name: name)
        let authority = folder.appendingPathComponent("authority.pem")
        try FileManager.default.copyItem(at: authority, to: hashed.appendingPathComponent("authority.pem"))
        try run("openssl", ["rehash", hashed.path])
        certificateFile = authority.path
        certificateDirectory = hashed.path

        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/tls_server.py")
        let output = try SpawnPipe()
        lifeline = try SpawnPipe()
        let credentials = ["server.pem", "server.key"].map { [folder] in
            folder.appendingPathComponent($0).path
        }
        pid = try Spawn.start(
            "/usr/bin/env",
            ["python3", script.path] + credentials,
            input: lifeline.reader.fileDescriptor,
            output: output.writer.fileDescriptor,
            errors: STDERR_FILENO
        )
        try output.writer.close()
        let line = String(decoding: try output.firstLine(), as: UTF8.self)
        guard let port = Int(line) else {
            throw Failure(what: line)
        }
        self.port = port
    }

    var url: String { "https://127.0.0.1:\(port)" }

    func stop() {
        try? lifeline.writer.close()
        Spawn.wait(for: pid)
        try? FileManager.default.removeItem(at: folder)
    }

    struct Failure: Error { var what: String }

    private static func makeCertificates(in folder: URL, name: String) throws {
        func file(_ name: String) -> String { folder.appendingPathComponent(name).path }
        let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try run(
            "openssl",
            ["req", "-x509", "-days", "2", "-subj", "/CN=Test Authority"] + newKey
                + ["-keyout", file("authority.key"), "-out", file("authority.pem")]
        )
        try run(
            "openssl",
            [
                "req", "-x509", "-days", "2", "-subj", "/CN=\(name)", "-addext",
                "subjectAltName=DNS:\(name),IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE",
                "-CA", file("authority.pem"), "-CAkey", file("authority.key"),
            ] + newKey + ["-keyout", file("server.key"), "-out", file("server.pem")]
        )
    }
}

/// Runs a command to its end; throws what it said when it fails.
private func run(_ command: String, _ arguments: [String]) throws {
    let answer = try Spawn.run("/usr/bin/env", [command] + arguments, capturesErrors: true)
    guard answer.exitCode == 0 else {
        throw TLSServer.Failure(what: "\(command): \(String(decoding: answer.output, as: UTF8.self))")
    }
}
