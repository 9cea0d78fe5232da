//! `completions` and `man`: made from the command line's own description.

use clap::Args;
use clap_complete::Shell;

use super::output::print;
use crate::setup::InputError;

/// Prints the completions for a shell
#[derive(Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

/// Prints the manual page
#[derive(Args)]
pub(super) struct Man {}

pub(super) fn completions(arguments: &Completions) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::command(), "o365doctor", &mut text);
    print(&String::from_utf8_lossy(&text));
    0
}

pub(super) fn man() -> Result<u8, InputError> {
    let mut text = Vec::new();
    clap_mangen::Man::new(super::command())
        .render(&mut text)
        .map_err(|e| InputError::new("the manual", format!("can not be made: {e}")))?;
    print(&String::from_utf8_lossy(&text));
    Ok(0)
}
