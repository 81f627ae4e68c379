import Logging
import ProtocolTestSupport
import Reactor
import Scheduling
import SidecarTestSupport
import TestSupport
import Testing
import Workload

@testable import Sidecar

@Suite struct LogPipelineTests {
    private func lines(
        level: Logger.Level,
        formatter: any LogFormatter = TextLogFormatter(),
        secrets: JobSecrets = JobSecrets(),
        _ body: (LogPipeline) -> Void
    ) throws -> [String] {
        let pipe = Pipe()
        let console = Console(descriptor: pipe.writeEnd, reactor: try Reactor(backend: .epoll))
        let pipeline = LogPipeline(
            level: level,
            formatter: formatter,
            secrets: secrets,
            console: console,
            wallClock: WallClock { 0 }
        )
        body(pipeline)
        pipeline.forwardWaiting()
        console.flush()
        return String(decoding: pipe.read(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test(arguments: [
        (Logger.Level.trace, 7), (.debug, 6), (.info, 5), (.notice, 4), (.warning, 3), (.error, 2),
        (.critical, 1),
    ])
    func lightEventsAreLeftOut(_ level: Logger.Level, _ count: Int) throws {
        let heavyEnough = Array(Logger.Level.allCases.suffix(count))
        let lines = try lines(level: level) { pipeline in
            for level in Logger.Level.allCases {
                #expect(pipeline.accepts(level) == heavyEnough.contains(level))
                pipeline.write(level, from: .source, "\(level)")
            }
        }
        #expect(lines.map { String($0.split(separator: " ").last ?? "") } == heavyEnough.map { "\($0)" })
    }

    @Test(arguments: [
        (Logger.Level.trace, 7), (.debug, 6), (.info, 5), (.notice, 4), (.warning, 3), (.error, 2),
        (.critical, 1),
    ])
    func loggerLeavesOutTheSame(_ level: Logger.Level, _ count: Int) throws {
        let lines = try lines(level: level) { pipeline in
            let log = pipeline.logger(label: "test")
            for level in Logger.Level.allCases { log.log(level: level, "\(level)") }
        }
        #expect(lines.count == count)
    }

    @Test func loggerSetToMoreDoesNotPassTheThreshold() throws {
        let lines = try lines(level: .warning) { pipeline in
            var log = pipeline.logger(label: "test")
            log.logLevel = .trace
            log.info("too light for the pipeline")
        }
        #expect(lines == [])
    }

    @Test func loggerSpeaksForThePlatform() throws {
        let lines = try lines(level: .info) { pipeline in
            let log = pipeline.logger(label: "test")
            log.debug("too light")
            log.warning("heavy enough")
        }
        #expect(lines == ["1970-01-01 00:00:00.000 WARN  platform > heavy enough"])
    }

    @Test func loggerTellsWhoCalls() throws {
        var line = 0
        let lines = try lines(level: .info, formatter: JSONLogFormatter(context: [])) { pipeline in
            let log = pipeline.logger(label: "test")
            line = #line + 1
            log.info("m")
        }
        let root = try json(#require(lines.first).utf8)
        #expect(root.text("logSource") == "platform")
        #expect(root.text("caller.className") == "LogPipelineTests")
        #expect(root.text("caller.methodName") == "loggerTellsWhoCalls")
        #expect(root.at("caller.lineNumber")?.int64 == Int64(line))
    }

    @Test(arguments: ["text", "json"])
    func secretsAreHiddenFromEveryWay(_ format: String) throws {
        let secrets = JobSecrets(configuration: try json(#"{"password":"hunter2-hunter2"}"#.utf8))
        let formatter: any LogFormatter =
            format == "json" ? JSONLogFormatter(context: []) : TextLogFormatter()
        let lines = try lines(level: .info, formatter: formatter, secrets: secrets) { pipeline in
            pipeline.write(.info, from: .source, "logging in with hunter2-hunter2")
            pipeline.logger(label: "test").info("sent hunter2-hunter2")
        }
        #expect(lines.count { $0.contains("**********") } == 2)
        #expect(!lines.joined().contains("hunter2"))
    }

    @Test func whatIsLearnedIsHiddenFromThenOn() throws {
        let credentials = KnownCredentials(["client-secret-1"])
        let secrets = JobSecrets(credentials: credentials)
        let lines = try lines(level: .info, secrets: secrets) { pipeline in
            let log = pipeline.logger(label: "test")
            credentials.learn("access-token-1")
            secrets.configurationChanged(to: try! json(#"{"password":"hunter2-hunter2"}"#.utf8))
            log.info("sent hunter2-hunter2, access-token-1 and client-secret-1")
        }
        #expect(
            lines == ["1970-01-01 00:00:00.000 INFO  platform > sent **********, ********** and **********"]
        )
    }

    @Test func muchIsWrittenWithoutWaitingForTheTicksEnd() throws {
        let pipe = Pipe()
        let console = Console(descriptor: pipe.writeEnd, reactor: try Reactor(backend: .epoll))
        let pipeline = LogPipeline(
            level: .info,
            formatter: TextLogFormatter(),
            secrets: JobSecrets(),
            console: console,
            wallClock: WallClock { 0 }
        )
        pipeline.write(.info, from: .source, "little")
        #expect(pipe.read() == [])
        pipeline.write(.info, from: .source, text(ofLength: 70_000))
        #expect(!pipe.read().isEmpty)
    }

    /// What a message comes to on the console, its head left out.
    private func shown(_ message: String, secrets: JobSecrets = JobSecrets()) throws -> String {
        let console = FakeConsole()
        let pipeline = LogPipeline(
            level: .info,
            formatter: TextLogFormatter(),
            secrets: secrets,
            console: console,
            wallClock: WallClock { 0 }
        )
        pipeline.write(.info, from: .source, message)
        pipeline.forwardWaiting()
        let line = String(decoding: console.pending, as: UTF8.self)
        return String(try #require(line.split(separator: "> ", maxSplits: 1).last?.dropLast()))
    }

    @Test("Of a long message the beginning is logged, with a note", arguments: [1, 2, 3, 4, 10])
    func longMessagesAreCut(_ megabytes: Int) throws {
        let limit = LogPipeline.maxMessageLength
        let message = String(repeating: "é", count: megabytes << 19) + String(repeating: "x", count: 100)
        let expected = "… (\(message.utf8.count - limit) more bytes)"
        let shown = try shown(message)
        #expect(shown.hasSuffix(expected))
        #expect(shown.utf8.count == limit + expected.utf8.count)
        #expect(shown.hasPrefix("éé"))
    }

    @Test func messageOfTheLongestLengthIsWhole() throws {
        let message = String(repeating: "x", count: LogPipeline.maxMessageLength)
        #expect(try shown(message) == message)
    }

    /// Wherever a secret stands, nothing of it is shown: not at the cut, and not where the rest is left out before it is
    /// masked.
    @Test func secretsAtACutAreHidden() throws {
        let secret = "hunter2-hunter2-hunter2"
        let secrets = JobSecrets(configuration: try json(#"{"password":"\#(secret)"}"#.utf8))
        let limit = LogPipeline.maxMessageLength
        for cut in [limit, 2 * limit] {
            for place in stride(from: cut - secret.utf8.count - 2, to: cut + 2, by: 1) {
                let message =
                    String(repeating: "x", count: place) + secret + String(repeating: "y", count: limit)
                #expect(try !shown(message, secrets: secrets).contains("hun"))
            }
        }
        // Masked, so much is left out of it that the text ends before the cut.
        let many = String(repeating: secret + " ", count: 2 * limit / (secret.utf8.count + 1))
        #expect(
            try !shown(many + secret + String(repeating: "y", count: limit), secrets: secrets).contains("hun")
        )
    }
}
