#!/bin/sh
# Type-checks the library and the program for other systems and processors; warnings are errors.
# Nothing is linked or run, so a C compiler and libpcap for the target are not needed.
#   tests/targets.sh [--tests] [TARGET…]      all targets below by default; with --tests, tests and benches too
#
# With rustup, which the script has add each target's standard library, that is a `cargo check`.
# Without it, the standard library is checked from its source too (cargo's -Zbuild-std). That needs
# rustc, cargo and the source, all of one version: on Debian
#   apt-get install rustc-web cargo-web rust-web-src
# RUSTC names another rustc than the first in PATH that has its source beside it.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$here"
folder=$here/target/targets

# Where everything is expected to compile.
whole='aarch64-unknown-linux-gnu aarch64-apple-darwin x86_64-apple-darwin x86_64-unknown-freebsd
x86_64-unknown-linux-musl riscv64gc-unknown-linux-gnu'
# Where the library alone is.
library='x86_64-pc-windows-gnu'

say() {
    printf 'targets.sh: %s\n' "$*" >&2
}

# Build scripts of dependencies compile C for the target. Type-checking reads none of the results, so
# a stand-in writes empty ones.
stand_ins() {
    mkdir -p "$folder/bin"
    cat >"$folder/bin/cc" <<'CC'
#!/bin/sh
while [ $# -gt 0 ]; do
    [ "$1" = -o ] && : >"$2"
    shift
done
CC
    cat >"$folder/bin/ar" <<'AR'
#!/bin/sh
for word in "$@"; do
    case $word in
    *.a) : >"$word" ;;
    esac
done
AR
    # rustc has Windows' import libraries made, where it checks the standard library itself.
    mkdir -p "$folder/windows"
    cat >"$folder/windows/x86_64-w64-mingw32-dlltool" <<'DLLTOOL'
#!/bin/sh
while [ $# -gt 0 ]; do
    [ "$1" = -l ] && printf '!<arch>\n' >"$2"
    shift
done
DLLTOOL
    chmod +x "$folder/bin/cc" "$folder/bin/ar" "$folder/windows/x86_64-w64-mingw32-dlltool"
    PATH=$PATH:$folder/windows
    # Only what is compiled for a target is concerned: build scripts themselves are linked with the real compiler.
    export TARGET_CC="$folder/bin/cc" TARGET_AR="$folder/bin/ar" TARGET_RANLIB=true SDKROOT="$folder"
    # Where libpcap is, which is not asked for its version.
    export LIBPCAP_LIBDIR="$folder" LIBPCAP_VER=1.9.1
}

# Whether this rustc has the standard library's source.
has_source() {
    sysroot=$("$1" --print sysroot 2>/dev/null) && [ -f "$sysroot/lib/rustlib/src/rust/library/Cargo.toml" ]
}

# Runs cargo for the target $1.
check() {
    target=$1
    shift
    if command -v rustup >/dev/null 2>&1 && rustup target add "$target"; then
        cargo "$@" --target "$target"
        return
    fi
    for rustc in "${RUSTC:-rustc}" /usr/bin/rustc; do
        if has_source "$rustc"; then
            RUSTC=$sysroot/bin/rustc RUSTC_BOOTSTRAP=1 "$sysroot/bin/cargo" "$@" --target "$target" -Zbuild-std
            return
        fi
    done
    say "rustup cannot add $target, and no rustc has its source; install rustc-web, cargo-web and rust-web-src"
    return 2
}

stand_ins
program='--lib --bins'
if [ "${1:-}" = --tests ]; then
    program=--all-targets
    shift
fi
export RUSTFLAGS=-Dwarnings CARGO_TARGET_DIR="$folder"
# shellcheck disable=SC2086 # a list of words
[ $# -gt 0 ] || set -- $whole $library
failed=
for target in "$@"; do
    case " $library " in
    *" $target "*) what='--lib --no-default-features' ;;
    *) what=$program ;;
    esac
    say "checking $target ($what)"
    # shellcheck disable=SC2086
    check "$target" check --locked --quiet $what || failed="$failed $target"
done
[ -z "$failed" ] || { say "failed:$failed"; exit 1; }
say "all passed"
