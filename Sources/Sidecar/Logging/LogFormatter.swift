/// Turns an event into the bytes of its lines on the console.
protocol LogFormatter {
    /// Appends the event, its last newline included.
    func format(_ event: JobLogEvent, into output: inout [UInt8])
}
