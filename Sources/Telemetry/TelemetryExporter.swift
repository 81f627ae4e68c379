/// Sends telemetry somewhere.
///
/// It never blocks, is bounded, and loses what nobody takes.
package protocol TelemetryExporter: AnyObject {
    /// Sends what is left. The completion is called once, later, from the loop: when it has been taken or given up. Nothing
    /// is recorded after this call. The caller has a limit of its own, and calls `cancel` when it is over.
    func finish(_ completion: @escaping () -> Void)

    /// Ends everything at once: no timer and no request is left.
    func cancel()
}
