//! Prints the fixed texts that `explain --log` looks for, one a line, for `grep -i -F -f`. Used by `scripts/bench-log.sh`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    let texts = o365doctor::kb::fixed_texts().join("\n") + "\n";
    std::io::stdout().write_all(texts.as_bytes())
}
