import AirbyteProtocol
import Settings

/// What Entra ID's token endpoint gives (RFC 6749, section 5.1).
struct AzureTokenAnswer {
    /// Why the answer is no use.
    struct Unusable: Error {
        /// Continues "the answer …"; quotes nothing of it.
        var problem: String
    }

    var token: String
    /// From the answer's arrival on.
    var life: Duration

    init(parsing answer: [UInt8]) throws(Unusable) {
        guard let document = try? JSONDocument(parsing: answer),
            let text = document.root[member: "access_token"]?.string, !text.isEmpty
        else { throw Unusable(problem: "holds no access_token") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Unusable(problem: "holds an access_token with characters that are not allowed in a header")
        }
        // Some endpoints give the number as a string.
        let member = document.root[member: "expires_in"]
        let seconds = member?.double ?? member?.string.flatMap { EnvironmentReader.decimal($0) } ?? 0
        token = text
        life = Duration.milliseconds(Int64(min(max(0, seconds), 1e9) * 1_000))
    }
}
