import Glibc
import TestSupport

/// A mounted tmpfs with room for a few files. Making one takes the right to mount.
final class SmallVolume {
    private let directory = TemporaryDirectory()

    struct Refused: Error {
        var output: String
    }

    static let canBeMade = (try? SmallVolume(inodes: 8)) != nil

    /// - Parameter inodes: how many it has; its root takes one.
    init(inodes: Int) throws {
        let (exitCode, output) = try Spawn.run(
            "/usr/bin/mount",
            ["-t", "tmpfs", "-o", "size=1m,nr_inodes=\(inodes)", "none", directory.path],
            capturesErrors: true
        )
        guard exitCode == 0 else { throw Refused(output: String(decoding: output, as: UTF8.self)) }
    }

    var path: String { directory.path }

    func information(_ name: String) -> stat? { directory.information(name) }

    /// Makes folders until none can be made: they need no descriptors.
    func useUpInodes() {
        var number = 0
        while mkdir(directory.path("filler-\(number)"), 0o755) == 0 { number += 1 }
    }

    deinit {
        _ = try? Spawn.run("/usr/bin/umount", ["--lazy", directory.path])
    }
}
