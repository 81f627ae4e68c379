/// One rule broken on purpose, outside of the sidecar: whether the invariant of that number notices.
///
/// None of them is a fault that a run can have by itself; the raw value is the invariant's number.
package enum Sabotage: Int, CaseIterable, Sendable {
    /// The machine loses timers that are far away.
    case losesTimers = 1
    /// Timers take six times as long.
    case stretchesTimers
    /// After a success, a failure is reported in the sidecar's name.
    case addsReport
    /// The sidecar hears that its output is stored, and it is not.
    case swallowsOutput
    /// The end of the connector's output is hidden from the sidecar.
    case hidesResult
    /// The report on the wire is the opposite of what the sidecar sends.
    case turnsReport
    /// The marker appears late.
    case delaysMarker
    /// The connector has other secrets than the sidecar is told.
    case tellsOtherSecrets
    /// Timers cannot be cancelled, and pile up.
    case keepsTimers
    /// Signals get lost.
    case dropsSignals
    /// Contacts after a freeze never leave the process.
    case dropsContacts
    /// The other reading path loses the end of the output.
    case shortensOtherPath
    /// An older output overwrites the last one before the report.
    case restoresOldOutput
    /// The sidecar finds an exit code while the connector runs.
    case inventsExitCode
}
