import Foundation

/// A library that shifts the time of day of the program into which it is preloaded, see `Fixtures/clock.c`.
enum ShiftedClock {
    static let library: String = {
        let library = FileManager.default.temporaryDirectory.appendingPathComponent("clock-\(getpid()).so")
            .path
        let source = Project.path("Tests/EndToEndTests/Fixtures/clock.c")
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments = ["clang", "-shared", "-fPIC", "-O1", "-o", library, source]
        try? compiler.run()
        compiler.waitUntilExit()
        precondition(compiler.terminationStatus == 0, "\(source) does not compile")
        return library
    }()

    /// Starts a command whose clock is shifted.
    static let launcher = ["/usr/bin/env", "LD_PRELOAD=\(library)"]
}
