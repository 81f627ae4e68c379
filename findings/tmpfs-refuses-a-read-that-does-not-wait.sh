#!/usr/bin/env bash
# tmpfs refuses to read "only what is there without waiting", though all of its content is in memory.
#
# Guess:    preadv2(2) with RWF_NOWAIT is made for what is cached, so a file of a tmpfs, which is nothing but cache, is the
#           one that it always works for.
# Instead:  tmpfs answers EOPNOTSUPP to RWF_NOWAIT, for whatever is read, while a cached file of a disk's file system is
#           read. A plain read works on both. (Seen on Linux 6.18.)
# Matters:  `emptyDir` of medium Memory is a tmpfs. A program that reads without blocking, and takes EOPNOTSUPP to mean a
#           slow file system, treats the fastest one as the slowest.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs python3 unshare mount

say "kernel: $(uname -r), the other file system: $(stat --file-system --format=%T "$work")"
unshare --mount --map-root-user true 2>/dev/null || cannot_look "no user namespace for a mount of one's own"
mkdir "$work/memory" "$work/disk"
cat >"$work/look.py" <<'EOF2'
import os, sys

for folder in sys.argv[1:]:
    path = os.path.join(folder, "file")
    with open(path, "wb") as file:
        file.write(b"a line\n")
    name = os.path.basename(folder)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.pread(descriptor, 64, 0)
    buffer = bytearray(64)
    try:
        count = os.preadv(descriptor, [buffer], 0, os.RWF_NOWAIT)
        print(name, count, "bytes")
    except OSError as error:
        print(name, os.strerror(error.errno))
    print(name + "-plain", os.preadv(descriptor, [buffer], 0), "bytes")
EOF2
seen=$(unshare --mount --map-root-user sh -c '
    mount -t tmpfs none "$1/memory" && exec python3 "$1/look.py" "$1/memory" "$1/disk"' sh "$work")
seen() { sed -n "s/^$1 //p" <<<"$seen"; }
expect "tmpfs, without waiting" "Operation not supported" "$(seen memory)"
expect "tmpfs, a plain read" "7 bytes" "$(seen memory-plain)"
expect "the other file system, without waiting" "7 bytes" "$(seen disk)"
as_described
