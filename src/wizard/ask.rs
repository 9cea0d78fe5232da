//! Questions on a terminal. Off a terminal nothing is ever asked: the flag that answers is named instead.

use std::io::IsTerminal as _;

use dialoguer::{Confirm, Input, Password, Select};

use crate::setup::InputError;
use crate::setup::secret::Secret;

/// Why a walk ends before its end.
#[derive(Debug)]
pub enum End {
    /// The user pressed Ctrl-C.
    Interrupted,
    /// It can not go on.
    Failed(InputError),
    /// It was let go, and can be gone on with.
    LetGo,
}

impl From<InputError> for End {
    fn from(error: InputError) -> End {
        End::Failed(error)
    }
}

/// Somebody who can be asked, or nobody.
#[derive(Debug, Clone, Copy)]
pub struct Asker {
    /// Whether both ends are a terminal.
    pub terminal: bool,
}

impl Asker {
    /// Whoever sits at the terminal; nobody, where there is none.
    pub fn of_streams() -> Asker {
        Asker { terminal: std::io::stdin().is_terminal() && std::io::stderr().is_terminal() }
    }

    /// A line of text; empty takes the default.
    ///
    /// # Errors
    /// Nobody to ask, or Ctrl-C.
    pub async fn text(self, flag: &str, question: &str, default: Option<String>) -> Result<String, End> {
        self.possible(flag)?;
        let question = question.to_owned();
        let typed = apart(move || {
            let input = Input::<String>::new().with_prompt(question);
            match default {
                Some(default) => input.default(default).interact_text(),
                None => input.interact_text(),
            }
        });
        Ok(typed.await?.trim().to_owned())
    }

    /// One of several; the place of the chosen one.
    ///
    /// # Errors
    /// Nobody to ask, or Ctrl-C.
    pub async fn choose(self, flag: &str, question: &str, items: Vec<String>) -> Result<usize, End> {
        self.possible(flag)?;
        let question = question.to_owned();
        apart(move || Select::new().with_prompt(question).items(&items).default(0).interact()).await
    }

    /// Yes or no.
    ///
    /// # Errors
    /// Nobody to ask, or Ctrl-C.
    pub async fn yes(self, flag: &str, question: &str, default: bool) -> Result<bool, End> {
        self.possible(flag)?;
        let question = question.to_owned();
        apart(move || Confirm::new().with_prompt(question).default(default).interact()).await
    }

    /// Something that is not shown while it is typed.
    ///
    /// # Errors
    /// Nobody to ask, or Ctrl-C.
    pub async fn unseen(self, flag: &str, question: &str) -> Result<Secret, End> {
        self.possible(flag)?;
        let question = format!("{question} (not shown)");
        apart(move || Password::new().with_prompt(question).interact()).await.map(Secret::new)
    }

    fn possible(self, flag: &str) -> Result<(), End> {
        if self.terminal {
            return Ok(());
        }
        Err(End::Failed(InputError::new(flag, "is missing, and there is no terminal to ask on")))
    }
}

/// On a thread of its own, so that an end which the system asks for is heard meanwhile.
async fn apart<T: Send + 'static>(
    prompt: impl FnOnce() -> Result<T, dialoguer::Error> + Send + 'static,
) -> Result<T, End> {
    let answered = tokio::task::spawn_blocking(prompt).await;
    match answered {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(dialoguer::Error::IO(e))) if e.kind() == std::io::ErrorKind::Interrupted => Err(End::Interrupted),
        Ok(Err(e)) => Err(End::Failed(InputError::new("the prompt", format!("could not be read: {e}")).late())),
        Err(e) => Err(End::Failed(InputError::new("the prompt", format!("ended: {e}")).late())),
    }
}
