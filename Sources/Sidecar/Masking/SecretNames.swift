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

    /// No name that means anything is longer.
    private static let longest = 128

    /// - Parameter name: as it stands between its quotes.
    static func contains(_ name: some Collection<UInt8>) -> Bool {
        // Without a heap: half the lines of a log have a colon somewhere, and a name before it.
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: longest) { plain in
            var count = 0
            for byte in name {
                switch byte {
                case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "), UInt8(ascii: "."): continue
                default: break
                }
                if count == longest { return false }
                let isUpperCase = UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                unsafe plain.initializeElement(at: count, to: isUpperCase ? byte | 0x20 : byte)
                count += 1
            }
            return unsafe tellsOfSecret(UnsafeBufferPointer(rebasing: plain[..<count]).span)
        }
    }

    private static func tellsOfSecret(_ name: Span<UInt8>) -> Bool {
        let isSecret =
            lastWords.contains { name.count > $0.count && stands($0, at: name.count - $0.count, in: name) }
            || words.contains { word in
                name.count >= word.count
                    && (0...(name.count - word.count)).contains { stands(word, at: $0, in: name) }
            }
        return isSecret
            && !harmlessEndings.contains { ending in
                name.count >= ending.count && stands(ending, at: name.count - ending.count, in: name)
            }
    }

    private static func stands(_ word: [UInt8], at start: Int, in name: Span<UInt8>) -> Bool {
        for index in word.indices where word[index] != name[start + index] { return false }
        return true
    }
}
