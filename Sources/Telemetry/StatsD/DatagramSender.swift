/// Sends packets to one receiver that does not confirm them.
package protocol DatagramSender: AnyObject {
    /// Sends packets in their order, without blocking. Called again only after the completion.
    ///
    /// The completion is called once, later, from the loop.
    func send(_ packets: [[UInt8]], completion: @escaping (DatagramResult) -> Void)

    /// Ends everything at once; the completion is not called any more.
    func cancel()
}

/// What became of packets.
package struct DatagramResult: Hashable, Sendable {
    /// How many of them the system has taken. Nothing says that the receiver has.
    package var sent: Int
    /// Why the others were not sent, or that the receiver refuses them: `statsd:8125: …`. Nil where there is nothing to
    /// warn of.
    package var trouble: String?

    package init(sent: Int, trouble: String? = nil) {
        self.sent = sent
        self.trouble = trouble
    }
}
