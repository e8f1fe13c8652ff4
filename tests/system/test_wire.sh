#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The wire spec's second implementation (tests/wire/) against the real migration code. usage: test_wire.sh [WIRETOOL]
# one processor
# limit: 120
set -u
cd "$(dirname "$0")/../.."
tool=${1:-build/wiretool}
[ -n "${1:-}" ] || make -s wiretool || exit 1
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
tests/wire/test_wire.py "$tool" "$work"
