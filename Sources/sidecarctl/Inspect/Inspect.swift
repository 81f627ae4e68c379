import AirbyteProtocol
import ArgumentParser
import Sidecar
import Text
import Workload

/// `sidecarctl inspect`.
struct Inspect: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what the sidecar would do with a workspace, and sends nothing.",
        discussion: """
            Reads the workspace as the sidecar does: the connector's output, the verdict, the job output and every call in \
            order, heartbeats left out. Points at each line that is no message and says why. Secrets are hidden. Ends with \
            1 if the job would fail.
            """
    )

    @Argument(help: "A workspace, or the file of a connector's output.", completion: .file())
    var path: String

    @Option(help: "spec, check or discover, in place of what sidecarInput.json says.")
    var operation: AirbyteProtocol.Operation?

    @Option(help: "source or destination, where sidecarInput.json does not say it. (default: source)")
    var connector: ConnectorKind?

    @Option(help: "Assumes that the connector ended with this code.")
    var exitCode: Int32?

    @Option(help: "The most bytes of a body that are shown.")
    var maxBody = 1_048_576

    @Flag(help: "Shows the bodies of all calls.")
    var bodies = false

    @OptionGroup var options: OutputOptions

    func validate() throws {
        guard maxBody >= 0 else { throw ValidationError("--max-body must not be negative.") }
    }

    func perform(_ screen: Screen) throws(Failure) -> Int32 {
        let subject = try Subject(path: path)
        let input: SidecarInput
        switch try self.input(of: subject) {
        case .success(let usable): input = usable
        case .failure(let problem): return try show(RejectedInput(subject: subject, problem: problem), screen)
        }
        let inspection = try Inspection(of: subject, input: input, exitCode: exitCode, maxBody: maxBody)
        if options.json {
            try screen.write(InspectionJSON.text(inspection))
        } else {
            try InspectionText(screen: screen, showsBodies: bodies).show(inspection)
        }
        return inspection.isResult ? Exit.success : Exit.negative
    }

    /// What the workload is, or why the sidecar would reject its input.
    private func input(of subject: Subject) throws(Failure) -> Result<SidecarInput, SidecarInputError> {
        guard subject.isWorkspace else {
            guard let operation else {
                throw Failure(
                    Exit.usage,
                    "\(path) is no workspace: say what the connector was to do, with --operation spec, check or discover."
                )
            }
            return .success(SidecarInput(operation: operation, connectorKind: connector ?? .source))
        }
        do throws(SidecarInputError) {
            var input = try subject.folder.sidecarInput()
            input.operation = operation ?? input.operation
            input.connectorKind = connector ?? input.connectorKind
            return .success(input)
        } catch {
            if let operation {
                return .success(SidecarInput(operation: operation, connectorKind: connector ?? .source))
            }
            guard error.workloadID != nil else {
                throw Failure(
                    Exit.data,
                    "\(path)/\(FileName.input) \(error.problem). The sidecar would end with exit code "
                        + "\(ExitStatus.configuration) and send nothing. To look at the output alone, add --operation."
                )
            }
            return .failure(error)
        }
    }

    private func show(_ rejected: RejectedInput, _ screen: Screen) throws(Failure) -> Int32 {
        if options.json {
            try screen.write(InspectionJSON.text(rejected))
        } else {
            try InspectionText(screen: screen, showsBodies: bodies).show(rejected)
        }
        return Exit.negative
    }
}

/// An input that names its workload but cannot be used: the sidecar reports a failure and does nothing else.
struct RejectedInput {
    let subject: Subject
    let problem: String
    let call: PlannedCall

    init(subject: Subject, problem error: SidecarInputError) {
        self.subject = subject
        let report = WorkloadJob.rejection(of: error)
        let mask = JobSecrets().mask
        problem = mask.masked("\(FileName.input) \(error.problem)")
        call =
            DocumentPreview(output: ConnectorOutput(), mask: mask, limit: .max)
            .call(.report(mask.masked(report), workloadID: error.workloadID ?? "")).0
    }
}

extension AirbyteProtocol.Operation: ExpressibleByArgument {}
extension ConnectorKind: ExpressibleByArgument {}
