#!/usr/bin/env bash
# A file lease is broken by its holder's own open, even by one that fails, and inotify does not see that open.
#
# Guess:    the process that holds a lease can open the file as it likes; an open that fails changes nothing.
# Instead:  any open that conflicts breaks the lease, the holder's own included: it gets EAGAIN with O_NONBLOCK and
#           would otherwise wait up to /proc/sys/fs/lease-break-time (45 s) for its own process to give way. The
#           open that failed leaves the lease marked as breaking, and produces no inotify event. O_PATH and stat
#           are free. (Seen on Linux 6.18, on tmpfs and ext4.)
# Matters:  a single-threaded sidecar with a write lease on the output that opens the output again without
#           O_NONBLOCK stands still for 45 s; and a reader that was refused cannot be seen by inotify.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/kernel.bash"

look_at <<'EOF'
import errno, fcntl, os, signal, sys
from inotify import Watch

folder = sys.argv[1]
path = os.path.join(folder, "output")
open(path, "w").close()
watch = Watch(folder)
signals = []
signal.signal(signal.SIGIO, lambda *_: signals.append("SIGIO"))
names = {fcntl.F_RDLCK: "read", fcntl.F_WRLCK: "write", fcntl.F_UNLCK: "none"}
held = os.open(path, os.O_RDWR)
fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
watch.events()

os.close(os.open(path, os.O_PATH))
print("path", names[fcntl.fcntl(held, fcntl.F_GETLEASE)], signals, watch.events())
try:
    os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    print("open succeeded")
except OSError as error:
    print("open", errno.errorcode[error.errno], signals, watch.events())
print("lease", names[fcntl.fcntl(held, fcntl.F_GETLEASE)])
EOF

expect "after an open with O_PATH" "write [] nothing" "$(seen path)"
expect "an open of its own for reading" "EAGAIN ['SIGIO'] nothing" "$(seen open)"
expect "what F_GETLEASE says the lease will be" "read" "$(seen lease)"
as_described
