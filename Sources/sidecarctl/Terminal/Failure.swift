import Glibc

/// The codes with which the command ends.
enum Exit {
    static let success: Int32 = 0
    /// What was looked at is not as it should be: the job has failed, the catalogs differ.
    static let negative: Int32 = 1
    /// `EX_USAGE` of sysexits.h: the command line is wrong. ArgumentParser uses it too.
    static let usage: Int32 = 64
    /// `EX_DATAERR`: a file can be read, but does not hold what it should.
    static let data: Int32 = 65
    /// `EX_NOINPUT`: a file or folder cannot be read.
    static let noInput: Int32 = 66
    /// `EX_CANTCREAT`: a file cannot be written.
    static let cannotCreate: Int32 = 73
    /// `EX_IOERR`: standard output cannot be written.
    static let output: Int32 = 74
    /// 128 + SIGPIPE, as a shell has it: whoever read standard output has gone. Only a command that ignores the signal
    /// gets to see this.
    static let brokenPipe: Int32 = 141
}

/// Why the command cannot do what it was asked for: one line that says what, where, and what to do.
struct Failure: Error {
    var status: Int32
    var message: String

    init(_ status: Int32, _ message: String) {
        self.status = status
        self.message = message
    }
}
