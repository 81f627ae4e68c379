import Glibc

/// The environment variables of this process; of a name that occurs twice the first counts, as for getenv(3).
package func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var position = unsafe environ
    while let entry = unsafe position.pointee {
        let text = unsafe String(cString: entry)
        if let equals = text.firstIndex(of: "=") {
            let name = String(text[..<equals])
            if variables[name] == nil { variables[name] = String(text[text.index(after: equals)...]) }
        }
        unsafe position += 1
    }
    return variables
}
