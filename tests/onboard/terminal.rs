//! A terminal of 80 columns, and the program in it, driven as a person would.

use std::path::{Path, PathBuf};
use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

/// The longest that a step of a walk may take on a busy computer, in milliseconds.
const PATIENCE: u64 = 60_000;

/// A home without a past.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The configuration file that the walk appends to.
    pub(crate) fn config(&self) -> PathBuf {
        self.path("config/o365doctor/config.toml")
    }

    /// Where a walk is kept.
    pub(crate) fn state(&self) -> PathBuf {
        self.path("config/o365doctor/config.toml.onboard")
    }

    pub(crate) fn prepare(&self, command: &mut Command) {
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.0.path()).env("XDG_CONFIG_HOME", self.path("config"));
        command.env("XDG_DATA_HOME", self.path("data")).env("XDG_STATE_HOME", self.path("state"));
        command.env("LANG", "C").env("TERM", "xterm").env("NO_COLOR", "1");
        command.current_dir(self.0.path());
    }
}

/// The program in a terminal.
pub(crate) struct Terminal {
    session: PtySession,
    seen: String,
    process: String,
}

/// What was left when it had ended.
pub(crate) struct Ended {
    pub(crate) code: String,
    pub(crate) seen: String,
    /// The settings of the terminal, as `stty -a` shows them.
    pub(crate) settings: String,
}

impl Terminal {
    pub(crate) fn start(home: &Home, words: &[&str]) -> Terminal {
        let mut command = Command::new("sh");
        // The inner shell becomes the program, so its number is the program's.
        let script = "trap : INT; stty sane cols 80 rows 50; sh -c 'echo \"[process $$]\"; exec \"$@\"' sh \"$@\"; echo \"[ended $?]\"; stty -a; echo '[closed]'";
        command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_o365doctor"), "onboard"]).args(words);
        home.prepare(&mut command);
        let session = spawn_command(command, Some(PATIENCE)).unwrap();
        let mut terminal = Terminal { session, seen: String::new(), process: String::new() };
        terminal.until("[process ");
        terminal.process = terminal.until("]");
        terminal
    }

    /// Reads until a text came; what stood before it.
    pub(crate) fn until(&mut self, text: &str) -> String {
        match self.session.exp_string(text) {
            Ok(before) => {
                self.seen.push_str(&before);
                self.seen.push_str(text);
                before
            }
            Err(e) => panic!("{text:?} did not come: {e}\n{}", self.seen),
        }
    }

    /// Chooses an item of a list by its words.
    pub(crate) fn choose(&mut self, question: &str, item: &str) {
        self.until(&format!("{question}:"));
        let down = self.until(item).matches('\n').count() - 1;
        self.send(&format!("{}\r", "j".repeat(down)));
    }

    /// Answers a question of yes or no.
    pub(crate) fn yes(&mut self, question: &str, yes: bool) {
        self.until(question);
        self.until("] ");
        self.send(if yes { "y" } else { "n" });
    }

    /// Types a line; an empty one takes the default.
    pub(crate) fn answer(&mut self, question: &str, text: &str) {
        self.until(question);
        self.until(": ");
        self.send(&format!("{text}\r"));
    }

    pub(crate) fn send(&mut self, keys: &str) {
        self.session.send(keys).unwrap();
        self.session.flush().unwrap();
    }

    pub(crate) fn interrupt(&mut self) {
        self.session.send_control('c').unwrap();
        self.session.flush().unwrap();
    }

    /// Asks the program to end, as the system does.
    pub(crate) fn terminate(&mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.process]).status().unwrap();
        assert!(asked.success());
    }

    /// Reads to the end.
    pub(crate) fn end(mut self) -> Ended {
        self.until("[ended ");
        let code = self.until("]");
        let settings = self.until("[closed]");
        Ended { code, seen: self.seen, settings }
    }
}

impl Ended {
    /// It ended so, left the terminal whole, and wrote no line that is too long for it.
    pub(crate) fn whole(self, code: &str) -> Ended {
        assert_eq!(self.code, code, "{}", self.seen);
        for setting in ["icanon", "echo", "isig"] {
            assert!(self.settings.split_whitespace().any(|word| word == setting), "no {setting}: {}", self.settings);
        }
        let (hidden, shown) = (self.seen.rfind("\u{1b}[?25l"), self.seen.rfind("\u{1b}[?25h"));
        assert!(hidden.is_none() || hidden < shown, "the cursor stays hidden\n{}", self.seen);
        for line in self.seen.lines() {
            // What a prompt writes over and over stands in one line with the moves of the cursor.
            let plain = without_moves(line);
            let shown = plain.trim_end().rsplit('\r').next().unwrap_or_default().trim_end();
            // A path or an address can not be broken.
            let whole = shown.split(' ').any(|word| word.chars().count() > 40);
            assert!(whole || shown.chars().count() <= 80, "{} columns: {shown}", shown.chars().count());
        }
        self
    }

    pub(crate) fn shows(self, text: &str) -> Ended {
        assert!(self.seen.contains(text), "{text:?} is missing in\n{}", self.seen);
        self
    }
}

/// A line without what moves the cursor or clears (ECMA-48, control sequences).
fn without_moves(line: &str) -> String {
    let mut pieces = line.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |line, piece| {
        let rest = piece.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        line + "\r" + rest.get(1..).unwrap_or_default()
    })
}

pub(crate) fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// Writes a file that only its owner can touch.
pub(crate) fn write(file: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}
