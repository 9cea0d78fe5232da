//! # o365doctor
//!
//! Takes a person from "nothing is registered" to "the mail arrived" on Microsoft 365, and says, when mail does not
//! flow, the one cause, with evidence, who must act, and the command that repairs it.
//!
//! ## One run
//!
//! ```text
//! file, environment, flags -> setup -> Setup -> plan::make -> Plan
//! Plan + Setup -> observe::run (steps that do not need each other at once) -> Visit   [--record, --replay, --share]
//! Visit -> checks::findings (pure, in order, skips what hangs on a failed check) -> Findings
//! Findings + Visit -> report::Report -> render -> stdout;  progress -> stderr;  exit code
//! ```
//!
//! Gather first, judge later, print last. A probe that meets "connection refused" has seen a fact. Every sub-command is
//! a slice of this one run: it chooses steps and checks, nothing else. Judging takes its time from the facts, never
//! from the clock.
//!
//! ## Where things are
//!
//! | module | what it is |
//! | --- | --- |
//! | [`cli`] | one file per sub-command: arguments to library to renderer |
//! | [`setup`] | file, environment, flags and prompts to one valid `Setup`; secrets and their mask |
//! | [`cloud`], [`road`] | the rows of clouds; the roads and what each asks of a token |
//! | [`reader`] | the ways to find the probe again, and what each asks of a token |
//! | [`sign_in`] | a person's sign-in: where it is kept, and how a token is had from it |
//! | [`directory`] | an application registered, consented to and taken back, by an administrator who signs in |
//! | [`plan`], [`observe`] | what a run will do; the run, the only caller of probes |
//! | [`facts`] | plain data: what was asked and seen (a `Visit`) |
//! | [`probes`] | one conversation with the outside per file; facts, never opinions |
//! | [`check`], [`checks`] | the engine; pure judgement, one file per topic |
//! | [`access`], [`claims`] | which roads a token opens; what its claims mean |
//! | [`connector`] | what an inbound connector knows a host by |
//! | [`identity`] | who logs in and who stands in From: what each road wants of a token |
//! | [`conclusion`] | the roads of a run side by side, and what their differences mean |
//! | [`kb`] | the pages: one per cause, and the way from a server's words to a page |
//! | [`explain`] | any pasted text to pages, offline |
//! | [`logs`] | a log of any size to a table of causes, offline |
//! | [`bulk`] | a list of domains to one line of results for each, as it finishes |
//! | [`scripts`] | PowerShell and what fills values into it, safely |
//! | `xml` | XML as SOAP uses it: a small tree, read within bounds |
//! | [`spf`] | RFC 7208 with a trace; depends on nothing else here |
//! | [`dmarc`] | RFC 9989: records, the tree walk, the policy in force; depends on nothing else here |
//! | [`report`], [`render`], [`repeat`], [`share`] | the report; one file per format; commands that repeat the run; names masked for a ticket |
//! | [`wizard`] | `onboard`: the walk from nothing to a delivered mail; questions, steps, state, hand-over |
//! | [`sandbox`] | a tenant on the loopback; nothing here knows who talks to it |
//!
//! ## Words
//!
//! *Road*: one way to send or read. *Setup*: what the user told us, parsed and valid. *Profile*: a named Setup in a
//! file. *Cloud*: addresses and trust, no behaviour. *Plan*: the steps of a run. *Probe*: one conversation, which
//! returns facts. *Visit*: set-up and facts of one run. *Check*: a claim that is true when all is well. *Verdict*:
//! Pass, Warn, Fail or Unproven, each but the first with a cause. *Cause*: one page of the knowledge base. *Finding*: a
//! check and its outcome. *Scenario*: a healthy sandbox tenant with one fault, and the findings that must follow.

pub mod access;
pub mod bulk;
pub mod check;
pub mod checks;
pub mod claims;
pub mod cli;
pub mod cloud;
pub mod conclusion;
pub mod connector;
pub mod directory;
pub mod dmarc;
pub mod explain;
pub mod facts;
pub mod identity;
pub mod kb;
pub mod logs;
pub mod message;
pub mod observe;
pub mod plan;
pub mod probes;
pub mod reader;
pub mod render;
pub mod repeat;
pub mod report;
pub mod road;
pub mod sandbox;
pub mod scripts;
pub mod setup;
pub mod share;
pub mod sign_in;
pub mod spf;
pub mod wizard;
mod xml;
