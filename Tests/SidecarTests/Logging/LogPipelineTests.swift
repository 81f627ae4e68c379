import AirbyteProtocol
import Logging
import Reactor
import Testing

@testable import Sidecar

@Suite struct LogPipelineTests {
    private func lines(level: Logger.Level, _ body: (LogPipeline) -> Void) throws -> [String] {
        let pipe = Pipe()
        let console = Console(descriptor: pipe.writeEnd, reactor: try Reactor(backend: .epoll))
        let pipeline = LogPipeline(
            level: level,
            formatter: TextLogFormatter(),
            mask: SecretMask(),
            console: console,
            wallClock: WallClock { 0 }
        )
        body(pipeline)
        console.flush()
        return String(decoding: pipe.read(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test(arguments: [(Logger.Level.trace, 5), (.debug, 4), (.info, 3), (.warning, 2), (.error, 1)])
    func lightEventsAreLeftOut(_ level: Logger.Level, _ count: Int) throws {
        let lines = try lines(level: level) { pipeline in
            for level in [Logger.Level.trace, .debug, .info, .warning, .error] {
                #expect(pipeline.accepts(level) == (level >= pipeline.level))
                pipeline.write(level, from: .source, "\(level)")
            }
        }
        #expect(lines.count == count)
    }

    @Test func loggerSpeaksForThePlatform() throws {
        let lines = try lines(level: .info) { pipeline in
            let log = pipeline.logger(label: "test")
            log.debug("too light")
            log.warning("heavy enough")
        }
        #expect(lines == ["1970-01-01 00:00:00.000 WARN  platform > heavy enough"])
    }
}
