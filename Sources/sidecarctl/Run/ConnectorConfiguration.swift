import AirbyteProtocol
import Reactor
import Workload

/// Reads the connector's configuration from where the command line says.
enum ConnectorConfiguration {
    /// - Parameter source: a path, `-` for standard input, or the JSON itself.
    static func read(_ source: String) throws(Failure) -> JSONValue {
        let isText = source.utf8.first { $0 > 0x20 } == UInt8(ascii: "{")
        // The text of the command line is not repeated: it holds secrets.
        let name = isText ? "The configuration" : source == "-" ? "Standard input" : source
        let bytes = isText ? Array(source.utf8) : try contents(source, name)
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: bytes)
        } catch {
            throw Failure(Exit.data, "\(name) is not JSON: \(error).")
        }
        guard document.root.kind == .object else {
            throw Failure(Exit.data, "\(name) is not a JSON object, as a connector's configuration is.")
        }
        return document.root
    }

    private static func contents(_ path: String, _ name: String) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        do throws(SystemError) {
            var input = try NamedInput(path)
            while bytes.count <= SidecarInput.maxFileLength, let piece = try input.next() { bytes += piece }
        } catch {
            throw Failure(
                Exit.noInput,
                "\(name) cannot be read: \(error). Give --config a file, JSON text, or - for standard input."
            )
        }
        guard bytes.count <= SidecarInput.maxFileLength else {
            throw Failure(
                Exit.data,
                "\(name) is longer than \(SidecarInput.maxFileLength) bytes: it is no connector's configuration."
            )
        }
        return bytes
    }
}
