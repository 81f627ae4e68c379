#!/usr/bin/env bash
# F_NOTIFY on a folder ends without a word when any copy of the folder's descriptor is closed.
#
# Guess:    a watch set with fcntl(F_NOTIFY) lives as long as the descriptor that it was set on.
# Instead:  it belongs to the open folder and the process: close() of a descriptor made by dup ends it, though the
#           original stays open. So does `os.listdir(descriptor)` in Python, which duplicates and closes inside. No
#           signal says so. Another open() of the same folder does no harm. (Seen on Linux 6.18, tmpfs and ext4.)
# Matters:  a sidecar that falls back to F_NOTIFY where inotify has no instances left goes blind by listing the very
#           folder that it watches: list it through a descriptor of its own, opened anew.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
. "$(dirname "$0")/support/kernel.bash"

look_at <<'EOF'
import fcntl, os, signal, sys

folder = sys.argv[1]
signals = []
signal.signal(signal.SIGIO, lambda *_: signals.append(1))
watched = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

def watch():
    fcntl.fcntl(watched, fcntl.F_NOTIFY, fcntl.DN_CREATE | fcntl.DN_MULTISHOT)

def new_file(name):
    signals.clear()
    open(os.path.join(folder, name), "w").close()
    return "told" if signals else "not told"

watch()
print("watched", new_file("a"))
os.close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
print("opened-anew", new_file("b"))
copy = os.dup(watched)
print("copied", new_file("c"))
os.close(copy)
print("copy-closed", new_file("d"))
watch()
print("watched-again", new_file("e"))
os.listdir(watched)
print("listed", new_file("f"))
EOF

expect "a new file in the watched folder" "told" "$(seen watched)"
expect "after another open and close of the folder" "told" "$(seen opened-anew)"
expect "while a copy of the descriptor exists" "told" "$(seen copied)"
expect "after the copy was closed" "not told" "$(seen copy-closed)"
expect "watched again" "told" "$(seen watched-again)"
expect "after os.listdir of the descriptor" "not told" "$(seen listed)"
as_described
