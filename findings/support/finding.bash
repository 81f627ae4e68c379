# What every finding here shares: a temporary folder that goes away, pinned packages, own processes, a verdict.
# A finding sources this file first. Its exit codes: 0 as described, 1 changed, 2 it could not look.

work=$(mktemp -d)
children=()

# Ends what the finding started, by process id, and removes its folder.
tidy_up() {
    local code=$? child
    trap - EXIT
    for child in ${children[@]+"${children[@]}"}; do kill "$child" 2>/dev/null || true; done
    for child in ${children[@]+"${children[@]}"}; do
        for _ in $(seq 50); do kill -0 "$child" 2>/dev/null && sleep 0.1 || break; done
        kill -KILL "$child" 2>/dev/null || true
    done
    rm -rf "$work"
    exit "$code"
}
trap tidy_up EXIT
trap 'exit 130' INT TERM

say() { echo "  $*"; }

changed() {
    echo "changed: $*"
    exit 1
}

cannot_look() {
    echo "cannot look: $*" >&2
    exit 2
}

as_described() { echo "as described"; }

# expect WHAT EXPECTED ACTUAL: prints what was seen, and ends the finding where it is not what the head says.
expect() {
    say "$1: $3"
    [ "$2" = "$3" ] || changed "$1 is '$3', it was '$2'"
}

# expect_match WHAT PATTERN ACTUAL: the same with an extended regular expression.
expect_match() {
    say "$1: $3"
    [[ $3 =~ $2 ]] || changed "$1 is '$3', it matched '$2'"
}

# needs COMMAND…: programs that the machine has to have.
needs() {
    local command
    for command in "$@"; do command -v "$command" >/dev/null || cannot_look "$command is not installed"; done
}

# python_with [--constraint FILE] PACKAGE==VERSION…: a new virtual environment; sets `python` and `bin`.
# With FINDINGS_CACHE=FOLDER it is kept there for the next finding that wants the same.
python_with() {
    local folder=$work/python constraint=()
    if [ "$1" = --constraint ]; then
        constraint=("$1" "$2")
        shift 2
    fi
    if [ -n "${FINDINGS_CACHE:-}" ]; then
        folder=$FINDINGS_CACHE/$(echo "$*" | cat - ${constraint[1]+"${constraint[1]}"} | sha256sum | cut -c 1-16)
    fi
    bin=$folder/bin
    python=$bin/python
    if [ ! -e "$folder/complete" ]; then
        "${PYTHON:-/usr/bin/python3}" -m venv --clear "$folder" >"$work/pip.log" 2>&1 ||
            cannot_look "no virtual environment can be made: $(tail -n 1 "$work/pip.log")"
        "$bin/pip" install --quiet --disable-pip-version-check --no-input \
            ${constraint[@]+"${constraint[@]}"} "$@" >>"$work/pip.log" 2>&1 ||
            cannot_look "pip cannot install $*: $(grep '^ERROR' "$work/pip.log" | tail -n 1)"
        touch "$folder/complete"
    fi
    say "Python packages: $*"
}

# debian NAME=VERSION…: unpacks Debian packages below the temporary folder, without installing them; sets `root`
# and `libraries`, their library folder. Run programs of theirs with `env LD_LIBRARY_PATH="$libraries"`.
debian() {
    needs apt-get dpkg
    local wanted offered
    root=$work/root
    mkdir -p "$work/packages" "$root"
    for wanted in "$@"; do
        if ! (cd "$work/packages" && apt-get download "$wanted" >>"$work/apt.log" 2>&1); then
            offered=$(apt-cache madison "${wanted%%=*}" | awk '{ printf "%s ", $3 }')
            [ -n "$offered" ] || cannot_look "apt knows no ${wanted%%=*} (apt-get update needed?)"
            changed "Debian no longer offers $wanted, but $offered: look again with that version, then move the pin"
        fi
    done
    local package
    for package in "$work"/packages/*.deb; do dpkg -x "$package" "$root"; done
    libraries=$(echo "$root"/usr/lib/*-linux-gnu)
    say "Debian packages, unpacked: $*"
}

# installed NAME=VERSION…: ends the finding where the machine has another version of a package.
installed() {
    local wanted version
    for wanted in "$@"; do
        version=$(dpkg-query --show --showformat='${Version}' "${wanted%%=*}" 2>/dev/null) ||
            cannot_look "${wanted%%=*} is not installed (apt-get install $wanted)"
        [ "$version" = "${wanted#*=}" ] ||
            changed "$wanted is what the finding is about, installed is $version: look again, then move the pin"
    done
    say "Debian packages, installed: $*"
}

# A TCP port, or with `udp` a UDP port, of the loopback address that nothing uses.
free_port() {
    "${PYTHON:-/usr/bin/python3}" - "${1:-tcp}" <<'EOF'
import socket, sys
kind = socket.SOCK_DGRAM if sys.argv[1] == "udp" else socket.SOCK_STREAM
with socket.socket(socket.AF_INET, kind) as one:
    one.bind(("127.0.0.1", 0))
    print(one.getsockname()[1])
EOF
}

# background FILE COMMAND…: starts a program whose output goes to FILE; it ends with the finding. Sets `started`.
background() {
    local output=$1
    shift
    "$@" >"$output" 2>&1 &
    started=$!
    children+=("$started")
}

# wait_until SECONDS COMMAND…: repeats a command until it succeeds.
wait_until() {
    local tries=$(($1 * 10))
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ $((tries -= 1)) -gt 0 ] || cannot_look "in vain: waited for $*"
        sleep 0.1
    done
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# listens_udp PORT: whether a UDP socket is bound to that port of 127.0.0.1.
listens_udp() { grep -qi "0100007F:$(printf '%04X' "$1") " /proc/net/udp; }
