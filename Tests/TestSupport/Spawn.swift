import Foundation

/// Spawns programs with posix_spawn(3), for tests.
///
/// Not with `Foundation.Process` (swift-corelibs-foundation 6.3): it takes a program for ended when the last copy of a
/// socket is closed, and a program that another thread spawns meanwhile can inherit a copy. Then `waitUntilExit`
/// waits for that other program too.
package enum Spawn {
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - environment: as this process has it, unless given.
    ///   - input: becomes standard input; `/dev/null` where it is nil, and so for the other two.
    /// - Returns: the process's number. It has to be reaped, for example with `wait`.
    package static func start(
        _ program: String,
        _ arguments: [String],
        environment: [String: String]? = nil,
        input: Int32? = nil,
        output: Int32? = nil,
        errors: Int32? = nil
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, source) in [(STDIN_FILENO, input), (STDOUT_FILENO, output), (STDERR_FILENO, errors)] {
            if let source {
                posix_spawn_file_actions_adddup2(&actions, source, target)
            } else {
                posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
            }
        }
        // Nothing else is inherited: dash has no descriptors above 9, and a script may name the next free one to it.
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            if let descriptor = Int32(name), descriptor > STDERR_FILENO {
                posix_spawn_file_actions_addclose(&actions, descriptor)
            }
        }

        // The signals as a shell would leave them, whatever this process blocks or ignores.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var pid: pid_t = 0
        let variables = environment ?? ProcessInfo.processInfo.environment
        let code = withCStrings([program] + arguments) { argv in
            withCStrings(variables.map { "\($0.key)=\($0.value)" }) { envp in
                lock.withLock { posix_spawn(&pid, program, &actions, &attributes, argv, envp) }
            }
        }
        guard code == 0 else { throw Failure(description: "\(program): \(String(cString: strerror(code)))") }
        return pid
    }

    /// Blocks until the program has ended, and reaps it.
    ///
    /// - Returns: its exit code, or 128 + the signal, as a shell has it.
    @discardableResult
    package static func wait(for pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return exitCode(ofStatus: status)
    }

    /// The exit code in a status of waitpid(2), or 128 + the signal.
    package static func exitCode(ofStatus status: Int32) -> Int32 {
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    /// Runs a program to its end; blocks meanwhile.
    ///
    /// - Parameter capturesErrors: whether standard error goes where standard output does; else it is dropped.
    /// - Returns: its exit code, and what it wrote.
    package static func run(
        _ program: String,
        _ arguments: [String],
        capturesErrors: Bool = false
    ) throws -> (exitCode: Int32, output: Data) {
        let output = try SpawnPipe()
        let descriptor = output.writer.fileDescriptor
        let pid = try start(
            program,
            arguments,
            output: descriptor,
            errors: capturesErrors ? descriptor : nil
        )
        try output.writer.close()
        let written = output.reader.readDataToEndOfFile()
        return (wait(for: pid), written)
    }

    /// Held while a program is spawned, and while a pipe is not yet closed on exec: Swift shows no pipe2(2).
    fileprivate static let lock = NSLock()

    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = strings.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        return body(pointers + [nil])
    }
}

/// A pipe whose ends no spawned program inherits, unless it is given one.
package struct SpawnPipe {
    package let reader: FileHandle
    package let writer: FileHandle

    package init() throws {
        var ends: [Int32] = [-1, -1]
        let isMade = Spawn.lock.withLock {
            pipe(&ends) == 0 && ends.allSatisfy { fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }
        }
        guard isMade else { throw Spawn.Failure(description: "pipe: \(String(cString: strerror(errno)))") }
        reader = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        writer = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
    }

    /// What is written up to the first line feed, without it, or up to the end. Nothing is read ahead.
    package func firstLine() throws -> Data {
        var line = Data()
        while let byte = try reader.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        return line
    }
}
