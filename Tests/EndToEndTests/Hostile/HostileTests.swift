import Foundation
import Testing

/// Hostile connectors, volumes, limits and servers against the built program. docs/HOSTILE.md lists all attacks, also
/// those that other suites have.
@Suite struct HostileTests {
    @Test(arguments: alternating(files))
    func filesOfTheWorkspace(_ attack: Attack, _ backend: Backend) async throws {
        try await attack.run(backend)
    }

    @Test(arguments: races, Backend.allCases)
    func racingWriters(_ attack: Attack, _ backend: Backend) async throws {
        try await attack.run(backend)
    }

    @Test(arguments: volumes + limits, Backend.allCases)
    func exhaustedResources(_ attack: Attack, _ backend: Backend) async throws {
        try await attack.run(backend)
    }

    @Test(arguments: alternating(servers))
    func hostileServers(_ attack: Attack, _ backend: Backend) async throws {
        try await attack.run(backend)
    }

    @Test(arguments: alternating(lines))
    func expensiveLines(_ attack: Attack, _ backend: Backend) async throws {
        try await attack.run(backend)
    }

    /// Each attack on one driver, and each kind of attack on both: what these do differs little between the drivers.
    private static func alternating(_ attacks: [Attack]) -> [(Attack, Backend)] {
        attacks.enumerated().map { ($1, Backend.allCases[$0 % 2]) }
    }

    @Test func everyAttackHasItsOwnName() {
        let names = (Self.files + Self.races + Self.volumes + Self.limits + Self.servers + Self.lines).map(
            \.name
        )
        #expect(Set(names).count == names.count)
    }
}

// MARK: - The attacks

extension HostileTests {
    /// An entry of another kind stands where a file is expected.
    private static let files: [Attack] =
        ["link", "dangling-link", "link-loop", "fifo", "directory", "socket", "device"].flatMap { kind in
            [
                Attack(
                    name: "exitCode.txt is a \(kind)",
                    steps: "\(Attack.result)\n\(Attack.attacker) entry exitCode.txt \(kind)\nsleep 1",
                    exits: [0],
                    report: .success
                ),
                // The connector writes on to its old output, which the sidecar may have read.
                Attack(
                    name: "jobOutput.json becomes a \(kind)",
                    steps: "\(Attack.attacker) entry jobOutput.json \(kind)\n\(Attack.result)",
                    exits: [0, 1],
                    report: .any
                ),
                Attack(
                    name: "jobOutput.json is a \(kind) from the start",
                    prepare: {
                        try attack($0, "entry", "jobOutput.json", kind)
                        try $0.write("0\n", to: "exitCode.txt", byRename: true)
                    },
                    exits: [1],
                    report: .failure("could not be read: jobOutput.json ")
                ),
                Attack(
                    name: "TERMINATED is a \(kind)",
                    steps: "\(Attack.attacker) entry TERMINATED \(kind)\n\(Attack.result)",
                    exits: [0],
                    report: .success
                ),
                Attack(
                    name: "sidecarInput.json is a \(kind)",
                    prepare: { try attack($0, "entry", "sidecarInput.json", kind) },
                    exits: [78],
                    report: .none
                ),
            ]
        }

    /// The workspace changes while it is looked at.
    private static let races: [Attack] = [
        Attack(
            name: "the exit code and a link take turns",
            steps: "\(Attack.result)\n\(Attack.attacker) swap exitCode.txt 1",
            exits: [0],
            report: .success
        ),
        Attack(
            name: "the output and a link take turns",
            steps: "\(Attack.result)\n\(Attack.attacker) swap jobOutput.json 1",
            exits: [0, 1],
            report: .any
        ),
        Attack(
            name: "all files are renamed again and again",
            steps: "\(Attack.result)\n\(Attack.attacker) storm 1",
            waitsForRunning: true,
            exits: [0],
            report: .success
        ),
        Attack(
            name: "the output is truncated again and again",
            steps: "\(Attack.attacker) shrink 1\n\(Attack.result)",
            exits: [0],
            report: .success,
            hasHeartbeats: true
        ),
        Attack(
            name: "a child writes on after the exit code",
            steps: "\(Attack.result)\n\(Attack.attacker) endless\nsleep 0.5",
            exits: [0],
            report: .success
        ),
        Attack(
            name: "the output is sparse and 8 exabytes long",
            steps: "\(Attack.result)\n\(Attack.attacker) sparse",
            exits: [0, 1],
            report: .any
        ),
        Attack(
            name: "100,000 files in the workspace",
            steps: "\(Attack.attacker) many 100000\n\(Attack.result)",
            exits: [0],
            report: .success,
            hasHeartbeats: true
        ),
        Attack(
            name: "the process is stopped and continued 20 times",
            steps: "\(Attack.attacker) freeze 20\n\(Attack.result)",
            exits: [0],
            report: .success
        ),
        Attack(
            name: "the time of day jumps by a day, to and fro",
            steps: """
                sleep 0.7
                shell echo 86400 >../clock
                sleep 0.7
                shell echo -86400 >../clock
                sleep 0.7
                \(Attack.result)
                """,
            launcher: ShiftedClock.launcher,
            exits: [0],
            report: .success,
            hasHeartbeats: true
        ),
    ]

    /// A tmpfs of that size as the workspace, which the sidecar and the attack see. The attack begins once the sidecar
    /// runs, and the connector ends after it.
    private static func volume(_ options: String, _ attack: String) -> [String] {
        let script = """
            cp -a "$AIRBYTE_CONFIG_DIR" "$AIRBYTE_CONFIG_DIR.copy" &&
            mount -t tmpfs -o \(options) tmpfs "$AIRBYTE_CONFIG_DIR" &&
            cp "$AIRBYTE_CONFIG_DIR.copy"/* "$AIRBYTE_CONFIG_DIR" && cd "$AIRBYTE_CONFIG_DIR" &&
            echo '{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}' >jobOutput.json &&
            echo 0 >exit.tmp || exit 99
            (sleep 1; \(Project.path("Tests/EndToEndTests/Fixtures/attacker")) \(attack); mv exit.tmp exitCode.txt) &
            "$0"; code=$?
            ls -l TERMINATED && cp TERMINATED "$AIRBYTE_CONFIG_DIR.copy" && umount -l . &&
            cp "$AIRBYTE_CONFIG_DIR.copy/TERMINATED" "$AIRBYTE_CONFIG_DIR"
            exit $code
            """
        return ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", script]
    }

    private static let volumes: [Attack] = [
        Attack(
            name: "the volume has no block left",
            launcher: volume("size=256k", "fill"),
            exits: [0],
            report: .success
        ),
        Attack(
            name: "the volume has no inode left",
            launcher: volume("nr_inodes=40", "inodes"),
            exits: [0],
            report: .success
        ),
    ]

    /// The process may have little of something.
    private static let limits: [Attack] =
        [8, 12, 16, 24].map { count in
            Attack(
                name: "\(count) open files at most",
                steps: Attack.result,
                // Kept connections can leave no descriptor for exitCode.txt; then the connector counts as lost. With eight,
                // there is none for a connection: the sidecar gives up after the contact timeout.
                settings: [
                    "SIDECAR_LOST_CONNECTOR_GRACE_SECONDS": "2", "SIDECAR_HEARTBEAT_TIMEOUT_MINUTES": "0.5",
                ],
                launcher: ["/usr/bin/prlimit", "--nofile=\(count)"],
                exits: count < 16 ? [0, 1, 78] : [0],
                report: count < 16 ? .any : .success
            )
        } + [
            Attack(
                name: "no file may grow",
                steps: Attack.result,
                launcher: ["/usr/bin/prlimit", "--fsize=0"],
                exits: [0],
                report: .success
            ),
            Attack(
                name: "256 MiB of address space",
                steps: Attack.result,
                launcher: ["/usr/bin/prlimit", "--as=\(256 << 20)"],
                exits: [0],
                report: .success
            ),
            Attack(
                name: "nobody reads standard output",
                steps:
                    "lines 20000 {\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"line {i}\"}}\n"
                    + Attack.result,
                descriptors: ["--unread", "stdout"],
                exits: [0],
                report: .success
            ),
            Attack(
                name: "nobody reads standard error, which has the trace",
                steps: "sleep 1\n" + Attack.result,
                settings: ["SIDECAR_TRACE": "1"],
                descriptors: ["--unread", "stderr"],
                exits: [0],
                report: .success
            ),
            Attack(
                name: "standard error is full at a start error",
                settings: ["SIDECAR_IO_BACKEND": "none"],
                descriptors: ["--full", "stderr"],
                exits: [78],
                report: .none
            ),
        ]

    private static let calls = "running|heartbeat|output/write|success"
    private static let shortTimeouts = [
        "WORKLOAD_API_READ_TIMEOUT_SECONDS": "0.5", "WORKLOAD_API_CONNECT_TIMEOUT_SECONDS": "0.5",
        "AIRBYTE_API_READ_TIMEOUT_SECONDS": "0.5", "AIRBYTE_API_CONNECT_TIMEOUT_SECONDS": "0.5",
        "WORKLOAD_API_MAX_RETRIES": "2", "AIRBYTE_API_MAX_RETRIES": "2",
    ]

    /// A server attacks the first requests, or all requests of a kind.
    private static let servers: [Attack] =
        [
            "drip-head", "drip-body", "endless-body", "endless-head", "redirect", "short-length",
            "long-length",
            "huge-length", "garbage", "page", "reset-before", "reset-after", "reset-done",
        ].flatMap { kind in
            [
                Attack(
                    name: "\(kind), once for each call",
                    steps: "sleep 1\n\(Attack.result)",
                    settings: shortTimeouts,
                    server: ["running", "heartbeat", "output/write", "success"].map {
                        HostileProxy.Rule(attack: kind, path: $0, times: 1)
                    },
                    exits: ["short-length", "redirect"].contains(kind) ? [0, 1] : [0],
                    report: ["short-length", "redirect"].contains(kind) ? .any : .success
                ),
                Attack(
                    name: "\(kind), always for the output",
                    steps: Attack.result,
                    settings: shortTimeouts,
                    server: [HostileProxy.Rule(attack: kind, path: "output/write")],
                    exits: kind == "short-length" ? [0, 1] : [1],
                    report: kind == "short-length" ? .any : .failure("The job output could not be saved")
                ),
            ]
        }

    private static let manySecrets =
        #"{"tokens": ["#
        + (0..<10_000).map { #""secret-number-\#($0)""# }.joined(separator: ",") + "]}"

    /// The connector's lines cost more than they weigh.
    private static let lines: [Attack] =
        [
            ("line-ends", 400_000), ("deep", 100_000), ("number", 900_000), ("escapes", 140_000),
            ("members", 80_000),
        ].map { kind, count in
            Attack(
                name: "a log line of \(kind)",
                steps: "\(Attack.attacker) line \(kind) \(count)\n\(Attack.result)",
                exits: [0],
                report: .success
            )
        }
        + ["secrets", "almost", "ellipses"].map { kind in
            Attack(
                name: "10,000 secrets and a log line of \(kind)",
                config: manySecrets,
                steps: "\(Attack.attacker) line \(kind) 10000\n\(Attack.result)",
                exits: [0],
                report: .success,
                secrets: ["secret-number-7"],
                maxMemory: 96
            )
        } + [
            // The platform answers with the configuration.
            Attack(
                name: "a CONTROL with a million values",
                steps:
                    "\(Attack.attacker) line control 1000000\nline 7999999\n\(Attack.result)\nsleep 1",
                exits: [0],
                report: .success,
                secrets: ["7999999"],
                maxMemory: 256
            )
        ]

    /// Runs the attacker before the sidecar starts.
    private static func attack(_ pod: Pod, _ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Project.path("Tests/EndToEndTests/Fixtures/attacker"))
        process.arguments = arguments
        process.currentDirectoryURL = pod.workspace
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Trouble("the attacker failed") }
    }
}
