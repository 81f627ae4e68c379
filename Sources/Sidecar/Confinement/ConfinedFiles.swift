import Confinement
import CurlTransport
import Glibc
import Reactor
import Storage

/// The files that the sidecar may open once it is set up: those of the workspaces, and what the settings name.
///
/// A rule for a file ends when the file is replaced, as the kubelet does with tokens and a resolver with its
/// configuration. So the rules name the directories of files, also of those that a link leads to.
struct ConfinedFiles {
    private(set) var rules: [FileAccess.Rule] = []

    /// What libcurl and c-ares read of a machine: name servers, the hosts file, and the order of the two.
    private static let nameResolution = [
        "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf",
    ]

    /// Where the links of Debian's certificate directory lead to. Elsewhere they lead to places below `/etc`.
    private static let systemCertificates = [
        "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
    ]

    init(_ configuration: Configuration, workspaces: [String]) {
        for path in workspaces { allow(path, .all) }
        if case .local(let root) = configuration.storage {
            allow(root, .all)
            // The child that writes there has no other standard descriptors.
            allow("/dev/null", [.readFiles, .writeFiles])
        }
        // c-ares makes the numbers of its queries from it; without, they could be guessed.
        allow("/dev/urandom", .readFiles)
        // For the peak memory.
        allow("/proc/self", .read)
        allow("/proc/sys/fs", .read)
        for path in Self.nameResolution { allowDirectory(of: path) }
        allowDirectory(of: CurlTransport.Options.systemCertificateDirectory)
        for path in Self.systemCertificates { allow(path, .read) }
        let network = configuration.process.network
        if let file = network.certificateFile { allowDirectory(of: file) }
        for directory in (network.certificateDirectory ?? "").split(separator: ":") {
            allowCertificates(in: String(directory))
        }
        // An error on the way out is masked once more with what the settings hold.
        allowDirectory(of: configuration.process.settingsFile)
        for path in configuration.storage?.credentialPaths ?? [] { allowDirectory(of: path) }
    }

    private mutating func allow(_ path: String, _ rights: FileAccess.Rights) {
        let rule = FileAccess.Rule(path, rights)
        if !rules.contains(rule) { rules.append(rule) }
    }

    /// So many links are followed, as by the kernel (path_resolution(7)).
    private static let maxLinks = 40

    /// Allows the reading of what is in the directory of a file, and of those of all files that it is a link to.
    private mutating func allowDirectory(of path: String) {
        var path = path
        for _ in 0..<Self.maxLinks {
            let directory = Self.directory(of: path)
            // All files of the machine are too many.
            allow(directory == "/" ? path : directory, .read)
            guard let target = Self.target(of: path) else { return }
            path = target.hasPrefix("/") ? target : "\(directory)/\(target)"
        }
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Nil for what is no link.
    private static func target(of path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink(path, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// OpenSSL opens the files of a directory by the hashes of their names, which are links, mostly.
    private mutating func allowCertificates(in directory: String) {
        allow(directory, .read)
        guard directory != CurlTransport.Options.systemCertificateDirectory,
            let stream = unsafe opendir(directory)
        else { return }
        defer { unsafe closedir(stream) }
        for _ in 0..<Self.maxCertificates {
            guard let entry = unsafe readdir(stream) else { return }
            guard unsafe entry.pointee.d_type == UInt8(DT_LNK) else { continue }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            allowDirectory(of: "\(directory)/\(name)")
        }
    }

    /// Debian has some 150 authorities and two links for each.
    private static let maxCertificates = 2_000
}

extension Configuration.Storage {
    /// Every file from which the store's credentials may be read.
    fileprivate var credentialPaths: [String] {
        switch self {
        case .local: []
        case .s3(let settings, _): settings.credentialPaths(files: .system)
        case .gcs(let settings, _): settings.credentialPaths(files: .system)
        case .azure(let settings, _): settings.credentialPaths
        }
    }
}
