import AirbyteProtocol

/// The delivery steps that have succeeded while the connector still ran. The final plan does not repeat them.
struct DeliveredSteps: Sendable {
    private var catalog: (write: CatalogWrite, result: DeliveryResult)?
    /// The output that the sink holds, as far as is known.
    private var output: JobOutput?
    /// Whether a sink may hold an output, even one whose storage has had no answer.
    private(set) var mayHoldOutput = false

    /// A step is about to be performed. Until it has succeeded, nobody knows what it has left behind.
    mutating func begin(_ step: DeliveryStep) {
        switch step {
        case .updateConfiguration: break
        case .writeCatalog: catalog = nil
        case .storeOutput:
            output = nil
            mayHoldOutput = true
        }
    }

    /// Takes the result of a step.
    mutating func record(_ result: DeliveryResult, of step: DeliveryStep) {
        switch (step, result) {
        case (.writeCatalog(let write), .catalogWritten): catalog = (write, result)
        case (.storeOutput(let stored), .outputStored): output = stored
        default: break
        }
    }

    /// The result of the same step, if it has been performed; nil where it has to be.
    func result(of step: DeliveryStep) -> DeliveryResult? {
        switch step {
        case .updateConfiguration: nil
        case .writeCatalog(let write): catalog.flatMap { $0.write == write ? $0.result : nil }
        case .storeOutput(let wanted): output == wanted ? .outputStored : nil
        }
    }
}
