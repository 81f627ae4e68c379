# For findings about libcurl: checks the version, and builds and runs small programs on curl_loop.h.

needs cc python3
installed libcurl4-openssl-dev=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15

# build: $work/look from the C program on standard input.
build() {
    cat >"$work/look.c"
    cc -O1 -Wall -I"$(dirname "$0")/support" -o "$work/look" "$work/look.c" -lcurl
}

# serve NAME [ARGUMENT…]: runs $work/server.py in the background with its output in $work/NAME; sets `origin`.
serve() {
    local name=$1
    shift
    background "$work/$name" python3 "$work/server.py" "$@"
    wait_until 20 test -s "$work/$name"
    origin=http://127.0.0.1:$(head -n 1 "$work/$name")
}
