import Foundation
import StoragePeers
import Testing

/// `sidecarctl doctor` as a process, with faults that it has to find.
@Suite struct DoctorCommandTests {
    private static let refusing = Project.path("Tests/EndToEndTests/Fixtures/refusing")
    /// Nobody listens there: the port is the kernel's own.
    private static let deadAddress = "http://127.0.0.1:1"

    // MARK: The command

    @Test(arguments: StorageService.allCases)
    func findsNothingWrong(_ service: StorageService) async throws {
        try await Doctor.with(["--auth", "--client-id", "dataplane-7"]) { doctor in
            try doctor.tool.write(Doctor.input, to: "ws/sidecarInput.json")
            doctor.useTokens()
            let bucket = try service.makeBucket()
            try doctor.use(service, at: "http://127.0.0.1:\(service.port)", bucket: bucket)
            doctor.environment["STORAGE_BUCKET_LOG"] = bucket
            let checkup = try await doctor.run()
            #expect(checkup.status == 0, "\(checkup.output)")
            #expect(checkup.json["problems"] == .number(0))
            #expect(checkup.all("problem").isEmpty, "\(checkup.output)")
            #expect(checkup.has("ok", "workspace", "CHECK of airbyte/source-x:1.2.3, workload w-1"))
            #expect(checkup.has("ok", "workspace", "a file can be created, written and renamed"))
            #expect(checkup.has("ok", "workspace", "changes are reported"))
            #expect(checkup.has("ok", "token", "gives a token, which lives for"))
            #expect(checkup.has("ok", "workload-api", "/health was answered with 200"))
            #expect(checkup.has("ok", "server-api", "/api/v1/health was answered with 200"))
            for check in ["output-store", "log-store"] {
                #expect(
                    checkup.has("ok", check, "takes an object, gives it back and deletes it"),
                    "\(checkup.output)"
                )
            }
            #expect(checkup.has("ok", "clock", "agrees"))
            // Each check has said something, and nothing of the doctor's is left.
            let checks = Set(checkup.json["findings"].elements.compactMap { $0["check"].text })
            #expect(checks.count == 14)
            #expect(try doctor.files(in: "ws") == ["sidecarInput.json"])
            #expect(try service.keys(in: bucket).isEmpty)
        }
    }

    /// What is set, but cannot be used, is not what is not set.
    @Test func unusableStorageAndHalfACredentialAreProblems() async throws {
        try await Doctor.with { doctor in
            doctor.environment["STORAGE_TYPE"] = "AZURE"
            doctor.environment["STORAGE_BUCKET_LOG"] = "logs"
            doctor.environment["CONTROL_PLANE_TOKEN_ENDPOINT"] = Self.deadAddress
            doctor.environment["DATAPLANE_CLIENT_ID"] = "dataplane-7"
            let checkup = try await doctor.run()
            #expect(checkup.status == 1, "\(checkup.output)")
            #expect(checkup.has("problem", "log-store", "the storage of STORAGE_TYPE cannot be used"))
            #expect(checkup.has("warning", "output-store", "the server API alone"))
            #expect(
                checkup.has("problem", "token", "since DATAPLANE_CLIENT_SECRET is not set"),
                "\(checkup.output)"
            )
        }
    }

    @Test func noCheckAtAllIsAnError() async throws {
        try await Sidecarctl.with { tool in
            let result = try await tool.run(["doctor", "--only", "clock", "--skip", "clock"])
            #expect(result.status == 64 && result.errors.contains("--skip leaves out all"), "\(result)")
        }
    }

    @Test func runsWithNothingSet() async throws {
        try await Sidecarctl.with { tool in
            let result = try await tool.run(
                ["doctor", "--timeout", "2"],
                environment: ["AIRBYTE_CONFIG_DIR": tool.file("no")]
            )
            #expect(result.status == 1)
            #expect(result.errors.isEmpty)
            let lines = result.output.split(separator: "\n").map(String.init)
            #expect(
                lines.contains {
                    $0.hasPrefix("problem  configuration WORKLOAD_API_HOST cannot be used: not set")
                }
            )
            #expect(
                lines.contains {
                    $0.hasPrefix("problem  workspace") && $0.contains("cannot be opened: ENOENT; mount")
                }
            )
            #expect(lines.contains { $0.hasPrefix("problem  workload-api  not checked") })
            // Those that follow still run.
            #expect(lines.contains { $0.hasPrefix("ok       otlp") })
            #expect(lines.last?.contains("problems") == true)
        }
    }

    @Test func checksOnlyWhatIsAskedFor() async throws {
        try await Sidecarctl.with { tool in
            let some = try await tool.run([
                "doctor", "--only", "kernel,inotify", "--only", "io-uring", "--skip", "inotify",
            ])
            #expect(some.status == 0)
            let checks = some.output.split(separator: "\n").dropLast().map { $0.split(separator: " ")[1] }
            #expect(checks == ["kernel", "io-uring"])
            let wrong = try await tool.run(["doctor", "--only", "kernle"])
            #expect(wrong.status == 64)
            #expect(wrong.errors.contains("kernle") && wrong.errors.contains("workload-api"))
            #expect(try await tool.run(["doctor", "--timeout", "0"]).status == 64)
        }
    }

    @Test(arguments: [false, true])
    func showsColoursInATerminalOnly(_ refusesColours: Bool) async throws {
        try await Sidecarctl.with { tool in
            let terminal = try await Terminal(
                "\(Sidecarctl.path) doctor --only kernel,workspace",
                in: tool.folder,
                environment: ["AIRBYTE_CONFIG_DIR": tool.file("no")].merging(
                    refusesColours ? ["NO_COLOR": "1"] : [:]
                ) { $1 }
            )
            let shown = try await terminal.waitFor("exit code 1")
            #expect(shown.contains("ok       kernel        Linux"))
            #expect(shown.contains("1 problem, no warning"))
            let coloured = try await terminal.screen(colours: true)
            #expect(coloured.contains("\u{1B}[31mproblem") == !refusesColours)
            #expect(coloured.contains("\u{1B}[32mok") == !refusesColours)
            await terminal.close()
        }
    }

    // MARK: The machine

    @Test func findsAReadOnlyWorkspace() async throws {
        try await Sidecarctl.with { tool in
            let checkup = try await Doctor(tool).run(
                ["--only", "workspace"],
                launcher: Doctor.mounted("-o ro,mode=0777")
            )
            #expect(checkup.status == 1)
            #expect(checkup.has("problem", "workspace", "cannot create a file", "EROFS"), "\(checkup.output)")
            #expect(checkup.has("problem", "workspace", "mount the volume writable"))
        }
    }

    /// As another user than the one to whom the workspace belongs.
    @Test func findsAWorkspaceOfAnotherUser() async throws {
        try await Sidecarctl.with { tool in
            let checkup = try await Doctor(tool).run(
                ["--only", "workspace"],
                launcher: Doctor.mounted("-o mode=0755") + [
                    "/usr/bin/setpriv", "--reuid=12345", "--regid=12345", "--clear-groups",
                ]
            )
            #expect(checkup.status == 1)
            #expect(
                checkup.has(
                    "problem",
                    "workspace",
                    "EACCES",
                    "owner 0:0, mode 755; this process runs as 12345:12345"
                ),
                "\(checkup.output)"
            )
        }
    }

    @Test func findsAFullVolume() async throws {
        try await Sidecarctl.with { tool in
            let fill = #"dd if=/dev/zero of="$AIRBYTE_CONFIG_DIR/jobOutput.json" bs=4k 2>/dev/null || true;"#
            let checkup = try await Doctor(tool).run(
                ["--only", "workspace"],
                launcher: Doctor.mounted("-o size=64k,mode=0777", then: fill)
            )
            #expect(checkup.status == 1)
            #expect(checkup.has("problem", "workspace", "the volume is full: 0 MiB"), "\(checkup.output)")
            #expect(checkup.has("problem", "workspace", "cannot write a file", "ENOSPC"))
        }
    }

    @Test func findsAnInputThatCannotBeUsed() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(#"{"workloadId": "w-1", "operationType": "DANCE"}"#, to: "ws/sidecarInput.json")
            let checkup = try await Doctor(tool).run(["--only", "workspace"])
            #expect(checkup.status == 1)
            #expect(checkup.has("problem", "workspace", "sidecarInput.json"), "\(checkup.output)")
            // A discovery needs the server API.
            try tool.write(
                """
                {"workloadId": "w-1", "operationType": "DISCOVER", "integrationLauncherConfig": {},
                 "discoverCatalogInput": {"sourceId": "7c5c4d5e-2c2f-4a0b-8a3f-0d0f5c6f7a11",
                                          "connectionConfiguration": {}}}
                """,
                to: "ws/sidecarInput.json"
            )
            let discovery = try await Doctor(tool).run(["--only", "workspace"])
            #expect(discovery.status == 1)
            #expect(discovery.has("problem", "workspace", "INTERNAL_API_HOST"), "\(discovery.output)")
        }
    }

    @Test func findsUsedUpInotifyInstances() async throws {
        try await Sidecarctl.with { tool in
            let checkup = try await Doctor(tool).run(
                ["--only", "inotify,workspace"],
                launcher: [Self.refusing, "EMFILE", "inotify_init1"]
            )
            #expect(checkup.status == 0)
            #expect(
                checkup.has(
                    "warning",
                    "inotify",
                    "instances are used up",
                    "F_NOTIFY works",
                    "max_user_instances"
                )
            )
            #expect(checkup.has("ok", "workspace", "changes are reported"), "\(checkup.output)")
            let neither = try await Doctor(tool).run(
                ["--only", "inotify,workspace"],
                launcher: [Self.refusing, "EMFILE", "inotify_init1,fcntl=1026"]
            )
            #expect(neither.has("warning", "inotify", "F_NOTIFY does not work either", "scans the workspace"))
            #expect(neither.has("warning", "workspace", "changes are not reported"), "\(neither.output)")
        }
    }

    @Test func findsIOUringRefused() async throws {
        try await Sidecarctl.with { tool in
            let launcher = [Self.refusing, "EPERM", "io_uring_setup,io_uring_enter,io_uring_register"]
            let checkup = try await Doctor(tool).run(["--only", "io-uring"], launcher: launcher)
            #expect(checkup.status == 0)
            #expect(
                checkup.has("warning", "io-uring", "EPERM", "the sidecar uses epoll"),
                "\(checkup.output)"
            )
            let demanded = try Doctor(tool)
            demanded.environment["SIDECAR_IO_BACKEND"] = "io_uring"
            let refused = try await demanded.run(["--only", "io-uring"], launcher: launcher)
            #expect(refused.status == 1)
            #expect(
                refused.has("problem", "io-uring", "the sidecar does not start", "auto"),
                "\(refused.output)"
            )
        }
    }

    /// strace holds up the system call for longer than the doctor waits.
    @Test func waitsForNoFileSystem() async throws {
        try await Sidecarctl.with { tool in
            let doctor = try Doctor(tool)
            let inject = "inject=fstatfs:delay_enter=15000000"
            let checkup = try await doctor.run(
                ["--only", "workspace,kernel", "--timeout", "1"],
                launcher: ["/usr/bin/strace", "-f", "-o", "/dev/null", "-e", "trace=fstatfs", "-e", inject]
            )
            #expect(checkup.status == 1)
            #expect(
                checkup.has("problem", "workspace", "does not answer", "for 1 second"),
                "\(checkup.output)"
            )
        }
    }

    /// Where nothing can be done in a child.
    @Test func worksWhereNoProcessCanBeStarted() async throws {
        try await Sidecarctl.with { tool in
            let checkup = try await Doctor(tool).run(
                ["--only", "confinement,workspace"],
                launcher: [Self.refusing, "EAGAIN", "clone,clone3,fork,vfork"]
            )
            #expect(checkup.status == 0)
            #expect(checkup.has("warning", "confinement", "no process can be started"), "\(checkup.output)")
            #expect(checkup.has("ok", "workspace", "a file can be created"), "\(checkup.output)")
        }
    }

    @Test func findsThatLandlockIsMissing() async throws {
        try await Sidecarctl.with { tool in
            let checkup = try await Doctor(tool).run(
                ["--only", "confinement"],
                launcher: [Self.refusing, "ENOSYS", "landlock_create_ruleset"]
            )
            #expect(checkup.status == 0)
            #expect(
                checkup.has("warning", "confinement", "Access to files is not limited"),
                "\(checkup.output)"
            )
            #expect(checkup.has("ok", "confinement", "there is no Landlock"))
        }
    }

    @Test func findsAClockThatIsWrong() async throws {
        try await Doctor.with { doctor in
            try doctor.tool.write("3600", to: "clock")
            let checkup = try await doctor.run(["--only", "clock"], launcher: ShiftedClock.launcher)
            #expect(checkup.status == 1)
            #expect(checkup.has("problem", "clock", "60 minutes ahead of", "NTP"), "\(checkup.output)")
            try doctor.tool.write("-120", to: "clock")
            let little = try await doctor.run(["--only", "clock"], launcher: ShiftedClock.launcher)
            #expect(little.status == 0)
            #expect(little.has("warning", "clock", "behind"), "\(little.output)")
        }
    }

    // MARK: Settings

    @Test func findsSettingsThatAreWrong() async throws {
        try await Sidecarctl.with { tool in
            try tool.write("SIDECAR_FILE_TIMEOUT_MINUTES=soon\nLOG_LEVEL=DEBUG\n", to: "settings.env")
            let doctor = try Doctor(tool)
            doctor.environment.merge([
                "WORKLOAD_API_HOST": Self.deadAddress, "SIDECAR_SETTINGS_FILE": tool.file("settings.env"),
                "SIDECAR_HEARTBEAT_INTERVAL_SECOND": "5", "SIDECAR_SOMETHING_ELSE": "canary-of-a-stranger",
                "PLATFORM_LOG_FORMAT": "xml",
                // What Kubernetes tells of a service.
                "SIDECAR_INJECTOR_SERVICE_HOST": "10.0.0.1", "SIDECAR_INJECTOR_SERVICE_PORT": "443",
                "SIDECAR_INJECTOR_PORT_443_TCP": "tcp://10.0.0.1:443",
            ]) { $1 }
            let checkup = try await doctor.run(["--only", "configuration"])
            #expect(checkup.status == 1)
            #expect(
                checkup.has(
                    "problem",
                    "configuration",
                    "SIDECAR_FILE_TIMEOUT_MINUTES=soon: not a number of minutes"
                )
            )
            #expect(checkup.has("warning", "configuration", "PLATFORM_LOG_FORMAT=xml cannot be used"))
            #expect(
                checkup.has(
                    "warning",
                    "configuration",
                    "SIDECAR_HEARTBEAT_INTERVAL_SECOND is set",
                    "is SIDECAR_HEARTBEAT_INTERVAL_SECONDS meant?"
                ),
                "\(checkup.output)"
            )
            #expect(checkup.has("warning", "configuration", "SIDECAR_SOMETHING_ELSE is set"))
            #expect(!checkup.output.contains("SIDECAR_INJECTOR"))
            #expect(!checkup.output.contains("canary-of-a-stranger"))
            #expect(checkup.setting("LOG_LEVEL") == "DEBUG (settings file)")
            #expect(checkup.setting("WORKLOAD_API_HOST") == "\(Self.deadAddress) (environment)")
            #expect(checkup.setting("SIDECAR_HEARTBEAT_INTERVAL_SECONDS") == "30 seconds (default)")
            // People see the defaults when they ask for them.
            let text = try await tool.run(
                ["doctor", "--only", "configuration"],
                environment: doctor.environment
            )
            #expect(text.output.contains("LOG_LEVEL = DEBUG  (settings file)"))
            #expect(!text.output.contains("SIDECAR_IO_BACKEND"))
            let all = try await tool.run(
                ["doctor", "--only", "configuration", "--defaults"],
                environment: doctor.environment
            )
            #expect(all.output.contains("SIDECAR_IO_BACKEND = auto  (default)"))
            #expect(all.output.contains("SIDECAR_TRACE is not set"))
        }
    }

    @Test func findsASettingsFileThatIsWrong() async throws {
        try await Sidecarctl.with { tool in
            try tool.write("nonsense\n", to: "settings.env")
            let doctor = try Doctor(tool)
            doctor.environment["SIDECAR_SETTINGS_FILE"] = tool.file("settings.env")
            let checkup = try await doctor.run(["--only", "configuration"])
            #expect(checkup.status == 1)
            #expect(
                checkup.has("problem", "configuration", "SIDECAR_SETTINGS_FILE", "is malformed in line 1"),
                "\(checkup.output)"
            )
        }
    }

    /// The settings that the doctor knows are those that the document has.
    @Test func knowsTheSettingsOfTheDocument() async throws {
        let document = try String(contentsOfFile: Project.path("docs/SETTINGS.md"), encoding: .utf8)
        let names = Set(document.matches(of: /`(SIDECAR_[A-Z0-9_]+[A-Z0-9])`/).map { String($0.1) })
        #expect(names.count > 20)
        try await Sidecarctl.with { tool in
            let doctor = try Doctor(tool)
            for name in names where name != "SIDECAR_SETTINGS_FILE" { doctor.environment[name] = "1" }
            let checkup = try await doctor.run(["--only", "configuration"])
            #expect(!checkup.output.contains("there is no such setting"), "\(checkup.output)")
        }
    }

    // MARK: Servers

    @Test func findsANameWithoutAnAddress() async throws {
        try await Doctor.with { doctor in
            let launcher = try await doctor.startNameServer()
            doctor.environment["WORKLOAD_API_HOST"] = "http://no-such-host.example:8007"
            let checkup = try await doctor.run(["--only", "workload-api"], launcher: launcher)
            #expect(checkup.status == 1)
            #expect(
                checkup.has(
                    "problem",
                    "workload-api",
                    "no address is known for host no-such-host.example",
                    "correct WORKLOAD_API_HOST"
                ),
                "\(checkup.output)"
            )
        }
    }

    @Test func findsAServerThatDoesNotAnswer() async throws {
        try await Sidecarctl.with { tool in
            let doctor = try Doctor(tool)
            doctor.environment["WORKLOAD_API_HOST"] = Self.deadAddress
            let refused = try await doctor.run(["--only", "workload-api"])
            #expect(refused.status == 1)
            #expect(
                refused.has("problem", "workload-api", "cannot connect (Connection refused)"),
                "\(refused.output)"
            )
            let server = try SilentServer()
            doctor.environment["WORKLOAD_API_HOST"] = "http://127.0.0.1:\(server.port)"
            let silent = try await doctor.run(["--only", "workload-api", "--timeout", "1"])
            #expect(silent.status == 1)
            #expect(silent.has("problem", "workload-api", "timed out"), "\(silent.output)")
        }
    }

    @Test func findsAnAPIThatIsDown() async throws {
        try await Doctor.with { doctor in
            try await doctor.plant(#"{"path": "/health", "status": 502, "times": 1}"#)
            let checkup = try await doctor.run(["--only", "workload-api,server-api"])
            #expect(checkup.status == 1)
            #expect(
                checkup.has("problem", "workload-api", "/health was answered with 502"),
                "\(checkup.output)"
            )
            #expect(checkup.has("ok", "server-api", "was answered with 200"))
            try await doctor.plant(
                #"{"path": "/health", "status": 200, "times": 1, "headers": {"Content-Type": "text/html"}, "body": "<html><title>Sign in</title></html>"}"#
            )
            let page = try await doctor.run(["--only", "workload-api"])
            #expect(
                page.has("problem", "workload-api", "this is a page for people, not the API"),
                "\(page.output)"
            )
        }
    }

    @Test(arguments: [true, false])
    func goesThroughTheProxy(_ isOpen: Bool) async throws {
        try await Doctor.with { doctor in
            let gateway = try await Gateway.start(
                .squid,
                in: doctor.tool.folder,
                "http_access \(isOpen ? "allow" : "deny") all"
            )
            let port = try #require(doctor.environment["WORKLOAD_API_HOST"]?.split(separator: ":").last)
            doctor.environment["WORKLOAD_API_HOST"] = "http://\(Gateway.platformHost):\(port)"
            doctor.environment["HTTP_PROXY"] = gateway.url
            let checkup = try await doctor.run(["--only", "workload-api"])
            await gateway.stop()
            #expect(checkup.status == (isOpen ? 0 : 1), "\(checkup.output)")
            #expect(
                checkup.has("ok", "workload-api", "through the proxy \(gateway.url)"),
                "\(checkup.output)"
            )
            if isOpen {
                #expect(
                    checkup.has("ok", "workload-api", "/health was answered with 200"),
                    "\(checkup.output)"
                )
            } else {
                #expect(
                    checkup.has(
                        "problem",
                        "workload-api",
                        "403 through the proxy",
                        "ERR_ACCESS_DENIED",
                        "NO_PROXY"
                    ),
                    "\(checkup.output)"
                )
            }
        }
    }

    @Test func findsADeadProxy() async throws {
        try await Sidecarctl.with { tool in
            let doctor = try Doctor(tool)
            doctor.environment["WORKLOAD_API_HOST"] = "http://platform.example.test:8007"
            doctor.environment["HTTP_PROXY"] = "http://user:canary-of-the-proxy@127.0.0.1:1"
            let checkup = try await doctor.run()
            #expect(checkup.status == 1)
            #expect(
                checkup.has(
                    "problem",
                    "workload-api",
                    "platform.example.test:8007 through the proxy http://127.0.0.1:1: cannot connect to the proxy",
                    "NO_PROXY"
                ),
                "\(checkup.output)"
            )
            #expect(!checkup.output.contains("canary-of-the-proxy"))
        }
    }

    enum CertificateFault: CaseIterable {
        case none, endsSoon, expired, otherName, stranger
    }

    @Test(arguments: CertificateFault.allCases)
    func judgesCertificates(_ fault: CertificateFault) async throws {
        try await Doctor.with { doctor in
            let authority = try await TestAuthority(in: doctor.tool.folder)
            let (start, end) =
                switch fault {
                case .expired: ("2024-01-01", "2024-02-01")
                case .endsSoon: ("yesterday", "+2 days")
                case .none, .otherName, .stranger: ("yesterday", "+90 days")
                }
            let certificate = try await authority.certify(
                fault == .otherName ? "other.example" : "localhost",
                from: start,
                until: end
            )
            doctor.environment["WORKLOAD_API_HOST"] =
                "https://localhost:\(try await doctor.startRelay(certificate))"
            if fault != .stranger { doctor.environment["SSL_CERT_FILE"] = authority.file.path }
            let checkup = try await doctor.run(["--only", "workload-api"])
            #expect(checkup.status == (fault == .none || fault == .endsSoon ? 0 : 1), "\(checkup.output)")
            let (status, texts) =
                switch fault {
                case .none: ("ok", ["by CN = Test Authority, is valid until"])
                case .endsSoon: ("warning", ["by CN = Test Authority", "2 days left", "renew"])
                case .expired: ("problem", ["(CN = localhost) has expired on 2024-02-01", "renew"])
                case .otherName: ("problem", ["is for DNS:other.example, not for this host"])
                case .stranger:
                    ("problem", ["is signed by CN = Test Authority, which is not trusted", "SSL_CERT_FILE"])
                }
            let found = checkup.all(status, "workload-api").contains { line in
                texts.allSatisfy { line.contains($0) }
            }
            #expect(found, "\(checkup.output)")
        }
    }

    @Test func findsAuthoritiesThatCannotBeRead() async throws {
        try await Doctor.with { doctor in
            let certificate = try await TestAuthority(in: doctor.tool.folder).serverFile
            doctor.environment["WORKLOAD_API_HOST"] =
                "https://localhost:\(try await doctor.startRelay(certificate))"
            try doctor.tool.write("no certificate", to: "authorities.pem")
            doctor.environment["SSL_CERT_FILE"] = doctor.tool.file("authorities.pem")
            let checkup = try await doctor.run(["--only", "workload-api"])
            #expect(checkup.status == 1)
            #expect(
                checkup.has(
                    "problem",
                    "workload-api",
                    "authorities.pem cannot be read",
                    "correct SSL_CERT_FILE"
                ),
                "\(checkup.output)"
            )
        }
    }

    // MARK: Credentials

    @Test func findsAClientSecretThatIsWrong() async throws {
        try await Doctor.with(["--auth", "--client-id", "dataplane-7", "--client-secret", "the-right-one"]) {
            doctor in
            doctor.useTokens(secret: "canary-of-the-client")
            let checkup = try await doctor.run(["--only", "token,configuration"])
            #expect(checkup.status == 1)
            #expect(
                checkup.has("problem", "token", "401", "DATAPLANE_CLIENT_SECRET right?"),
                "\(checkup.output)"
            )
            #expect(!checkup.output.contains("canary-of-the-client"))
        }
    }

    @Test func findsATokenThatTheAPIRefuses() async throws {
        try await Doctor.with(["--auth"]) { doctor in
            doctor.useTokens()
            try await doctor.plant(#"{"path": "/health", "status": 401}"#)
            let checkup = try await doctor.run(["--only", "workload-api"])
            #expect(checkup.status == 1)
            #expect(
                checkup.has("problem", "workload-api", "401", "the API refuses the access token"),
                "\(checkup.output)"
            )
        }
    }

    @Test(arguments: StorageService.allCases)
    func findsABucketThatIsMissing(_ service: StorageService) async throws {
        try await Sidecarctl.with { tool in
            let doctor = try Doctor(tool)
            let bucket = "missing-\(UUID().uuidString.lowercased())"
            try doctor.use(service, at: "http://127.0.0.1:\(service.port)", bucket: bucket)
            let checkup = try await doctor.run(["--only", "output-store"])
            #expect(checkup.status == 1)
            #expect(
                checkup.has("problem", "output-store", bucket, "404", "STORAGE_BUCKET_WORKLOAD_OUTPUT"),
                "\(checkup.output)"
            )
            // Nor is it made: the second look finds the same.
            #expect(try await doctor.run(["--only", "output-store"]).status == 1)
        }
    }

    @Test(arguments: StorageService.allCases)
    func findsCredentialsThatAreWrong(_ service: StorageService) async throws {
        try await Sidecarctl.with { tool in
            let doctor = try Doctor(tool)
            try doctor.use(service, at: "http://127.0.0.1:\(service.port)", bucket: service.makeBucket())
            let canary = "Y2FuYXJ5LW9mLXRoZS1zdG9yZQ=="
            switch service {
            case .s3: doctor.environment["AWS_SECRET_ACCESS_KEY"] = canary
            case .azure:
                let text = try #require(doctor.environment["AZURE_STORAGE_CONNECTION_STRING"])
                let key = try AzureBlobServer.shared.get().facts.key
                doctor.environment["AZURE_STORAGE_CONNECTION_STRING"] = text.replacing(key, with: canary)
            case .gcs: try tool.write(GCSServer.shared.get().facts.stranger, to: "account.json")
            }
            let checkup = try await doctor.run(["--only", "output-store,configuration"])
            #expect(checkup.status == 1)
            #expect(checkup.has("problem", "output-store", "nothing can be stored in"), "\(checkup.output)")
            #expect(!checkup.output.contains(canary))
        }
    }

    /// Rights that the sidecar does not need are missing.
    @Test(arguments: StorageService.allCases)
    func saysWhichRightIsMissing(_ service: StorageService) async throws {
        try await Sidecarctl.with { tool in
            let proxy = try FaultProxy(before: service.port)
            let code =
                service == .azure
                ? "AuthorizationPermissionMismatch" : service == .s3 ? "AccessDenied" : "forbidden"
            try proxy.set([
                service.refusal("^GET .*sidecarctl-doctor", times: 9, 403, code),
                service.refusal("^DELETE .*sidecarctl-doctor", times: 9, 403, code),
            ])
            let doctor = try Doctor(tool)
            let bucket = try service.makeBucket()
            try doctor.use(service, at: "http://127.0.0.1:\(proxy.port)", bucket: bucket)
            let checkup = try await doctor.run(["--only", "output-store"])
            #expect(checkup.status == 0, "\(checkup.output)")
            let (read, delete) =
                switch service {
                case .s3: ("s3:GetObject", "s3:DeleteObject")
                case .gcs: ("storage.objects.get", "storage.objects.delete")
                case .azure: ("GET of", "DELETE of")
                }
            #expect(checkup.has("warning", "output-store", "cannot be read back", read), "\(checkup.output)")
            #expect(checkup.has("warning", "output-store", "cannot be deleted", delete), "\(checkup.output)")
            #expect(try service.keys(in: bucket).count == 1)
        }
    }

    /// Something before the store answers in its place.
    @Test(arguments: StorageService.allCases)
    func findsAStoreThatGivesBackSomethingElse(_ service: StorageService) async throws {
        try await Sidecarctl.with { tool in
            let proxy = try FaultProxy(before: service.port)
            try proxy.set([.answer("^GET .*sidecarctl-doctor", times: 9, 200, "{}")])
            let doctor = try Doctor(tool)
            try doctor.use(service, at: proxy.origin, bucket: service.makeBucket())
            let checkup = try await doctor.run(["--only", "output-store"])
            #expect(checkup.status == 1)
            #expect(
                checkup.has("problem", "output-store", "has not stored what was sent"),
                "\(checkup.output)"
            )
        }
    }

    @Test func examinesLocalStorage() async throws {
        try await Sidecarctl.with { tool in
            let doctor = try Doctor(tool)
            try FileManager.default.createDirectory(
                atPath: tool.file("storage"),
                withIntermediateDirectories: true
            )
            doctor.environment["SIDECAR_LOCAL_STORAGE_ROOT"] = tool.file("storage")
            let checkup = try await doctor.run(["--only", "output-store,log-store"])
            #expect(checkup.status == 0, "\(checkup.output)")
            #expect(checkup.has("ok", "output-store", "local storage in", "takes an object"))
            #expect(checkup.has("ok", "log-store", "local storage in", "takes an object"))
            #expect(try doctor.files(in: "storage/workload/output").isEmpty)
            #expect(try doctor.files(in: "storage/job-logging").isEmpty)
            try FileManager.default.removeItem(atPath: tool.file("storage/workload"))
            try tool.write("a file", to: "storage/workload")
            let refused = try await doctor.run(["--only", "output-store"])
            #expect(refused.status == 1)
            #expect(refused.has("problem", "output-store", "ENOTDIR"), "\(refused.output)")
        }
    }

    // MARK: Telemetry

    /// A job goes on without its receivers.
    @Test func warnsOfReceiversThatAreGone() async throws {
        try await Sidecarctl.with { tool in
            let doctor = try Doctor(tool)
            doctor.environment.merge([
                "MICROMETER_METRICS_ENABLED": "true", "MICROMETER_METRICS_STATSD_ENABLED": "true",
                "STATSD_HOST": "127.0.0.1", "STATSD_PORT": "1",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "\(Self.deadAddress)/v1/traces?key=canary-of-a-query",
                "OTEL_EXPORTER_OTLP_HEADERS": "api-key=canary-of-a-header",
            ]) { $1 }
            let checkup = try await doctor.run(["--only", "statsd,otlp"])
            #expect(checkup.status == 0)
            #expect(checkup.has("warning", "statsd", "metrics are lost", "ECONNREFUSED"), "\(checkup.output)")
            #expect(
                checkup.has("warning", "otlp", "traces: 127.0.0.1:1: cannot connect"),
                "\(checkup.output)"
            )
            #expect(!checkup.output.contains("canary-of"))
        }
    }

    // MARK: Secrets

    /// Every credential that the settings can hold, as it is and in every output.
    @Test func showsNoCredential() async throws {
        try await Doctor.with(["--auth"]) { doctor in
            doctor.useTokens(secret: "canary-client-secret")
            let azure = Data("canary-azure-account-key".utf8).base64EncodedString()
            doctor.environment.merge([
                "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "canary-aws-secret",
                "AWS_SESSION_TOKEN": "canary-aws-session",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "canary-aws-container",
                "STORAGE_BUCKET_WORKLOAD_OUTPUT": "bucket", "AWS_ENDPOINT_URL_S3": Self.deadAddress,
                "HTTPS_PROXY": "user:canary-proxy@127.0.0.1:1",
                "HTTP_PROXY": "http://user:canary-proxy2@127.0.0.1:1",
                "MICROMETER_METRICS_ENABLED": "true", "MICROMETER_METRICS_OTLP_ENABLED": "true",
                "OTEL_COLLECTOR_ENDPOINT":
                    "https://user:canary-otlp-user@collector.invalid/v1/metrics?key=canary-otlp-query",
                "OTEL_EXPORTER_OTLP_HEADERS": "api-key=canary-otlp-header",
                "AZURE_STORAGE_CONNECTION_STRING":
                    "BlobEndpoint=\(Self.deadAddress)/a;AccountName=a;AccountKey=\(azure)",
                "GOOGLE_APPLICATION_CREDENTIALS":
                    #"{"type": "service_account", "private_key": "canary-google-inline"}"#,
                "SIDECAR_TYPING_MISTAKE": "canary-typing-mistake",
            ]) { $1 }
            let signature =
                "BlobEndpoint=\(Self.deadAddress)/a;SharedAccessSignature=sv=2020&sig=canary-azure-signature"
            for kind in ["S3", "MINIO", "AZURE", "GCS", "AZURE", "canary-storage-type:secret"] {
                // The second time.
                if doctor.environment["STORAGE_TYPE"] == "GCS" {
                    doctor.environment["AZURE_STORAGE_CONNECTION_STRING"] = signature
                }
                doctor.environment["STORAGE_TYPE"] = kind
                doctor.environment["MINIO_ENDPOINT"] = Self.deadAddress
                let json = try await doctor.run(["--timeout", "2"]).output
                let text = try await doctor.tool.run(
                    ["doctor", "--timeout", "2", "--defaults"],
                    environment: doctor.environment
                )
                for output in [json, text.output, text.errors] {
                    for line in output.split(separator: "\n") where line.contains("canary") {
                        // What is no credential: the name of a kind of storage that does not exist.
                        #expect(line.contains("canary-storage-type"), "\(line)")
                    }
                    #expect(!output.contains(azure) && !output.contains("eyJ"))
                }
            }
        }
    }
}
