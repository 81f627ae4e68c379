# For findings about the kernel's interfaces.

needs python3
say "kernel: $(uname -r), file system: $(stat --file-system --format=%T "$work")"

# look_at: runs the Python program on standard input with an empty folder as its argument; sets `seen`.
look_at() {
    mkdir "$work/watched"
    cat >"$work/look.py"
    seen=$(PYTHONPATH=$(dirname "$0")/support timeout 30 python3 "$work/look.py" "$work/watched")
}

# seen NAME: the rest of the line of what was seen that begins with that word.
seen() { sed -n "s/^$1 //p" <<<"$seen"; }
