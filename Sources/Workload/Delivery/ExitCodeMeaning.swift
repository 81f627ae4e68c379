extension Int32 {
    /// What a connector's exit code says by itself, in parentheses and with a space before it; empty where it means
    /// nothing special.
    ///
    /// Sources: POSIX shells (126, 127, 128 + signal); argparse, which the Python CDK uses (2); `java(1)`,
    /// `-XX:+ExitOnOutOfMemoryError` (3); `Py_FinalizeEx` (120).
    var meaning: String {
        switch self {
        case 2: " (wrong arguments: the connector does not understand its command line)"
        case 3: " (a Java connector ends like this when it is out of memory)"
        case 120:
            " (the connector could not write its output: an encoding that lacks a character, or a full disk)"
        case 126: " (the connector's command cannot be executed)"
        case 127: " (the connector's command was not found)"
        case 137: " (killed by SIGKILL: out of memory?)"
        case 139: " (killed by SIGSEGV: the connector crashed)"
        case 143: " (ended by SIGTERM: the pod was told to stop)"
        default: ""
        }
    }
}
