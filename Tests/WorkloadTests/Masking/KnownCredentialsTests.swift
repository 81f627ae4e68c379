import AirbyteProtocol
import ProtocolTestSupport
import Testing
import WorkloadTestSupport

@testable import Workload

@Suite struct KnownCredentialsTests {
    @Test func versionTellsOfEachNewOne() {
        let credentials = KnownCredentials(["configured"])
        #expect(credentials.all == ["configured"])
        credentials.learn("configured")
        #expect(credentials.version == 0)
        credentials.learn("first")
        credentials.learn("first")
        #expect(credentials.version == 1)
        #expect(credentials.all == ["configured", "first"])
    }

    /// One that is in use is learned with each use.
    @Test func theOldestGoesFirst() {
        let credentials = KnownCredentials(["configured"])
        credentials.learn("in use")
        for number in 0..<100 {
            credentials.learn("token \(number)")
            credentials.learn("in use")
        }
        #expect(credentials.all.count == 1 + KnownCredentials.maxLearned)
        #expect(credentials.all.first == "configured")
        #expect(credentials.all.contains("in use") && credentials.all.contains("token 99"))
        #expect(!credentials.all.contains("token 0"))
    }

    @Test func aCredentialThatEndedIsForgotten() {
        let credentials = KnownCredentials(["configured"])
        credentials.learn("first")
        credentials.learn("second")
        credentials.forget("first")
        credentials.forget("configured")
        credentials.forget("unknown")
        #expect(credentials.all == ["configured", "second"])
        #expect(credentials.version == 3)
    }

    @Test func jobHidesWhatIsLearned() throws {
        let credentials = KnownCredentials(["client-secret-1"])
        let secrets = JobSecrets(
            configuration: try json(#"{"password": "hunter22"}"#.utf8),
            credentials: credentials
        )
        #expect(secrets.version == 0)
        let text = "client-secret-1 hunter22 access-token-1 hunter23"
        #expect(secrets.mask.masked(text) == "********** ********** access-token-1 hunter23")
        credentials.learn("access-token-1")
        #expect(secrets.mask.masked(text) == "********** ********** ********** hunter23")
        #expect(secrets.version == 1)
        for _ in 0..<2 { secrets.configurationChanged(to: try json(#"{"password": "hunter23"}"#.utf8)) }
        #expect(secrets.version == 2)
        #expect(secrets.mask.masked(text) == "********** ********** ********** **********")
    }

    /// A connector can change its configuration more than once, and quote what it had before.
    @Test func earlierConfigurationsStaySecret() throws {
        let secrets = JobSecrets(configuration: try json(#"{"password": "hunter22"}"#.utf8))
        for number in 1...3 {
            secrets.configurationChanged(to: try json(#"{"password": "changed-\#(number)"}"#.utf8))
        }
        #expect(
            secrets.mask.masked("hunter22 changed-1 changed-2 changed-3").filter { $0 != "*" && $0 != " " }
                == ""
        )
    }

    /// Each change takes time; a connector that never stops is not shown any more.
    @Test func endlessChangesAreNotShown() throws {
        let secrets = JobSecrets()
        for number in 1...200 {
            secrets.configurationChanged(to: try json(#"{"password": "changed-\#(number)"}"#.utf8))
        }
        #expect(secrets.mask.isIncomplete)
        let version = secrets.version
        secrets.configurationChanged(to: try json(#"{"password": "one more"}"#.utf8))
        #expect(secrets.version == version)
    }

    /// A token that was fetched for a step is quoted by the step's refusal.
    @Test func planHidesWhatIsLearnedDuringTheDelivery() throws {
        var world = MachineWorld(try sidecarInput(.check))
        world.send(.started)
        world.send(.contactAnswered(.running, .accepted(body: [])))
        world.send(.maskChanged(SecretMask(configurations: [], credentials: ["client-secret-1"])))
        world.send(.exitCodeFound(.code(0)))
        var reader = TranscriptReader(digestSeed: 0)
        _ = reader.read(
            Array(
                (#"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","#
                    + #""message":"no client-secret-1"}}"# + "\n").utf8
            )
        )
        world.send(.transcriptRead(reader.transcript))
        #expect(world.output?.checkConnection?.message == "no **********")
        world.send(
            .maskChanged(SecretMask(configurations: [], credentials: ["client-secret-1", "access-token-1"]))
        )
        world.send(.delivered(.failed("400: access-token-1 and client-secret-1 are wrong")))
        guard case .reporting(let plan) = world.machine.phase else {
            Issue.record("no report in the phase \(world.machine.phase.name)")
            return
        }
        let reason = "The job output could not be saved: 400: ********** and ********** are wrong"
        #expect(plan.report == .failure(source: .airbytePlatform, reason: reason))
    }
}
