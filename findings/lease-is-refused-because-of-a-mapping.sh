#!/usr/bin/env bash
# A write lease on a file is refused as long as somebody has it mapped, even where every descriptor is closed.
#
# Guess:    after close() nobody has the file open, so that a lease on it can be had.
# Instead:  a mapping keeps the open file alive: F_SETLEASE gives EAGAIN until munmap, although no process shows the
#           file among its descriptors; an O_PATH descriptor, in contrast, does not count. (Seen on Linux 6.18, on
#           tmpfs and ext4.)
# Matters:  a sidecar that asks for a lease in order to learn whether the connector still has its output open gets
#           "yes" from a reader that mapped it (a log shipper, a scanner), and /proc/PID/fd shows no culprit;
#           /proc/PID/maps does.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/kernel.bash"

look_at <<'EOF'
import ctypes, errno, fcntl, mmap, os, sys

path = os.path.join(sys.argv[1], "output")
with open(path, "wb") as file:
    file.write(b"x" * 4096)
held = os.open(path, os.O_RDONLY)

def write_lease():
    try:
        fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return "granted"
    except OSError as error:
        return errno.errorcode[error.errno]

only_path = os.open(path, os.O_PATH)
print("path", write_lease())
reader = os.open(path, os.O_RDONLY)
print("open", write_lease())
# The C library's own mmap: Python's keeps a copy of the descriptor.
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
address = libc.mmap(None, ctypes.c_size_t(4096), mmap.PROT_READ, mmap.MAP_SHARED, reader, ctypes.c_long(0))
os.close(reader)
descriptors = [entry for entry in os.scandir("/proc/self/fd") if os.path.realpath(entry.path) == os.path.realpath(path)]
print("descriptors", len(descriptors))
print("mapped", write_lease())
libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(4096))
print("unmapped", write_lease())
EOF

expect "lease with an O_PATH descriptor elsewhere" "granted" "$(seen path)"
expect "lease with an open descriptor elsewhere" "EAGAIN" "$(seen open)"
expect "descriptors left: the lease's own and O_PATH" "2" "$(seen descriptors)"
expect "lease with a mapping only" "EAGAIN" "$(seen mapped)"
expect "lease after munmap" "granted" "$(seen unmapped)"
as_described
