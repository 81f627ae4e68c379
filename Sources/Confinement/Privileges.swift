import CConfinement
import Glibc
import Reactor

/// What a process gives up for good.
public enum Privileges {
    /// No program that the process starts gets more rights than it has: set-user-ID bits are ignored. Landlock and filters
    /// need this. Source: prctl(2), `PR_SET_NO_NEW_PRIVS`.
    public static func forbidNew() throws(SystemError) {
        guard cconfinement_forbid_new_privileges() == 0 else {
            throw SystemError(call: "prctl", errno: errno)
        }
    }

    /// No core dump, and no debugger without CAP_SYS_PTRACE, strace of the same user included. Source: prctl(2),
    /// `PR_SET_DUMPABLE`.
    public static func forbidDumps() throws(SystemError) {
        guard cconfinement_forbid_dumps() == 0 else { throw SystemError(call: "prctl", errno: errno) }
    }
}
