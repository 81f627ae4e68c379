import AirbyteProtocol
import Sidecar
import Workload

/// The catalog that a connector has discovered: in a workspace, or in the file of an output.
struct DiscoveredCatalogFile {
    let path: String
    let kind: ConnectorKind
    private let catalog: DiscoveredCatalog
    private let output: ConnectorOutput
    private let secrets: JobSecrets

    /// Reads the output up to its end. Throws where it brings no catalog.
    init(path: String) throws(Failure) {
        let subject = try Subject(path: path)
        // Without a usable input, the secrets are not known; the catalog is the same.
        let input =
            (subject.isWorkspace ? try? subject.folder.sidecarInput() : nil)
            ?? SidecarInput(operation: .discover, connectorKind: .source)
        secrets = JobSecrets(configuration: input.connectorConfiguration)
        output = ConnectorOutput()
        var reading = OutputReading(of: input, secrets: secrets, digestSeed: .random(in: 0 ... .max))
        let file = subject.isWorkspace ? "\(path)/\(subject.outputName)" : path
        do throws(WorkspaceError) {
            output.file = try subject.output()
            guard let file = output.file else { throw WorkspaceError(file: path, problem: "does not exist") }
            try OutputFile.read(file, to: &reading)
        } catch {
            throw Failure(Exit.noInput, "\(file) \(error.problem)")
        }
        let transcript = reading.transcript
        let result =
            transcript.result(for: .discover) ?? transcript.salvagedResult(for: .discover)?.result
        switch result {
        case .catalog(let catalog): (kind, self.catalog) = (.source, catalog)
        case .destinationCatalog(let catalog): (kind, self.catalog) = (.destination, catalog)
        case .connectionStatus, .spec, nil:
            let flaw = transcript.resultFlaw(for: .discover).map { ": \($0)" } ?? ""
            throw Failure(
                Exit.data,
                "\(file) holds no catalog\(flaw). sidecarctl inspect shows what it holds instead."
            )
        }
        self.path = path
    }

    /// Goes through the catalog once more, which is not held if it is large.
    func forEach(_ body: (StreamSummary) throws(Failure) -> Void) throws(Failure) -> CatalogInspection {
        let elements = CatalogElements(catalog, of: kind, source: output.bytes(in:))
        while true {
            let element: CatalogElements.Element?
            do throws(DocumentError) {
                element = try elements.next()
            } catch {
                throw Failure(Exit.data, "\(path): \(error.message)")
            }
            guard let element else { return elements.findings }
            try body(StreamSummary(element, of: kind).hiding(secrets.mask))
        }
    }
}

extension StreamSummary {
    /// The same with known secrets replaced in every text.
    fileprivate func hiding(_ mask: SecretMask) -> StreamSummary {
        let hide = { (text: String) in String(decoding: mask.maskedByValue(Array(text.utf8)), as: UTF8.self) }
        var hidden = self
        hidden.name = hide(name)
        hidden.namespace = namespace.map(hide)
        hidden.syncModes = syncModes.map(hide)
        hidden.primaryKey = primaryKey.map(hide)
        hidden.cursor = cursor.map(hide)
        hidden.columns = columns.map { Column(name: hide($0.name), type: hide($0.type)) }
        return hidden
    }
}
