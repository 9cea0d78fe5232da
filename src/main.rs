//! Parses, dispatches, and ends with the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    o365doctor::cli::main()
}
