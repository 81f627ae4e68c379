import Foundation

/// A gateway or proxy of Debian's, on a free port of the loopback, with a configuration of the test's own.
///
/// Needs what `scripts/install --with-tests` installs. tinyproxy and Apache as proxies need root: they get a file
/// /etc/hosts of their own in a mount namespace.
struct Gateway {
    enum Product: String, CaseIterable, Sendable {
        case nginx, haproxy, apache, squid, tinyproxy
    }

    /// A name that only the proxies know. No proxy is used for addresses of the loopback.
    static let platformHost = "platform.example.test"

    let product: Product
    let port: Int
    private let process: ChildProcess

    var url: String { "http://127.0.0.1:\(port)" }

    /// - Parameters:
    ///   - folder: takes the configuration and what the gateway writes.
    ///   - configuration: the directives, without those that say where it listens, writes and runs.
    static func start(
        _ product: Product,
        in folder: URL,
        _ configuration: String
    ) async throws -> Gateway {
        let folder = folder.appendingPathComponent("gateway")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let hosts = folder.appendingPathComponent("hosts")
        try Data("127.0.0.1 localhost \(platformHost)\n".utf8).write(to: hosts)
        let port = try freePort()
        let file = folder.appendingPathComponent("gateway.conf")
        // haproxy takes a last line without its end for a sign of a file that was cut off.
        try Data("\(product.file(configuration, port: port, folder: folder.path))\n".utf8).write(to: file)
        let process = try ChildProcess(
            "/usr/bin/unshare",
            ["--mount", "sh", "-ec", #"mount --bind "$0" /etc/hosts; exec "$@""#, hosts.path]
                + product.command(file.path),
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
            log: folder.appendingPathComponent("gateway.log")
        )
        let gateway = Gateway(product: product, port: port, process: process)
        try await gateway.waitUntilItListens()
        return gateway
    }

    func stop() async { await process.stop() }

    private func waitUntilItListens() async throws {
        while !Self.isListening(port) {
            guard process.isRunning else { throw Trouble("\(product) has ended: \(process.output)") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private static func isListening(_ port: Int) -> Bool {
        withSocket { descriptor, address, length in
            address.pointee.sin_port = in_port_t(port).bigEndian
            return address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, length) == 0
            }
        }
    }

    /// Nobody else asks for this port in the moment until the gateway does: the kernel hands them out in turn.
    private static func freePort() throws -> Int {
        let port = withSocket { descriptor, address, length in
            var length = length
            return address.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
            } ? Int(in_port_t(bigEndian: address.pointee.sin_port)) : nil
        }
        guard let port else { throw Trouble("no port on the loopback") }
        return port
    }

    private static func withSocket<Result>(
        _ body: (Int32, UnsafeMutablePointer<sockaddr_in>, socklen_t) -> Result
    ) -> Result {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return body(descriptor, &address, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
}

// MARK: - Configurations

extension Gateway.Product {
    fileprivate func command(_ file: String) -> [String] {
        switch self {
        case .nginx: ["nginx", "-e", "stderr", "-c", file]
        case .haproxy: ["haproxy", "-db", "-q", "-f", file]
        case .apache: ["apache2", "-X", "-f", file]
        case .squid: ["squid", "-N", "-f", file]
        case .tinyproxy: ["tinyproxy", "-d", "-c", file]
        }
    }

    /// The whole file: in the foreground, on that port, with nothing written outside of the folder.
    fileprivate func file(_ directives: String, port: Int, folder: String) -> String {
        switch self {
        case .nginx:
            """
            daemon off;
            master_process off;
            pid \(folder)/pid;
            error_log stderr;
            events {}
            http {
                access_log off;
                client_body_temp_path \(folder)/body;
                proxy_temp_path \(folder)/proxy;
                fastcgi_temp_path \(folder)/fastcgi;
                uwsgi_temp_path \(folder)/uwsgi;
                scgi_temp_path \(folder)/scgi;
                server {
                    listen 127.0.0.1:\(port);
                    \(directives)
                }
            }
            """
        case .haproxy:
            """
            global
                maxconn 100
            defaults
                mode http
                retries 0
                timeout connect 60s
                timeout client 60s
                timeout server 60s
            listen gateway
                bind 127.0.0.1:\(port)
                \(directives)
            """
        case .apache:
            """
            ServerRoot \(folder)
            ServerName localhost
            PidFile \(folder)/pid
            Mutex file:\(folder) default
            ErrorLog \(folder)/error.log
            \(Self.apacheModules)
            Listen 127.0.0.1:\(port)
            User nobody
            Group nogroup
            MergeSlashes Off
            \(directives)
            """
        case .squid:
            """
            http_port 127.0.0.1:\(port)
            hosts_file \(folder)/hosts
            cache deny all
            access_log none
            cache_log /dev/null
            pid_filename none
            netdb_filename none
            pinger_enable off
            shutdown_lifetime 0 seconds
            \(directives)
            """
        case .tinyproxy:
            """
            Listen 127.0.0.1
            Port \(port)
            Timeout 60
            MaxClients 20
            LogLevel Error
            \(directives)
            """
        }
    }

    private static let apacheModules = [
        "mpm_event", "proxy", "proxy_http", "proxy_connect", "authz_core", "authz_user", "authn_core",
        "authn_file",
        "auth_basic",
    ].map { "LoadModule \($0)_module /usr/lib/apache2/modules/mod_\($0).so" }.joined(separator: "\n")
}
