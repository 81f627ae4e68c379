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

    /// Certifies another name, or for another time, than the server's certificate has: a file with certificate and key.
    ///
    /// - Parameters:
    ///   - start: as date(1) reads it.
    ///   - end: the same.
    func certify(_ name: String, from start: String, until end: String) async throws -> URL {
        let folder = file.deletingLastPathComponent()
        let script = """
            set -e
            mkdir issued
            touch issued/index
            echo 01 >issued/serial
            printf '[ca]\\ndefault_ca=own\\n[own]\\ndatabase=issued/index\\nserial=issued/serial\\nnew_certs_dir=issued\\npolicy=any\\n' >ca.cnf
            printf 'default_md=sha256\\n[any]\\ncommonName=supplied\\n' >>ca.cnf
            printf 'subjectAltName=DNS:%s\\nbasicConstraints=critical,CA:FALSE\\n' '\(name)' >names.cnf
            openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=\(name)' \
                -keyout other.key -out other.csr
            time() { date -u -d "$1" +%Y%m%d%H%M%SZ; }
            openssl ca -batch -notext -config ca.cnf -extfile names.cnf -cert authority.pem \
                -keyfile authority.key -startdate "$(time '\(start)')" -enddate "$(time '\(end)')" \
                -in other.csr -out other.pem
            cat other.key >> other.pem
            """
        let openSSL = try ChildProcess(
            "/bin/sh",
            ["-c", "cd \(folder.path)\n\(script)"],
            environment: ["PATH": "/usr/bin:/bin"],
            log: folder.appendingPathComponent("openssl-ca.log")
        )
        guard await openSSL.exitCode == 0 else { throw Trouble(openSSL.output) }
        return folder.appendingPathComponent("other.pem")
    }
}
