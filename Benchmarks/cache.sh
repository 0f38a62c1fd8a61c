#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs a command and counts its cache references and misses with perf. Says so, and runs nothing, where that is not possible.
#
# usage: cache.sh COMMAND...
set -euo pipefail

if ! command -v perf >/dev/null; then
    echo "bench-cache: perf is not installed (Debian: linux-perf); nothing was measured"
elif ! perf stat -e instructions true 2>&1 | grep -E '[0-9] +instructions' >/dev/null; then
    echo "bench-cache: this machine has no hardware counters (perf stat -e instructions: not supported), as is usual in a" \
        "virtual machine; nothing was measured"
else
    perf stat -e cache-references,cache-misses,L1-dcache-loads,L1-dcache-load-misses "$@"
fi
