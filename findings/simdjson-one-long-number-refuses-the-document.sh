#!/usr/bin/env bash
# simdjson refuses a whole document because of one number that does not fit into 64 bits, or one lone surrogate.
#
# Guess:    numbers of any length are JSON; a parser that keeps 64 bits gives a double, or an error where that number
#           is asked for.
# Instead:  dom::parser::parse fails for the document: `{"maximum":18446744073709551616}` gives NUMBER_ERROR, and so
#           does 1e400, whoever reads them; "\ud800" gives STRING_ERROR. Integers up to 2^64-1 pass.
#           (simdjson 3.0.1-1.)
# Matters:  JSON schemas state such limits for unsigned and decimal columns; a catalog would be lost to a number that
#           a sidecar only passes on. Validate by structure and keep numbers as text.
set -euo pipefail
. "$(dirname "$0")/support/finding.bash"
needs c++
debian libsimdjson14=3.0.1-1 libsimdjson-dev=3.0.1-1

cat >"$work/look.cpp" <<'EOF'
#include <iostream>
#include <simdjson.h>

int main(int, char **values) {
    simdjson::dom::parser parser;
    auto error = parser.parse(std::string(values[1])).error();
    std::cout << (error == simdjson::SUCCESS ? "SUCCESS" : error == simdjson::NUMBER_ERROR ? "NUMBER_ERROR"
                  : error == simdjson::STRING_ERROR ? "STRING_ERROR" : "another") << "\n";
}
EOF
c++ -O1 -std=c++17 -I"$root/usr/include" -o "$work/look" "$work/look.cpp" "$libraries/libsimdjson.so.14"
parse() { env LD_LIBRARY_PATH="$libraries" "$work/look" "$1"; }
expect '{"maximum":18446744073709551615}' "SUCCESS" "$(parse '{"maximum":18446744073709551615}')"
expect '{"maximum":18446744073709551616}' "NUMBER_ERROR" "$(parse '{"maximum":18446744073709551616}')"
expect '{"maximum":1e400}' "NUMBER_ERROR" "$(parse '{"maximum":1e400}')"
expect '{"description":"\ud800"}' "STRING_ERROR" "$(parse '{"description":"\ud800"}')"
as_described
