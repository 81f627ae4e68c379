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
. "$(dirname "$0")/support/kernel.bash"
needs touch

look_at <<'EOF'
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

expect "touch -m" "MODIFY:output" "$(seen -m)"
expect "touch -a" "ACCESS:output" "$(seen -a)"
expect "touch" "ATTRIB:output" "$(seen both)"
as_described
