/// A fault that a run can have.
package enum Fault: String, CaseIterable, Sendable {
    // The workspace.
    case outputLeftToMain, outputMadeByMain, watchRefused, watchCoarse, watchSilent, watchOverflow,
        watchUnreliable,
        leaseRefused
    case readBusy, readError, readShort, readAtOnce, volumeFull, inodesUsedUp
    // The connector.
    case startsLate, neverStarts, hangs, killed, outputTruncated, outputRewritten, outputReplaced,
        secondResult, otherResult
    case exitCodeGarbage, exitCodeInPlace, exitCodeNever, longLine, textBeforeResult, tornLine, secretInLog
    case newConfiguration, lateConfiguration
    // The console.
    case consoleUnread
    // The network and what stands in it.
    case connectionRefused, resetBeforeEffect, resetAfterEffect, timeoutBeforeEffect, timeoutAfterEffect,
        lateEffect
    case staleConnection, slowAnswer, serverError, serverErrorAfterEffect, throttled, gatewayPage, refused
    case credentialsRefused, proxyRefusal, oddAnswer, partition
    // The platform.
    case tokenExpired, cancelledByUser, unknownWorkload, clockShifted
    // Storage.
    case folderFailed, folderSlow
    // The process.
    case shortFreeze, longFreeze, terminated, terminatedAgain, processKilled
}

/// Why the wait for the connector ended, or the run.
package enum EndingKind: String, CaseIterable, Sendable {
    case exited, exitedWithFailure, exitCodeUnusable, connectorLost, fileTimeout, startTimeout
    case terminated, gone, noContact, startRefused, processKilled
}

/// A row of the table of outcomes in CONTRACT 8.
package enum OutcomeRow: String, CaseIterable, Sendable {
    case result, failureWithExitCode, failureFromTrace, noResult
    case unusableExitCodeWithResult, unusableExitCode
    case successRefused, internalFailure, outputNotDelivered
    case fileTimeoutWithResult, timeout, goneOrNoContact
    case connectorLostWithResult, connectorLost, terminated, settingsRefused
}

/// What has happened, how often.
package struct CensusCounts: Sendable {
    package private(set) var faults: [Fault: Int] = [:]
    package private(set) var endings: [EndingKind: Int] = [:]
    package private(set) var rows: [OutcomeRow: Int] = [:]
    package private(set) var runs = 0
    package private(set) var runsWithoutFaults = 0
    /// Events of the sidecar's loop and of the world.
    package private(set) var events = 0

    fileprivate mutating func count(_ fault: Fault) { faults[fault, default: 0] += 1 }
    fileprivate mutating func count(ending: EndingKind) { endings[ending, default: 0] += 1 }
    fileprivate mutating func count(row: OutcomeRow) { rows[row, default: 0] += 1 }

    /// Adds a run that has ended. A fault counts once in a run.
    mutating func add(_ run: Census, events: Int) {
        runs += 1
        self.events += events
        if run.faults.isEmpty { runsWithoutFaults += 1 }
        for fault in run.faults.keys { count(fault) }
        endings.merge(run.counts.endings) { $0 + $1 }
        rows.merge(run.counts.rows) { $0 + $1 }
    }

    mutating func merge(_ other: CensusCounts) {
        runs += other.runs
        runsWithoutFaults += other.runsWithoutFaults
        events += other.events
        faults.merge(other.faults) { $0 + $1 }
        endings.merge(other.endings) { $0 + $1 }
        rows.merge(other.rows) { $0 + $1 }
    }

    /// What has never happened, by name.
    package var missing: [String] {
        Fault.allCases.filter { faults[$0] == nil }.map(\.rawValue)
            + EndingKind.allCases.filter { endings[$0] == nil }.map(\.rawValue)
            + OutcomeRow.allCases.filter { rows[$0] == nil }.map(\.rawValue)
    }
}

/// Counts what happens in one run, from wherever it happens.
package final class Census {
    package private(set) var counts = CensusCounts()
    package var faults: [Fault: Int] { counts.faults }

    package init() {}

    func count(_ fault: Fault) { counts.count(fault) }
    func count(ending: EndingKind) { counts.count(ending: ending) }
    func count(row: OutcomeRow) { counts.count(row: row) }
}
