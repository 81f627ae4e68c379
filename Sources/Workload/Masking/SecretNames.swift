/// Which names of members tell that their values are secret.
///
/// A guess by words that errs on the side of hiding: `db_password`, `apiKey`, `client_secret`, `refresh-token`. Names
/// that only speak about a secret are left out: `token_url`, `password_expiry_date`, `primary_key`. In addition, every
/// name of the platform's own list.
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

    /// Names of the platform's list whose values identify somebody or something, but let nobody in. Behind their names
    /// these values are hidden as the platform hides them; elsewhere a log without its user's, host's or bucket's name
    /// would help nobody.
    private static let identifying = Set(
        [
            "account_id", "account_sid", "ad_account_id", "api_id", "app_client_id", "app_id",
            "app_tenant_id",
            "appid", "cid", "client_id", "client_id_2", "company_id", "domain", "domain_url", "email",
            "extension_id", "lwa_app_id", "org_id", "public_key", "realm", "realm_id", "redirect_uri",
            "reserved_attribute_names", "restid", "site_id", "siteid", "survey_group_id", "survey_id",
            "tenant_id", "uid", "user_agent", "user_id", "user_name", "user_principal_name", "username",
            "value",
        ].map { Array($0.utf8) }
    )

    /// No name that means anything is longer, in bytes.
    private static let maxLength = 128

    /// Whether a value behind this name, in text of any kind, is hidden.
    ///
    /// - Parameters:
    ///   - name: as it stands between its quotes.
    ///   - isQuoted: whether it stands in quotes, as in JSON. Only there the platform's own names count: without, `key`,
    ///     `value` or `email` before a colon is an ordinary word.
    static func contains(_ name: Span<UInt8>, isQuoted: Bool) -> Bool {
        unsafe name.withUnsafeBufferPointer { name in
            if isQuoted, unsafe isPlatformName(name) { return true }
            return unsafe hasSecretWord(name)
        }
    }

    /// Whether the value of a configuration's member with this name is hidden wherever it turns up.
    static func tellsOfSecretValue(_ name: some Collection<UInt8>) -> Bool {
        if hasSecretWord(name) { return true }
        return isPlatformName(name) && !identifying.contains(name.map(lowercased))
    }

    /// Looks the name up without a heap, by its bytes in lower case.
    private static func isPlatformName(_ name: some Collection<UInt8>) -> Bool {
        var low = 0
        var high = platformNames.count
        while low < high {
            let middle = (low + high) / 2
            let other = platformNames[middle]
            if other.lexicographicallyPrecedes(name, by: { lowercased($0) < lowercased($1) }) {
                low = middle + 1
            } else if other.elementsEqual(name, by: { $0 == lowercased($1) }) {
                return true
            } else {
                high = middle
            }
        }
        return false
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
    }

    private static func hasSecretWord(_ name: some Collection<UInt8>) -> Bool {
        // Without a heap: half the lines of a log have a colon somewhere, and a name before it.
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: maxLength) { plain in
            var count = 0
            for byte in name {
                switch byte {
                case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "), UInt8(ascii: "."): continue
                default: break
                }
                if count == maxLength { return false }
                unsafe plain.initializeElement(at: count, to: lowercased(byte))
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
