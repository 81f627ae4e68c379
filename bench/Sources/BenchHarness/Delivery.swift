import ControlPlane

/// What a program has made of a job's result, from its calls.
///
/// A program may deliver a result while the connector is still running, and deliver again at its end; what was stored
/// last, before the report, is what the platform reads.
public struct Delivery {
    private let calls: [ReceivedCall]
    private let job: Job

    public init(_ calls: [ReceivedCall], of job: Job) {
        self.calls = calls
        self.job = job
    }

    /// The output that counts.
    public var output: ReceivedCall? { calls.last { $0.kind == job.outputCall } }

    /// What is wrong; nil where the right output was stored, and success reported after it.
    public var problem: String? {
        guard let report = calls.firstIndex(where: { $0.kind == .success }) else {
            return "no success was reported"
        }
        guard report == calls.lastIndex(where: { $0.kind != .heartbeat }) else {
            return "the report of the success was not the last call"
        }
        guard let output = calls.lastIndex(where: { $0.kind == job.outputCall }) else {
            return "no output was stored"
        }
        if job.operation == .discover {
            guard let catalog = calls.lastIndex(where: { $0.kind == .writeCatalog }) else {
                return "no catalog was written"
            }
            guard catalog < output else { return "the last catalog was written after the last output" }
        }
        // Of a longer one only the beginning is known.
        guard calls[output].isWhole else { return nil }
        let text = calls[output].text.lowercased()
        return text.contains(job.outputMark) ? nil : "the last output that was stored is not the result"
    }
}

extension Job {
    /// The call that stores the output.
    var outputCall: ReceivedCall.Kind { sink == .s3 ? .putObject : .writeOutput }

    /// What the output of a good result contains, in lower case, whoever has written it.
    var outputMark: String {
        switch operation {
        case .spec: "connectionspecification"
        case .check: "succeeded"
        case .discover: ObjectStoreRouter.catalogID
        }
    }
}
