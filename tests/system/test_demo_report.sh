#!/bin/bash
# SPDX-License-Identifier: MIT
# one processor
# limit: 120
# The demo's guest program and its report, on this machine: claims decided on recordings, checksum recomputed.
exec make -s --no-print-directory -C "${TERN_ROOT:-$(dirname "$0")/../..}" demo-check
