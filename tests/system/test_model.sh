#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The hand-off's model holds within small bounds and each mutation of it is caught (tests/model).
# limit: 300
exec "$TERN_ROOT/tests/model/run" --quick
