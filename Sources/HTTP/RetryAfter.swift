extension HTTPResponse {
    /// How long the server asks to wait before another attempt (RFC 9110, section 10.2.3); nil where it does not.
    ///
    /// The field holds seconds or a date. A date is measured from the answer's own `Date` where it has one, so that a
    /// wrong clock here does no harm, else from the time of its arrival.
    public var retryAfter: Duration? {
        guard let value = header("Retry-After") else { return nil }
        if let seconds = Int64(value), seconds >= 0 { return .seconds(min(seconds, Int64(Int32.max))) }
        guard let date = HTTPDate.parse(value), let now = self.date(of: "Date") ?? arrival else { return nil }
        return .seconds(min(max(0, date - now), Int64(Int32.max)))
    }

    /// The server's time of day when it answered (RFC 9110, section 6.6.1), in seconds since 1970.
    public var secondsSince1970: Int64? { date(of: "Date") }

    private func date(of field: String) -> Int64? { header(field).flatMap(HTTPDate.parse) }
}
