#!/usr/bin/env bash
# Writes to a file that was replaced are still reported under its old name, which another file has now.
#
# Guess:    an event of a watched folder that names a file is about the file which has that name.
# Instead:  a process that still holds the old file open goes on producing IN_MODIFY and IN_CLOSE_WRITE with that
#           name after the file was renamed over or deleted and made again. A file that was moved away in one piece,
#           however, falls silent. (Seen on Linux 6.18, on tmpfs and ext4.)
# Matters:  "the output was closed" may be said of a file that nobody can open any more, while the connector still
#           writes the one in its place. Before a sidecar draws conclusions it has to look at the file itself.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/kernel.bash"

look_at <<'EOF'
import os, sys
from inotify import Watch

folder = sys.argv[1]
path, other, away = (os.path.join(folder, name) for name in ("output", "other", "away/output"))
os.mkdir(os.path.dirname(away))
old = os.open(path, os.O_WRONLY | os.O_CREAT)
watch = Watch(folder)

def write_and_close(descriptor):
    watch.events()
    os.write(descriptor, b"x")
    os.close(descriptor)
    return watch.events()

open(other, "w").close()
os.rename(other, path)
print("renamed-over", write_and_close(old), "size", os.stat(path).st_size)

old = os.open(path, os.O_WRONLY)
os.unlink(path)
open(path, "w").close()
print("deleted", write_and_close(old), "size", os.stat(path).st_size)

old = os.open(path, os.O_WRONLY)
os.rename(path, away)
print("moved-away", write_and_close(old))
EOF

both="MODIFY:output CLOSE_WRITE:output size 0"
expect "write to a file that was renamed over" "$both" "$(seen renamed-over)"
expect "write to a file that was deleted and made again" "$both" "$(seen deleted)"
expect "write to a file that was moved to another folder" "nothing" "$(seen moved-away)"
as_described
