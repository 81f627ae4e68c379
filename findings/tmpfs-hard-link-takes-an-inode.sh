#!/usr/bin/env bash
# On a tmpfs whose inodes are used up, a hard link fails with "no space left", though it needs no new inode.
#
# Guess:    link() gives an existing inode another name, so that a limit on inodes does not concern it.
# Instead:  tmpfs counts every hard link against `nr_inodes`: link() fails with ENOSPC like a new file, and the link
#           is shown among the inodes in use; rename, also over an existing file, works. A full tmpfs (no blocks)
#           still takes new empty files, folders and symbolic links. (Seen on Linux 6.18.)
# Matters:  `emptyDir` of medium Memory is a tmpfs. A marker such as TERMINATED cannot be made there by linking a
#           spare file, but by renaming one.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs python3 unshare mount

say "kernel: $(uname -r)"
unshare --mount --map-root-user true 2>/dev/null || cannot_look "no user namespace for a mount of one's own"
mkdir "$work/few" "$work/small"
cat >"$work/look.py" <<'EOF'
import errno, os, sys

few, small = sys.argv[1:]

def attempt(name, action):
    try:
        action()
        print(name, "done")
    except OSError as error:
        print(name, errno.errorcode[error.errno])

def new(path, content=b""):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        if content:
            os.write(descriptor, content)
    finally:
        os.close(descriptor)

os.chdir(few)
free = os.statvfs(".").f_ffree
for number in range(free - 1):
    new(f"file{number}")
before = os.statvfs(".").f_ffree
os.link("file0", "link")
print("link-takes", before - os.statvfs(".").f_ffree)
attempt("link", lambda: os.link("file0", "another"))
attempt("file", lambda: new("another"))
attempt("rename", lambda: os.rename("file1", "TERMINATED"))
os.chdir(small)
new("full", b"x" * os.statvfs(".").f_bavail * os.statvfs(".").f_bsize)
attempt("content", lambda: new("content", b"0\n"))
attempt("empty", lambda: new("empty"))
EOF
seen=$(unshare --mount --map-root-user bash -c '
    mount -t tmpfs -o nr_inodes=6 none "$1/few" && mount -t tmpfs -o size=64k none "$1/small" &&
        python3 "$1/look.py" "$1/few" "$1/small"' - "$work")

expect "inodes that one hard link takes" "1" "$(sed -n 's/^link-takes //p' <<<"$seen")"
expect "a hard link without a free inode" "ENOSPC" "$(sed -n 's/^link //p' <<<"$seen")"
expect "a new file without a free inode" "ENOSPC" "$(sed -n 's/^file //p' <<<"$seen")"
expect "a rename without a free inode" "done" "$(sed -n 's/^rename //p' <<<"$seen")"
expect "two bytes on a full tmpfs" "ENOSPC" "$(sed -n 's/^content //p' <<<"$seen")"
expect "an empty file on a full tmpfs" "done" "$(sed -n 's/^empty //p' <<<"$seen")"
as_described
