//! Commands and people that give a secret or take one, within bounds.

use std::io::{BufRead as _, IsTerminal as _, Read, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::secret::Secret;
use super::{InputError, platform};

/// A secret or a token is some kilobytes at most; a token of an account with many groups has about 20.
const LONGEST: u64 = 256 * 1024;
/// A password store may ask a person for a passphrase.
const COMMAND_TIME: Duration = Duration::from_mins(2);

/// What a command line prints, which may be given something on its standard input. The error says what became of the
/// command and nothing of what it was or printed: both may be secret.
pub(crate) fn output(line: &str, input: Option<&Secret>) -> Result<String, String> {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::inherit() };
    let spawned = platform::shell(line).stdin(stdin).stdout(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|e| format!("can not be started: {e}"))?;
    let output = child.stdout.take().expect("stdout is piped");
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(bounded(output)));
    if let (Some(input), Some(mut stdin)) = (input.cloned(), child.stdin.take()) {
        // It may end without reading, which its status then tells.
        std::thread::spawn(move || stdin.write_all(input.expose().as_bytes()));
    }
    let Ok(text) = receiver.recv_timeout(COMMAND_TIME) else {
        // The reader's thread ends when the killed child's pipe closes.
        let _ = child.kill();
        return Err(late());
    };
    ended(&mut child)?;
    text
}

/// It may have closed its output and go on.
fn ended(child: &mut Child) -> Result<(), String> {
    let deadline = Instant::now() + COMMAND_TIME;
    loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("ended with {status}")),
            None if Instant::now() > deadline => {
                let _ = child.kill();
                return Err(late());
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn late() -> String {
    format!("did not end within {} seconds", COMMAND_TIME.as_secs())
}

/// Reads text to its end, within the bound of a secret.
pub(crate) fn bounded(source: impl Read) -> Result<String, String> {
    let mut text = String::new();
    source.take(LONGEST + 1).read_to_string(&mut text).map_err(|e| format!("can not be read: {e}"))?;
    if text.len() as u64 > LONGEST {
        return Err("gives more than 256 KiB".to_owned());
    }
    Ok(text)
}

/// What a person types on the terminal, unseen. None where there is no terminal.
pub(crate) fn unseen(question: &str) -> Result<Option<Secret>, InputError> {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Ok(None);
    }
    let typed = dialoguer::Password::new().with_prompt(format!("{question} (not shown)")).interact();
    let typed = typed.map_err(|e| InputError::new("the prompt", format!("could not be read: {e}")))?;
    Ok(Some(Secret::new(typed)))
}

/// One line of standard input.
pub(crate) fn line() -> Result<String, String> {
    let mut line = String::new();
    std::io::stdin().lock().take(LONGEST).read_line(&mut line).map_err(|e| e.to_string())?;
    Ok(line)
}
