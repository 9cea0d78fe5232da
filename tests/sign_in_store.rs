//! Where sign-ins are kept: renewed by many at once and killed at any moment, nothing is lost; open to others, it is refused.
//!
//! The service of these tests numbers its refresh tokens: whoever brings number N gets N + 1, and a line in a file says that
//! it was given out.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use jiff::Timestamp;
use o365doctor::probes::Granted;
use o365doctor::road::Resource;
use o365doctor::setup::secret::Secret;
use o365doctor::sign_in::{Entry, Held, Key, Store, renewed};

/// Where the child finds the store.
const FOLDER: &str = "O365DOCTOR_TEST_FOLDER";
/// How often the child renews.
const TIMES: &str = "O365DOCTOR_TEST_TIMES";
/// What the child's store is: a folder, or a command around one.
const STORE: &str = "O365DOCTOR_TEST_STORE";

fn key() -> Key {
    Key::new(&"https://login.example".parse().unwrap(), "contoso.test", "id", None)
}

fn entry(number: u64) -> Entry {
    Entry {
        account: Some("alice@contoso.test".to_owned()),
        directory: None,
        refresh: Secret::new(number.to_string()),
        scopes: Vec::new(),
        renewed_at: Timestamp::now(),
        access: Vec::new(),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

fn begin(store: &Store) {
    runtime().block_on(async { Held::of(store, &key()).await.unwrap().write(&entry(0)).unwrap() });
}

fn number(store: &Store) -> u64 {
    store.read(&key()).unwrap().expect("a sign-in").refresh.expose().parse().unwrap()
}

/// What was given out, last of all.
fn given(folder: &Path) -> u64 {
    let text = fs::read_to_string(folder.join("given")).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).max().unwrap_or(0)
}

async fn renew(store: &Store, given: &Path) {
    let ask = async |entry: &Entry| {
        let next = entry.refresh.expose().parse::<u64>().unwrap() + 1;
        let mut file = fs::OpenOptions::new().append(true).create(true).open(given).unwrap();
        // In one write, or a blow between number and line end makes one number of two.
        file.write_all(format!("{next}\n").as_bytes()).unwrap();
        Granted {
            token: Some(Secret::new("t".repeat(2000))),
            life: Some(3600),
            refresh: Some(Secret::new(next.to_string())),
            ..Granted::default()
        }
    };
    renewed(store, &key(), Resource::Outlook, None, ask).await.unwrap();
}

/// The other program. It does nothing unless a test below started it.
#[test]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = Store::parse(&std::env::var(STORE).unwrap()).unwrap();
    let times: usize = std::env::var(TIMES).unwrap().parse().unwrap();
    runtime().block_on(async {
        for _ in 0..times {
            renew(&store, &Path::new(&folder).join("given")).await;
        }
    });
}

fn start(folder: &Path, store: &str, times: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(STORE, store)
        .env(TIMES, times.to_string())
        .env("XDG_STATE_HOME", folder.join("state"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn those_who_renew_at_once_come_one_after_the_other() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path().join("kept");
    let store = Store::Folder(place.clone());
    begin(&store);
    let children: Vec<Child> = (0..4).map(|_| start(home.path(), place.to_str().unwrap(), 25)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(number(&store), 100, "each use built on the one before");
    assert_eq!(given(home.path()), 100);
}

#[test]
fn a_kill_at_any_moment_leaves_the_last_sign_in_or_the_one_before() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path().join("kept");
    let store = Store::Folder(place.clone());
    begin(&store);
    for round in 0..40 {
        let before = given(home.path());
        let mut child = start(home.path(), place.to_str().unwrap(), 100_000);
        // Some rounds let it come further than others before the blow falls.
        while given(home.path()) < before + 1 + round % 7 {
            assert!(child.try_wait().unwrap().is_none(), "the child ended by itself");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let (kept, last) = (number(&store), given(home.path()));
        // The one before is as good: the login service does not revoke it.
        assert!(kept == last || kept + 1 == last, "kept {kept}, given out {last}");
    }
    // And nobody is locked out by what the dead left behind.
    let last = number(&store);
    runtime().block_on(renew(&store, &home.path().join("given")));
    assert_eq!(number(&store), last + 1);
    let left: Vec<PathBuf> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left.len(), 2, "the sign-in and its lock: {left:?}");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// A command that keeps sign-ins as files, as one around a password store would.
    fn command(home: &Path, broken: bool) -> String {
        let script = home.join("keeper.sh");
        let set = if broken { "exit 3" } else { "cat > \"$dir/$2\"" };
        let text = format!(
            "#!/bin/sh\ndir='{}'\ncase $1 in\nget) cat \"$dir/$2\" 2>/dev/null || true;;\nset) {set};;\nerase) rm \
             \"$dir/$2\";;\nesac\n",
            home.display()
        );
        fs::write(&script, text).unwrap();
        mode(&script, 0o700);
        format!("command:{}", script.display())
    }

    #[test]
    fn a_file_is_its_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("deep/kept");
        let store = Store::Folder(place.clone());
        begin(&store);
        let file = PathBuf::from(store.place(&key()));
        for (path, wanted) in [(&file, 0o600), (&place, 0o700)] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, wanted, "{}", path.display());
        }
    }

    #[test]
    fn what_is_open_to_others_is_refused_with_the_reason() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("kept");
        let store = Store::Folder(place.clone());
        begin(&store);
        let file = PathBuf::from(store.place(&key()));
        for (path, loose, tight) in [(&file, 0o640, 0o600), (&file, 0o604, 0o600), (&place, 0o750, 0o700)] {
            mode(path, loose);
            let error = store.read(&key()).err().expect("it is open");
            let words = error.to_string();
            assert!(words.contains(&format!("mode {loose:03o}")) && words.contains("chmod go-rwx"), "{words}");
            assert_eq!(error.cause.id, "sign-in-store-open");
            mode(path, tight);
            assert!(store.read(&key()).is_ok());
        }
        fs::rename(&file, home.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(home.path().join("elsewhere"), &file).unwrap();
        assert_eq!(store.read(&key()).err().expect("it is a link").cause.id, "sign-in-store-open");
    }

    #[test]
    fn a_store_that_can_not_keep_is_noticed_before_the_old_sign_in_is_used() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("kept");
        let store = Store::Folder(place.clone());
        begin(&store);
        // Root may write everywhere; a folder in the place of the new file is in everybody's way.
        let beside = place.join(format!(".{}.new", key().name()));
        fs::create_dir(&beside).unwrap();
        let never = async |_: &Entry| -> Granted { panic!("the service was asked") };
        let error = runtime().block_on(renewed(&store, &key(), Resource::Outlook, None, never)).err().expect("no room");
        assert!(error.to_string().contains("could not be replaced"), "{error}");
    }

    #[test]
    fn a_command_keeps_sign_ins_too() {
        let home = tempfile::tempdir().unwrap();
        let word = command(home.path(), false);
        let mut first = start(home.path(), &word, 0);
        first.wait().unwrap();
        fs::write(home.path().join(key().name()), "").unwrap();
        let store = Store::parse(&word).unwrap();
        assert!(store.read(&key()).unwrap().is_none());
        let text = r#"{"format":1,"refresh_token":"0"}"#;
        fs::write(home.path().join(key().name()), text).unwrap();
        let mut children: Vec<Child> = (0..3).map(|_| start(home.path(), &word, 5)).collect();
        for child in &mut children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(number(&store), 15);
    }

    #[test]
    fn what_a_command_does_not_take_waits_for_the_next_use() {
        let home = tempfile::tempdir().unwrap();
        let word = command(home.path(), true);
        fs::write(home.path().join(key().name()), r#"{"format":1,"refresh_token":"7"}"#).unwrap();
        assert!(!start(home.path(), &word, 1).wait().unwrap().success(), "it says that the command did not keep it");
        assert_eq!(given(home.path()), 8);
        command(home.path(), false);
        assert!(start(home.path(), &word, 1).wait().unwrap().success());
        assert_eq!(number(&Store::parse(&word).unwrap()), 9, "the one that waited was used, not the old one");
    }
}
