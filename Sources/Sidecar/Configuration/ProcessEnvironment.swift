import Glibc

/// The environment variables of this process; of a name that occurs twice the first counts, as for getenv(3).
package func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var position = unsafe environ
    while let entry = unsafe position.pointee {
        let text = unsafe String(cString: entry)
        // As bytes: a short job notices how long it takes to walk over characters.
        if let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
            let name = String(text[..<equals])
            if variables[name] == nil { variables[name] = String(text[text.utf8.index(after: equals)...]) }
        }
        unsafe position += 1
    }
    return variables
}
