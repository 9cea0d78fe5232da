#!/bin/sh
# Writes anew what is generated in the documents: the outputs in README.md, docs/checks.md, docs/causes.md
# and the site under docs/causes.
set -eu
cd "$(dirname "$0")/.."
UPDATE_DOCS=1 cargo test --quiet --test docs --test site
