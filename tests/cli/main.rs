//! The contract of the binary: what it reads, refuses, prints, and ends with. Each test runs the real program.

mod certificate;
mod consent;
mod credential;
mod domain;
mod domains;
mod exchange;
mod explain;
#[cfg(target_os = "linux")]
mod explain_bounds;
mod explain_log;
mod explain_more;
mod federated;
mod input;
mod layers;
mod mailbox;
mod output;
mod port25;
mod powershell;
mod record;
mod relay;
mod sandbox;
mod scripts;
mod sign_in;
mod support;
mod token;
