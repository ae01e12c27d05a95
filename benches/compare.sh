#!/bin/sh
# Makes the captures, runs plainsight and each peer that is installed on them, prints the table.
#   benches/compare.sh [--mb 200] [--runs 5] [--against OLD] [CAPTURE…]      all options: benches/compare.py --help
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cargo build --release --quiet --manifest-path "$here/../Cargo.toml"
exec python3 "$here/compare.py" "$@"
