import Foundation

/// The image that `scripts/image` makes of what `scripts/release` has built; made once for all tests.
///
/// Needs root, Debian's tools (`scripts/install --with-tests`) and, the first time, a mirror of Debian's packages.
struct ContainerImage: Sendable {
    /// The image's files.
    let root: URL
    /// The image, and its debug variant, as an OCI layout.
    let layout: URL
    /// The Debian packages that the files are from.
    let packages: URL
    private let folder: URL

    /// What `scripts/image` has left in a folder.
    init(folder: URL) {
        self.folder = folder
        root = folder.appendingPathComponent("root")
        layout = folder.appendingPathComponent("oci")
        packages = folder.appendingPathComponent("packages")
    }

    /// The bill of materials of the image with this tag.
    func bill(_ tag: String) -> URL { folder.appendingPathComponent("\(tag).cdx.json") }

    private static let building = Task { try await build() }

    static var shared: ContainerImage {
        get async throws { try await building.value }
    }

    private static func build() async throws -> ContainerImage {
        // Beside the tests: whoever else builds in this checkout has a build folder of their own.
        let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("image-test")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let log = folder.appendingPathComponent("build-\(UUID().uuidString).log")
        let script = try ChildProcess(
            Project.path("scripts/image"),
            ["--debug", "--binary", Project.release, "--output", folder.path, "--reuse-base"],
            environment: ProcessInfo.processInfo.environment,
            log: log
        )
        let exitCode = await script.exitCode
        let output = script.output
        try FileManager.default.removeItem(at: log)
        guard exitCode == 0 else { throw Trouble("scripts/image ended with \(exitCode): \(output)") }
        return ContainerImage(folder: folder)
    }

    /// The image's manifest, without the debug variant.
    func manifest() throws -> JSON {
        let index = try JSON(parsing: text(of: layout.appendingPathComponent("index.json")))
        return try blob(index["manifests"][0]["digest"])
    }

    /// The configuration in the layout: what a container runtime starts, and as whom.
    func configuration() throws -> JSON { try blob(manifest()["config"]["digest"]) }

    private func blob(_ digest: JSON) throws -> JSON {
        let name = try digest.text.orThrow("no digest").replacingOccurrences(of: ":", with: "/")
        return try JSON(parsing: text(of: layout.appendingPathComponent("blobs/\(name)")))
    }

    private func text(of file: URL) throws -> String {
        String(decoding: try Data(contentsOf: file), as: UTF8.self)
    }
}

extension Pod {
    /// Starts the sidecar's container: a command in the image, as process 1 of its own namespaces, as the user 1000.
    func startContainer(_ image: ContainerImage, _ command: [String]) throws -> Container {
        environment["AIRBYTE_CONFIG_DIR"] = "/config"
        // The kubelet gives the volume to the pod's group (fsGroup); here, to the user.
        for name in ["."] + (try FileManager.default.contentsOfDirectory(atPath: workspace.path)) {
            try FileManager.default.setAttributes(
                [.ownerAccountID: Container.userID, .groupOwnerAccountID: Container.userID],
                ofItemAtPath: workspace.appendingPathComponent(name).path
            )
        }
        return Container(
            process: try startSidecar(
                command: [Project.path("scripts/run-image"), image.root.path, workspace.path] + command
            )
        )
    }
}

/// A container that runs.
struct Container {
    static let userID = 1000

    /// What stands outside of the namespaces; ends with the exit code of process 1.
    let process: ChildProcess

    /// Sends a signal to process 1 and to nobody else, as a container runtime does.
    func send(_ signal: Int32) throws {
        let file = "/proc/\(process.pid)/task/\(process.pid)/children"
        let children = try String(contentsOfFile: file, encoding: .utf8)
        let first = children.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
        guard first.count == 1 else { throw Trouble("not one process 1: \(children)") }
        kill(first[0], signal)
    }
}

extension Optional {
    fileprivate func orThrow(_ text: String) throws -> Wrapped {
        guard let self else { throw Trouble(text) }
        return self
    }
}
