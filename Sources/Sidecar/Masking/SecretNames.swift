/// Which names of members tell that their values are secret.
///
/// A guess by words that errs on the side of hiding: `db_password`, `apiKey`, `client_secret`, `refresh-token`. Names
/// that only speak about a secret are left out: `token_url`, `password_expiry_date`, `primary_key`.
enum SecretNames {
    /// Lower case, without separators.
    private static let words = [
        "password", "passwd", "passphrase", "secret", "token", "credentialsjson", "authorization",
        "connectionstring", "sharedaccesssignature", "cookie",
    ].map { Array($0.utf8) }

    /// At the end of a longer name: `api_key`, but no `key` alone.
    private static let lastWords = ["key", "pwd", "pass", "auth"].map { Array($0.utf8) }

    /// What such a name can end with when its value is harmless.
    private static let harmlessEndings = [
        "url", "uri", "endpoint", "type", "date", "expiry", "expires", "expiresin", "expiresat", "path",
        "name", "host",
        "primarykey", "foreignkey", "cursorkey", "sortkey", "partitionkey", "publickey", "hostkey", "enabled",
    ].map { Array($0.utf8) }

    /// - Parameter name: as it stands between its quotes.
    static func contains(_ name: some Sequence<UInt8>) -> Bool {
        var plain: [UInt8] = []
        for byte in name {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): plain.append(byte | 0x20)
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "), UInt8(ascii: "."): continue
            default: plain.append(byte)
            }
            // No name that means anything is longer.
            if plain.count > 128 { return false }
        }
        guard !harmlessEndings.contains(where: { ends(plain, with: $0) }) else { return false }
        return lastWords.contains { plain.count > $0.count && ends(plain, with: $0) }
            || words.contains { ByteSearch.first($0, in: plain, from: 0) != nil }
    }

    private static func ends(_ name: [UInt8], with ending: [UInt8]) -> Bool {
        name.suffix(ending.count).elementsEqual(ending)
    }
}
