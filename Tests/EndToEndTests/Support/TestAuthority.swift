import Foundation

/// A certificate authority of a test's own, and a server's certificate for localhost.
struct TestAuthority {
    /// The authority's certificate.
    let file: URL
    /// A folder with the same, under its subject hash.
    let directory: URL
    /// The server's certificate and key.
    let serverFile: URL

    init(in folder: URL) async throws {
        file = folder.appendingPathComponent("authority.pem")
        directory = folder.appendingPathComponent("authorities")
        serverFile = folder.appendingPathComponent("server.pem")
        let script = """
            set -e
            new="req -x509 -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
            openssl $new -subj "/CN=Test Authority" -keyout authority.key -out authority.pem
            openssl $new -subj /CN=localhost -addext subjectAltName=DNS:localhost \
                -addext basicConstraints=critical,CA:FALSE -CA authority.pem -CAkey authority.key \
                -keyout server.key -out server.pem
            cat server.key >> server.pem
            mkdir authorities
            cp authority.pem authorities
            openssl rehash authorities
            """
        let openSSL = try ChildProcess(
            "/bin/sh",
            ["-c", "cd \(folder.path)\n\(script)"],
            environment: ["PATH": "/usr/bin:/bin"],
            log: folder.appendingPathComponent("openssl.log")
        )
        guard await openSSL.exitCode == 0 else { throw Trouble(openSSL.output) }
    }
}
