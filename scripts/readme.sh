#!/bin/sh
# Writes the outputs in README.md anew, as a terminal of 80 columns shows them.
set -eu
cd "$(dirname "$0")/.."
UPDATE_DOCS=1 cargo test --quiet --test docs readme_shows_what_the_program_writes
