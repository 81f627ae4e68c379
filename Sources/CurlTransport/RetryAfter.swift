import CCurl
import Glibc

extension HTTPResponse {
    /// How long the server asks to wait before another try (RFC 9110, section 10.2.3): seconds, or a date, which is
    /// measured from the answer's own `Date` where it has one, so that a wrong clock here does no harm.
    public var retryAfter: Duration? {
        guard let value = header("Retry-After") else { return nil }
        if let seconds = Int64(value), seconds >= 0 { return .seconds(min(seconds, Int64(Int32.max))) }
        // curl_getdate(3) knows all three date formats of HTTP; −1 is no date.
        let date = curl_getdate(value, nil)
        guard date >= 0 else { return nil }
        let reference = header("Date").map { curl_getdate($0, nil) } ?? -1
        let now = reference >= 0 ? reference : time(nil)
        return .seconds(max(0, date - now))
    }
}

extension HTTPResponse {
    /// The server's time of day when it answered (RFC 9110, section 6.6.1), in seconds since 1970.
    public var secondsSince1970: Int64? {
        guard let value = header("Date"), case let date = curl_getdate(value, nil), date >= 0 else {
            return nil
        }
        return Int64(date)
    }
}
