#!/bin/sh
# The lesson from end to end: builds plainsight, then runs its demo. Arguments go to the demo
# (./demo.sh --help). A fresh machine needs git and Rust's toolchain, nothing else.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=.ci/setup
. "$here/.ci/setup"

work=$(mktemp -d) || die "cannot make a temporary folder"
builder=
start=$(date +%s)
clean_up() {
    if [ -n "$builder" ]; then kill "$builder" 2>/dev/null || :; fi
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Cargo lists hundreds of crates; the newcomer sees one line that moves.
progress() {
    if [ -t 2 ]; then
        crates=$(grep -c '^ *Compiling' "$work/log" || :)
        printf '\r%s: building, %s crates so far, %s s ' "${0##*/}" "$crates" $(($(date +%s) - start)) >&2
    fi
}

say "building (the first time takes a few minutes)"
cargo build --release --locked --manifest-path "$here/Cargo.toml" --bin plainsight \
    --message-format=json-render-diagnostics >"$work/built" 2>"$work/log" &
builder=$!
while kill -0 "$builder" 2>/dev/null; do
    progress
    sleep 0.2 2>/dev/null || sleep 1
done
if [ -t 2 ]; then printf '\r\033[K' >&2; fi
if ! wait "$builder"; then
    builder=
    cat "$work/log" >&2
    die "plainsight could not be built; cargo's own message stands above"
fi
builder=

# Cargo says where it put the program, whatever target folder is configured.
program=$(sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' "$work/built" | tail -n 1)
[ -x "$program" ] || die "cargo built no program"
clean_up
trap - EXIT INT TERM
exec "$program" demo "$@"
