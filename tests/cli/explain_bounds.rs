//! What `explain --log` holds in memory, whatever comes: seen from outside, while it waits for more.

use std::io::{self, Read as _, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

/// More than the program and its tables need (some 40 MiB in a debug build), less than half of what is fed to it.
const MOST: u64 = 64 * 1024;
const LINE: u64 = 200 * 1024 * 1024;

/// A line of 200 MiB that holds zeros and what is no UTF-8, between two that say something.
fn log(into: &mut impl Write) {
    into.write_all(b"AADSTS7000215: before ").unwrap();
    let noise = b"x\0\xff\xfe\xc0 535 5.7.3".repeat(4096);
    io::copy(&mut io::repeat(b'y').take(LINE), into).unwrap();
    into.write_all(&noise).unwrap();
    into.write_all(b"\nAADSTS700016: after\n").unwrap();
}

/// The most memory that a process has held, in KiB (proc_pid_status(5)).
fn most_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Feeds `input`, looks at the memory while the program waits for more, and reads the causes.
fn fed(input: impl FnOnce(&mut std::process::ChildStdin)) -> (u64, Vec<String>) {
    let mut running = Command::new(env!("CARGO_BIN_EXE_o365doctor"))
        .args(["explain", "--log", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = running.stdin.take().unwrap();
    input(&mut stdin);
    // All but what the pipe itself holds has been read by now, and the program is still there.
    let memory = most_memory(running.id());
    drop(stdin);
    let output = running.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let id = |cause: &Value| cause["id"].as_str().unwrap().to_owned();
    (memory, answer["causes"].as_array().unwrap().iter().map(id).collect())
}

#[test]
fn a_line_of_any_length_is_read_in_little_memory() {
    let (memory, causes) = fed(log);
    assert_eq!(causes, ["aadsts700016", "aadsts7000215"]);
    assert!(memory < MOST, "{memory} KiB for a line of {LINE} octets");
}

#[test]
fn an_archive_that_unpacks_to_such_a_line_is_read_in_little_memory() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    log(&mut packer);
    let archive = packer.finish().unwrap();
    assert!((archive.len() as u64) < LINE / 50, "it is small: {}", archive.len());
    let (memory, causes) = fed(|stdin| stdin.write_all(&archive).unwrap());
    assert_eq!(causes, ["aadsts700016", "aadsts7000215"]);
    assert!(memory < MOST, "{memory} KiB for an archive of {} octets", archive.len());
}
