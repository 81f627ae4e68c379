import AirbyteProtocol
import Scheduling
import Sidecar
import Workload

/// What the sidecar would make of a workspace as it is now. Nothing is sent or written.
struct Inspection {
    /// What the server's answers bring stands for itself.
    private static let catalogID = "(the catalog's id)"
    private static let actorName = "(the name that the server answers)"

    let subject: Subject
    let input: SidecarInput
    /// False where there is no exit code yet: then it is assumed that the connector is lost.
    let hasEnded: Bool
    let ending: Ending
    let byteCount: Int
    let lineCount: Int
    let lines: LineFindings
    let explanations: [LineExplanation]
    let plan: DeliveryPlan
    let calls: [PlannedCall]
    let jobOutput: DocumentPreview.Made?
    let catalogFindings: CatalogInspection?

    /// Reads the workspace.
    ///
    /// - Parameters:
    ///   - exitCode: assumed in place of the one in `exitCode.txt`.
    ///   - maxBody: of the documents that are shown, in bytes.
    init(
        of subject: Subject,
        input: SidecarInput,
        exitCode: Int32?,
        maxBody: Int
    ) throws(Failure) {
        self.subject = subject
        self.input = input
        let found = Self.ending(of: subject, exitCode)
        ending = found ?? .connectorLost(grace: Configuration.defaultLostConnectorGrace)
        hasEnded = found != nil

        let secrets = JobSecrets(configuration: input.connectorConfiguration)
        let lines = LineFindings()
        let output = ConnectorOutput()
        var reading = OutputReading(of: input, secrets: secrets, digestSeed: .random(in: 0 ... .max))
        reading.events.observer = lines.note
        var problem: WorkspaceError?
        do throws(WorkspaceError) {
            output.file = try subject.output()
            if let file = output.file { try OutputFile.read(file, to: &reading) }
        } catch {
            problem = error
        }
        if !subject.isWorkspace, output.file == nil || problem != nil {
            throw Failure(Exit.noInput, "\(subject.path) \(problem?.problem ?? "does not exist")")
        }
        let read = reading.end(problem, exhausted: subject.exhausted)
        self.lines = lines
        byteCount = reading.byteCount
        lineCount = reading.lineCount

        let mask = secrets.mask
        plan = DeliveryPlan(
            ending: ending,
            transcript: read.transcript,
            unread: read.unread,
            exhausted: read.exhausted,
            input: input,
            mask: mask
        )
        let preview = DocumentPreview(output: output, mask: mask, limit: maxBody)
        let steps = plan.preview(catalogID: Self.catalogID)
        (calls, catalogFindings) = Self.calls(steps, plan, input, preview)
        jobOutput = steps.lazy.compactMap(\.storedOutput).first.map { preview.make($0.document) }
        explanations =
            output.file.map { file in
                lines.findings.map { LineExplanation($0, in: file, mask) }
            } ?? []
    }

    private static func ending(of subject: Subject, _ exitCode: Int32?) -> Ending? {
        if let exitCode { return .connectorExited(.code(exitCode)) }
        guard subject.isWorkspace else { return .connectorExited(.code(0)) }
        guard case .found(let exit) = subject.folder.exitCode(isComplete: true) else { return nil }
        return .connectorExited(exit)
    }

    /// Every call in order, but for heartbeats and for repetitions.
    private static func calls(
        _ steps: [DeliveryStep],
        _ plan: DeliveryPlan,
        _ input: SidecarInput,
        _ preview: DocumentPreview
    ) -> ([PlannedCall], CatalogInspection?) {
        let running = PlatformCall.contact(.running, workloadID: input.workloadID, timeout: .zero)
        let report = PlatformCall.report(plan.report, workloadID: input.workloadID)
        var calls = [preview.call(running).0]
        var findings = plan.catalogFindings
        for step in steps {
            for call in step.calls(workloadID: input.workloadID, actorName: actorName) {
                let (planned, found) = preview.call(call)
                calls.append(planned)
                findings = findings ?? found
            }
        }
        return (calls + [preview.call(report).0], findings)
    }

    /// Whether the connector's result is delivered.
    var isResult: Bool { plan.failureType == nil }
}

extension DeliveryStep {
    fileprivate var storedOutput: JobOutput? {
        if case .storeOutput(let output) = self { output } else { nil }
    }
}
