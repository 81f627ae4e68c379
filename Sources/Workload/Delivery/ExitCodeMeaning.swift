enum ExitCodeMeaning {
    /// What a connector's exit code means, in parentheses and after a space; empty for a code without a known meaning.
    ///
    /// Sources: POSIX shells (126, 127, 128 + signal); argparse, which the Python CDK uses (2); `java(1)`,
    /// `-XX:+ExitOnOutOfMemoryError` (3); `Py_FinalizeEx` (120).
    static func note(on code: Int32) -> String {
        switch code {
        case 2: " (wrong arguments: the connector does not understand its command line)"
        case 3: " (a Java connector ends like this when it is out of memory)"
        case 120:
            " (the connector could not write its output: an encoding that lacks a character, or a full disk)"
        case 126: " (the connector's command cannot be executed)"
        case 127: " (the connector's command was not found)"
        case 137: " (killed by SIGKILL: out of memory?)"
        case 139: " (killed by SIGSEGV: the connector crashed)"
        case 143: " (ended by SIGTERM: the pod was stopped)"
        default: ""
        }
    }
}
