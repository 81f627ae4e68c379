import AirbyteProtocol
import Crypto
import Scheduling

extension Scenario {
    /// Whether a scenario without faults is one in so many.
    private static let cleanOneIn = 10

    /// The scenario of a seed, always the same one.
    ///
    /// - Parameter misleads: true where the sidecar gets other secrets than the connector has.
    package init(seed: UInt64, misleads: Bool = false) {
        self.seed = seed
        var random = SplitMix64(seed: seed)
        isClean = Int.random(in: 0..<Self.cleanOneIn, using: &random) == 0
        makeJob(misleads: misleads, using: &random)
        makeConnector(using: &random)
        guard !isClean else { return }
        // A few kinds of trouble at a time: with all of them at once, nothing but the worst would show.
        let kinds = Int.random(in: 1...3, using: &random)
        for _ in 0..<kinds {
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1, 2: makeWeather(using: &random)
            case 3, 4: makeWorkspaceFaults(using: &random)
            case 5, 6: makeBlow(using: &random)
            default: makeOddity(using: &random)
            }
        }
    }

    // MARK: The job

    private mutating func makeJob(misleads: Bool, using random: inout SplitMix64) {
        operation = [.check, .spec, .discover].randomElement(using: &random) ?? .check
        makeSettings(using: &random)
        // A specification is asked for without a configuration.
        let isSpec = operation == .spec
        let secret = isSpec ? Self.makeSecret(isPlain: true, using: &random) : addSecret(using: &random)
        let other = isSpec ? secret : addSecret(using: &random)
        connectorSecrets = isSpec ? [] : [secret, other]
        let configuration = String(
            decoding: JSONWriter.object { writer in
                writer.member("host", "db.example")
                writer.member("password", misleads ? String(secret.value.reversed()) : secret.value)
                writer.member("api_key", misleads ? String(other.value.reversed()) : other.value)
            },
            as: UTF8.self
        )
        let actorType = Bool.random(using: &random) ? "source" : "destination"
        let actor = Int.random(in: 0..<4, using: &random) > 0 ? #""actorId":"a-1","# : ""
        let inputs: String
        switch operation {
        case .check:
            inputs =
                #""checkConnectionInput":{"actorType":"\#(actorType)",\#(actor)"connectionConfiguration":\#(configuration)}"#
        case .discover:
            inputs =
                #""discoverCatalogInput":{"sourceId":"s-1","connectorVersion":"1","configHash":"h","#
                + #""actorContext":{"actorType":"source"},"connectionConfiguration":\#(configuration)}"#
        case .spec:
            inputs = #""checkConnectionInput":null"#
        }
        input =
            #"{"workloadId":"w-1","operationType":"\#(operation.rawValue)","logPath":"logs/1",\#(inputs),"#
            + #""integrationLauncherConfig":{"jobId":"1","attemptId":0,"dockerImage":"airbyte/\#(actorType)-x:1"}}"#
        if Int.random(in: 0..<300, using: &random) == 0 {
            input = "{}"
            planned.insert(.neverStarts)
        }
    }

    private mutating func makeSettings(using random: inout SplitMix64) {
        limits.file = .seconds([10, 30, 60, 240].randomElement(using: &random) ?? 60)
        limits.start = .seconds([15, 60, 150].randomElement(using: &random) ?? 60)
        if isClean {
            // Whichever way the connector's steps are noticed.
            limits.file = .seconds(240)
            limits.start = .seconds(150)
        }
        limits.heartbeat = .seconds([5, 30].randomElement(using: &random) ?? 30)
        limits.grace = .seconds([2, 10].randomElement(using: &random) ?? 10)
        limits.maxRetries = Int.random(in: 0...4, using: &random)
        let timeout = [5, 30].randomElement(using: &random) ?? 30
        limits.call = .seconds(2 * timeout)
        environment = [
            "WORKLOAD_API_HOST": "http://workload-api", "INTERNAL_API_HOST": "http://server",
            "SIDECAR_FILE_TIMEOUT_MINUTES": "\(Double(limits.file.components.seconds) / 60)",
            "SIDECAR_START_TIMEOUT_MINUTES": "\(Double(limits.start.components.seconds) / 60)",
            "SIDECAR_HEARTBEAT_INTERVAL_SECONDS": "\(limits.heartbeat.components.seconds)",
            "SIDECAR_LOST_CONNECTOR_GRACE_SECONDS": "\(limits.grace.components.seconds)",
        ]
        for api in ["WORKLOAD_API", "AIRBYTE_API", "SIDECAR_STORAGE"] {
            environment["\(api)_MAX_RETRIES"] = "\(limits.maxRetries)"
            environment["\(api)_CONNECT_TIMEOUT_SECONDS"] = "\(timeout)"
            environment["\(api)_READ_TIMEOUT_SECONDS"] = "\(timeout)"
        }
        if Int.random(in: 0..<3, using: &random) == 0 { environment["PLATFORM_LOG_FORMAT"] = "json" }
        if Int.random(in: 0..<3, using: &random) == 0 { environment["SIDECAR_EAGER_DELIVERY"] = "false" }
        makeStorage(using: &random)
        if Int.random(in: 0..<3, using: &random) == 0 {
            let secret = addSecret(using: &random, isPlain: true)
            environment["CONTROL_PLANE_TOKEN_ENDPOINT"] = "http://identity/token"
            environment["DATAPLANE_CLIENT_ID"] = "client"
            environment["DATAPLANE_CLIENT_SECRET"] = secret.value
            tokenLife = [60, 900].randomElement(using: &random) ?? 900
        }
    }

    private mutating func makeStorage(using random: inout SplitMix64) {
        environment["SIDECAR_OUTPUT_SINK"] = ["api", "auto", "storage"].randomElement(using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            let secret = addSecret(using: &random, isPlain: true)
            environment["STORAGE_TYPE"] = "MINIO"
            environment["MINIO_ENDPOINT"] = "http://minio:9000"
            environment["AWS_ACCESS_KEY_ID"] = "an-access-key"
            environment["AWS_SECRET_ACCESS_KEY"] = secret.value
            environment["STORAGE_BUCKET_WORKLOAD_OUTPUT"] = "outputs"
            environment["STORAGE_BUCKET_LOG"] = "logs"
        case 1:
            environment["STORAGE_TYPE"] = "LOCAL"
            folder = .works
        default:
            if environment["SIDECAR_OUTPUT_SINK"] == "storage" { environment["SIDECAR_OUTPUT_SINK"] = "api" }
        }
    }

    /// - Parameter isPlain: without characters that are written in other ways in URLs and JSON.
    private mutating func addSecret(using random: inout SplitMix64, isPlain: Bool = false) -> Secret {
        let secret = Self.makeSecret(isPlain: isPlain, using: &random)
        secrets.append(secret)
        return secret
    }

    private static func makeSecret(isPlain: Bool, using random: inout SplitMix64) -> Secret {
        let letters = Array("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")
        let core = String((0..<24).map { _ in letters.randomElement(using: &random) ?? "a" })
        let ending = isPlain ? "" : ["", "+/=", " and & more", "\"'\\"].randomElement(using: &random) ?? ""
        let value = core + ending
        let forms = [String(core.prefix(12)), String(Base64.encode(Array(value.utf8)).prefix(14))]
        return Secret(value: value, needles: forms.map { Array($0.utf8) })
    }

    // MARK: The connector

    private mutating func makeConnector(using random: inout SplitMix64) {
        var script = ConnectorScript(operation, secrets: connectorSecrets, seed: seed)
        script.addChatter(Int.random(in: 0...5, using: &random), using: &random)
        if !isClean, operation != .spec, Int.random(in: 0..<8, using: &random) == 0 {
            addControl(to: &script, using: &random)
        }
        let givesTrace = Int.random(in: 0..<5, using: &random) == 0
        if givesTrace { script.addErrorTrace() }
        let givesResult = Int.random(in: 0..<4, using: &random) > 0
        if givesResult {
            let isLong = !isClean && Int.random(in: 0..<250, using: &random) == 0
            let isBehindText = !isClean && Int.random(in: 0..<20, using: &random) == 0
            script.addResult(behind: isBehindText ? "text " : "", padding: isLong ? 1_200_000 : 0)
            if !isClean, Int.random(in: 0..<12, using: &random) == 0 { script.addResult() }
            if !isClean, operation != .spec, Int.random(in: 0..<16, using: &random) == 0 {
                planned.insert(.lateConfiguration)
                addControl(to: &script, using: &random)
            }
        }
        script.addChatter(Int.random(in: 0...3, using: &random), using: &random)
        var bytes = script.bytes
        if !isClean, Int.random(in: 0..<15, using: &random) == 0, bytes.count > 2 {
            // The connector is cut off within a line.
            planned.insert(.tornLine)
            bytes.removeLast(Int.random(in: 1..<min(bytes.count, 60), using: &random))
        } else if Int.random(in: 0..<4, using: &random) == 0 {
            bytes.removeLast(bytes.isEmpty ? 0 : 1)
        }
        results = script.results
        salvaged = script.salvaged
        planned.formUnion(script.faults)
        makeActs(bytes, using: &random)
    }

    private mutating func addControl(to script: inout ConnectorScript, using random: inout SplitMix64) {
        let secret = addSecret(using: &random)
        let configuration = String(
            decoding: JSONWriter.object { writer in
                writer.member("host", "db.example")
                writer.member("refresh_token", secret.value)
            },
            as: UTF8.self
        )
        script.addControl(configuration, secret)
        script.addChatter(2, using: &random)
    }

    private mutating func makeActs(_ bytes: [UInt8], using random: inout SplitMix64) {
        act(after: .milliseconds(Int.random(in: 1...3_000, using: &random)), .open)
        var position = 0
        while position < bytes.count {
            let most =
                bytes.count > 100_000 ? 400_000 : [40, 400, 4_000].randomElement(using: &random) ?? 400
            let end = min(bytes.count, position + Int.random(in: 1...most, using: &random))
            let pause = [0, 0, 3, 60, 1_500].randomElement(using: &random) ?? 0
            act(after: .milliseconds(pause), .write(Array(bytes[position..<end])))
            position = end
        }
        if !isClean { rewriteSometimes(bytes, using: &random) }
        end(using: &random)
    }

    private mutating func act(after delay: Duration, _ kind: Act.Kind) {
        acts.append(Act(delay: delay, kind: kind))
    }

    /// The output is truncated, rewritten or replaced while the sidecar reads it.
    private mutating func rewriteSometimes(_ bytes: [UInt8], using random: inout SplitMix64) {
        let pause = Duration.milliseconds([0, 1, 200, 2_000].randomElement(using: &random) ?? 0)
        switch Int.random(in: 0..<40, using: &random) {
        case 0:
            planned.insert(.outputTruncated)
            act(after: pause, .truncate(to: Int.random(in: 0...bytes.count, using: &random)))
        case 1:
            planned.insert(.outputRewritten)
            act(after: pause, .truncate(to: 0))
            act(after: pause, .write(bytes))
        case 2:
            planned.insert(.outputReplaced)
            act(after: pause, .replace(bytes))
        case 3, 4:
            planned.insert(.otherResult)
            var script = ConnectorScript(operation, secrets: connectorSecrets, seed: seed, firstMark: 50)
            script.addChatter(2, using: &random)
            script.addResult()
            results += script.results
            act(after: pause, .truncate(to: 0))
            act(after: .milliseconds(Int.random(in: 0...20, using: &random)), .write(script.bytes))
        default: break
        }
    }

    /// How the connector ends.
    private mutating func end(using random: inout SplitMix64) {
        let code =
            results.isEmpty && salvaged.isEmpty || Int.random(in: 0..<6, using: &random) == 0
            ? [0, 1, 2, 137].randomElement(using: &random) ?? 1 : 0
        let pause = Duration.milliseconds([0, 2, 400, 9_000].randomElement(using: &random) ?? 0)
        switch isClean ? 99 : Int.random(in: 0..<40, using: &random) {
        case 0, 1:
            planned.formUnion([.hangs, .exitCodeNever])
        case 2, 3:
            planned.formUnion([.killed, .exitCodeNever])
            act(after: pause, .close)
        case 4, 5:
            planned.insert(.exitCodeGarbage)
            act(after: pause, .close)
            act(
                after: .zero,
                .exitCode(["", "x\n", "1.5\n", "99999999999\n"].randomElement(using: &random) ?? "")
            )
        case 6:
            planned.insert(.exitCodeInPlace)
            act(after: pause, .close)
            act(after: .milliseconds(2), .exitCodePart("", isLast: false))
            act(after: .milliseconds(5), .exitCodePart("\(code)", isLast: false))
            act(after: .milliseconds(5), .exitCodePart("\n", isLast: true))
        default:
            act(after: pause, .close)
            act(after: .milliseconds(2), .exitCode("\(code)\n"))
        }
    }

    // MARK: Trouble

    private mutating func makeWeather(using random: inout SplitMix64) {
        weather.latency = [1...5, 1...40, 100...800].randomElement(using: &random) ?? 1...20
        weather.badLuck = max(weather.badLuck, [0, 0.02, 0.1, 0.4].randomElement(using: &random) ?? 0)
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let start = Duration.milliseconds(Int.random(in: 0...20_000, using: &random))
            let length = Duration.seconds([1, 10, 60, 400, 4_000].randomElement(using: &random) ?? 10)
            weather.fronts.append(
                Weather.Front(
                    start: Int.random(in: 0..<3, using: &random) == 0 ? .zero : start,
                    end: start + length,
                    calls: Self.calls(using: &random),
                    fate: Fate.allCases.filter { $0 != .answered }.randomElement(using: &random) ?? .slow
                )
            )
        }
        if Int.random(in: 0..<6, using: &random) == 0 {
            planned.insert(.partition)
            weather.fronts.append(
                Weather.Front(
                    start: .seconds(Int.random(in: 0...30, using: &random)),
                    end: .seconds(Int.random(in: 30...600, using: &random)),
                    calls: Set(CallKind.allCases),
                    fate: .timeoutBefore
                )
            )
        }
    }

    /// One kind of call, a service, or all of it.
    private static func calls(using random: inout SplitMix64) -> Set<CallKind> {
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return Set(CallKind.allCases)
        case 1, 2:
            let service = CallKind.Service.allCases.randomElement(using: &random)
            return Set(CallKind.allCases.filter { $0.service == service })
        default: return Set([CallKind.allCases.randomElement(using: &random) ?? .heartbeat])
        }
    }

    private mutating func makeWorkspaceFaults(using random: inout SplitMix64) {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: workspace.watch = .refused
        case 9: workspace.watch = .coarse
        case 1: workspace.watch = .silent
        case 2: workspace.watch = .overflowing
        case 3:
            workspace.watch = .unreliable
            planned.insert(.watchUnreliable)
        case 4:
            workspace.leavesOutputToMain = true
            workspace.answersLeases = false
            planned.insert(.leaseRefused)
        case 5: workspace.busyReads = 0.3
        case 6:
            workspace.shortReads = 0.4
            workspace.readCapacity = 64
        case 7: workspace.readErrorFrom = UInt64.random(in: 0...2_000, using: &random)
        default:
            let isOfInodes = Bool.random(using: &random) && input != "{}"
            workspace.runsOutOfInodes = isOfInodes
            workspace.exhausted = isOfInodes ? "free inodes" : "free blocks"
            if !isOfInodes { planned.insert(.volumeFull) }
        }
    }

    /// Something happens to the process, at a time when it is most likely at work.
    private mutating func makeBlow(using random: inout SplitMix64) {
        let end = acts.reduce(Duration.zero) { $0 + $1.delay }.nanoseconds / 1_000_000
        let isNearEnd = Bool.random(using: &random)
        let most = Int(end) + 3_000
        let time =
            isNearEnd
            ? max(0, Int(end) + Int.random(in: -50...300, using: &random))
            : Int.random(in: 0...most, using: &random)
        let event = Int.random(in: 0..<3, using: &random) == 0 ? Int.random(in: 0..<60, using: &random) : nil
        func blow(_ kind: Blow.Kind, later: Int = 0) {
            blows.append(Blow(time: .milliseconds(time + later), kind: kind, event: later == 0 ? event : nil))
        }
        switch Int.random(in: 0..<11, using: &random) {
        case 0, 1: blow(.signal)
        case 2:
            blow(.signal)
            blow(.signal, later: Int.random(in: 0...4_000, using: &random))
        case 3: blow(.freeze(.seconds(Int.random(in: 1...20, using: &random))))
        case 4, 5: blow(.freeze(.seconds(Int.random(in: 310...900, using: &random))))
        case 6: blow(.kill)
        case 7: blow(.cancelWorkload)
        case 8: blow(.revokeTokens)
        case 9: blow(.shiftClock(.seconds(Int.random(in: -90_000...90_000, using: &random))))
        default:
            blow(.stopReadingConsole)
            blow(.readConsole, later: Int.random(in: 100...60_000, using: &random))
        }
    }

    private mutating func makeOddity(using random: inout SplitMix64) {
        guard !acts.isEmpty else { return }
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            planned.insert(.startsLate)
            acts[0].delay = .seconds(Int.random(in: 5...140, using: &random))
        case 1:
            planned.insert(.neverStarts)
            acts = []
        case 2:
            isUnknownWorkload = true
            planned.insert(.unknownWorkload)
        case 3:
            planned.insert(.outputMadeByMain)
            acts[0].delay = .zero
        case 4: if folder != nil { folder = .slow }
        default: if folder != nil { folder = .fails }
        }
    }
}
