#!/bin/sh
# Renders the recorded visits of fixtures/visits anew into tests/golden. Look at the difference before you commit it.
set -eu
cd "$(dirname "$0")/.."
UPDATE_GOLDEN=1 cargo test --quiet --test golden
git --no-pager diff --stat -- tests/golden
