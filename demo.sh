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

# How many crates the program is made of on this machine, itself included; 0 where cargo cannot tell.
count_crates() {
    cargo tree --quiet --locked --manifest-path "$here/Cargo.toml" --edges normal,build --prefix none \
        --format '{p}' 2>"$work/tree" | sed 's/ (.*//' | sort -u | grep -c . || :
}

# How many crates are built so far. Cargo reports each part of a crate, and crates that were there
# already; a crate whose build script alone is built is not.
count_built() {
    sed -n '/"kind":\["custom-build"\]/d; s/.*"reason":"compiler-artifact","package_id":"\([^"]*\)".*/\1/p' \
        "$work/built" | sort -u | grep -c . || :
}

# Cargo lists hundreds of crates; the newcomer sees one line that moves.
progress() {
    if [ -t 2 ]; then
        built=$(count_built)
        if grep -q '^ *Compiling plainsight ' "$work/log"; then
            what="now plainsight itself, the last and the longest"
        elif [ "$crates" -gt 0 ]; then
            what="$built of $crates crates"
        else
            what="$built crates so far"
        fi
        printf '\r\033[K%s: building, %s, %s s ' "${0##*/}" "$what" $(($(date +%s) - start)) >&2
    fi
}

say "building (the first time takes minutes: four to five on two cores)"
crates=$(count_crates)
cargo build --release --locked --manifest-path "$here/Cargo.toml" --bin plainsight \
    --message-format=json-render-diagnostics >"$work/built" 2>"$work/log" &
builder=$!
while kill -0 "$builder" 2>/dev/null; do
    progress
    sleep 0.5 2>/dev/null || sleep 1
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
