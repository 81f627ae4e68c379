#!/usr/bin/env bash
# inotify reports IN_MODIFY when an empty file is emptied, and nothing when a file is changed through a mapping.
#
# Guess:    IN_MODIFY says that a file's content has changed.
# Instead:  opening an empty file with O_TRUNC, or ftruncate to the size it has, is IN_MODIFY although nothing has
#           changed; write() of no bytes is not; and a change through mmap, msync and fsync is reported by nothing
#           at all. (Seen on Linux 6.18, on tmpfs and ext4.)
# Matters:  the shell's `> jobOutput.json` reports a write before the connector has run, even on a file that the
#           sidecar has made empty itself. And a result that is written through a mapping is only noticed at the
#           close, or by looking.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/kernel.bash"

look_at <<'EOF'
import mmap, os, sys
from inotify import Watch

folder = sys.argv[1]
path = os.path.join(folder, "output")
open(path, "w").close()
watch = Watch(folder)
descriptor = os.open(path, os.O_RDWR | os.O_TRUNC)
print("truncating-open", watch.events())
os.ftruncate(descriptor, 0)
print("ftruncate", watch.events())
os.write(descriptor, b"")
print("empty-write", watch.events())
os.ftruncate(descriptor, 4096)
watch.events()
with mmap.mmap(descriptor, 4096) as mapping:
    mapping[0:6] = b"result"
    mapping.flush()
os.fsync(descriptor)
print("mapping", watch.events())
assert os.pread(descriptor, 6, 0) == b"result"
EOF

# Which of the two comes first has changed between kernels.
expect "open an empty file with O_TRUNC" "MODIFY:output OPEN:output" \
    "$(seen truncating-open | tr ' ' '\n' | sort | paste -s -d ' ')"
expect "ftruncate an empty file to 0" "MODIFY:output" "$(seen ftruncate)"
expect "write no bytes" "nothing" "$(seen empty-write)"
expect "change bytes through a mapping, msync, fsync" "nothing" "$(seen mapping)"
as_described
