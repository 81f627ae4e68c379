#!/usr/bin/env bash
# inotify reports a file whose modification time is set as modified, and one whose access time is set as read.
#
# Guess:    setting a file's times is a change of attributes: IN_ATTRIB, whichever time is set.
# Instead:  only setting both times is IN_ATTRIB. `touch -m` alone is IN_MODIFY and `touch -a` alone is IN_ACCESS,
#           though no byte was written or read. (Seen on Linux 6.18, on tmpfs and ext4.)
# Matters:  a sidecar that takes IN_MODIFY for the connector's first write can be started by a backup tool, a sync
#           or a `touch -m`, and one that reads again after IN_MODIFY finds the same bytes.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs python3 touch

say "kernel: $(uname -r), file system: $(stat --file-system --format=%T "$work")"
cat >"$work/look.py" <<'EOF'
import os, subprocess, sys
from inotify import Watch

folder = sys.argv[1]
path = os.path.join(folder, "output")
open(path, "w").close()
watch = Watch(folder)
for option in ("-m", "-a", None):
    subprocess.run(["touch", *([option] if option else []), path], check=True)
    words = watch.events().split()
    print(option or "both", *[word for word in words if not word.startswith(("OPEN", "CLOSE"))])
EOF
mkdir "$work/watched"
seen=$(PYTHONPATH=$(dirname "$0")/support python3 "$work/look.py" "$work/watched")

expect "touch -m" "MODIFY:output" "$(sed -n 's/^-m //p' <<<"$seen")"
expect "touch -a" "ACCESS:output" "$(sed -n 's/^-a //p' <<<"$seen")"
expect "touch" "ATTRIB:output" "$(sed -n 's/^both //p' <<<"$seen")"
as_described
