#!/usr/bin/env bash
# simdjson's stream of documents ends at the first one that is not JSON, and drops one that is cut off without an error.
#
# Guess:    parse_many on lines of JSON gives an error for a bad line and goes on with the next; an unfinished last
#           line is an error.
# Instead:  after an error the iteration is over, so that everything behind a plain log line is lost; and an
#           unfinished document at the end is left out in silence: only truncated_bytes() tells.
#           (simdjson 3.0.1-1.)
# Matters:  a connector's output mixes messages with plain text, and its last line may still be growing. It has to be
#           cut into lines first, and each line parsed by itself.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs c++
debian libsimdjson14=3.0.1-1 libsimdjson-dev=3.0.1-1

cat >"$work/look.cpp" <<'EOF'
#include <iostream>
#include <simdjson.h>
#include <string>

static void look(const char *name, const std::string &text) {
    simdjson::dom::parser parser;
    simdjson::dom::document_stream stream;
    int documents = 0, errors = 0;
    if (parser.parse_many(text).get(stream)) return;
    for (auto document : stream) document.error() ? ++errors : ++documents;
    std::cout << name << " documents " << documents << ", errors " << errors << ", truncated bytes "
              << stream.truncated_bytes() << "\n";
}

int main() {
    look("whole", "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
    look("plain", "{\"a\":1}\nstarting up\n{\"b\":2}\n{\"c\":3}\n");
    look("cut", "{\"a\":1}\n{\"b\":2}\n{\"c\":");
}
EOF
c++ -O1 -std=c++17 -I"$root/usr/include" -o "$work/look" "$work/look.cpp" "$libraries/libsimdjson.so.14"
seen=$(env LD_LIBRARY_PATH="$libraries" "$work/look")
expect "three lines of JSON" "documents 3, errors 0, truncated bytes 0" "$(sed -n 's/^whole //p' <<<"$seen")"
expect "a line of text behind the first of three" "documents 1, errors 1, truncated bytes 0" \
    "$(sed -n 's/^plain //p' <<<"$seen")"
expect "the third cut off" "documents 2, errors 0, truncated bytes 5" "$(sed -n 's/^cut //p' <<<"$seen")"
as_described
