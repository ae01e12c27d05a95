#!/bin/sh
# Builds plainsight and runs its whole test suite, on stable Rust alone. Arguments go to
# `cargo test`; with --lint first, formatting and lints are checked too, where the toolchain can.
# With PLAINSIGHT_NO_VECTORS=1 all runs as on a processor without AVX2 and AVX-512.
# A fresh machine needs git and Rust's toolchain, nothing else.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=.ci/setup
. "$here/.ci/setup"
cd "$here"

if [ "${1:-}" = --lint ]; then
    shift
    if cargo fmt --version >/dev/null 2>&1; then
        say "checking the format"
        cargo fmt --check
    else
        say "rustfmt is not installed, so the format is not checked"
    fi
    if cargo clippy --version >/dev/null 2>&1; then
        say "checking the lints"
        cargo clippy --locked --all-targets --all-features -- -D warnings
    else
        say "clippy is not installed, so the lints are not checked"
    fi
    say "checking the structure: no file and no room depends on itself over others"
    cargo test --locked --quiet --test structure
fi

say "building and running the tests (the first time takes a few minutes)"
cargo test --locked "$@"
case "$*" in
'' | --no-fail-fast) whole=yes ;;
*) whole= ;; # some tests were chosen
esac
if [ -n "$whole" ] && [ -z "${PLAINSIGHT_NO_VECTORS:-}" ]; then
    say "running the unit tests of what has vector code again, with the portable code"
    PLAINSIGHT_NO_VECTORS=1 cargo test --locked --quiet --lib -- leak:: http::charset report::json
fi
say "all tests passed"
