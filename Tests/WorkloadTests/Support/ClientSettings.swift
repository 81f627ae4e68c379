import HTTP
import Logging
import Scheduling
import TestSupport

@testable import Workload

/// The client's settings as variables of the environment would give them; what they leave out is the default.
func clientSettings(_ variables: [String: String] = [:]) -> ControlPlaneClient.Settings {
    func api(_ url: String, prefix: String, readTimeout: Duration) -> PlatformAPI {
        func seconds(_ name: String) -> Duration? {
            variables["\(prefix)_\(name)_SECONDS"].flatMap { Double($0) }.map { .seconds($0) }
        }
        let retries = RetryPolicy(
            firstDelay: .seconds(2),
            maxRetries: variables["\(prefix)_MAX_RETRIES"].flatMap { Int($0) } ?? 5
        )
        return PlatformAPI(
            baseURL: url,
            connectTimeout: seconds("CONNECT_TIMEOUT") ?? .seconds(30),
            readTimeout: seconds("READ_TIMEOUT") ?? readTimeout,
            retries: retries
        )
    }
    return ControlPlaneClient.Settings(
        workloadAPI: api("http://workload-api:8007", prefix: "WORKLOAD_API", readTimeout: .seconds(300)),
        serverAPI: variables["INTERNAL_API_HOST"].map {
            api($0, prefix: "AIRBYTE_API", readTimeout: .seconds(600))
        },
        tokenSource: variables["CONTROL_PLANE_TOKEN_ENDPOINT"].map {
            TokenSource(
                endpoint: $0,
                clientID: variables["DATAPLANE_CLIENT_ID"] ?? "",
                clientSecret: variables["DATAPLANE_CLIENT_SECRET"] ?? ""
            )
        },
        airbyteVersion: variables["AIRBYTE_VERSION"] ?? "dev"
    )
}

/// A client with the settings that the variables give, and a token source where they name one.
func controlPlaneClient(
    _ variables: [String: String],
    _ transport: FakeTransport,
    _ scheduler: FakeScheduler,
    _ log: Logger
) -> ControlPlaneClient {
    let settings = clientSettings(variables)
    return ControlPlaneClient(
        settings: settings,
        tokens: AccessTokenSource(
            settings,
            credentials: KnownCredentials(),
            transport: transport,
            scheduler: scheduler,
            wallClock: WallClock { 1_700_000_000_000 }
        ),
        transport: transport,
        scheduler: scheduler,
        log: log,
        seed: 1
    )
}
