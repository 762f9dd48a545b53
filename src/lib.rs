//! skydeck: an extension marketplace for chat bots that you run yourself, and the terminal console it is run from.
//!
//! # The map, in reading order
//! | Layer | What it is | Knows |
//! |---|---|---|
//! | [`domain`] | what the marketplace means: pure types and decisions | nothing of ours |
//! | [`sandbox`] | runs one extension under caps and says what it did | domain |
//! | [`scan`] | static checks and dry runs of a package, one rule a file | sandbox, domain |
//! | [`store`] | the only SQL, the code blobs, the log | domain |
//! | [`market`] | use cases, one verb a file: decision, rows and audit row in one transaction | store, domain |
//! | [`api`] | the wire: types that server and client share | domain |
//! | [`server`] | HTTP: every route on one page, who asks, what went wrong | market, store, api, domain; the worker: scan, sandbox |
//! | [`client`] | one method a route | api, domain |
//! | [`console`] | event, model, update, effect, view; drives any server that speaks the API | client, sandbox, scan, api, domain |
//! | [`cli`] | one file a command; exit codes in one place | everything |
//!
//! # What is not there
//! No clock, no input or output and no `await` in `domain`, `sandbox`, `scan` and `market`: time, ids and random bytes are
//! arguments. No SQL outside `store`. No scan, run or digest of code inside a transaction. No way to change anything
//! without a [`domain::permit::Permit`] made from facts of the same transaction. No answer before it is on the disk.
//! No text from outside on a screen that did not pass [`domain::text::visible`]. `server` and `console` never meet.
//!
//! # Three walks
//! - *A submission*: `server/router` → `server/submissions` → `market::submit` (stage, review, job, audit row, event) →
//!   `server/worker` takes the job → `scan::examine` → `market::record_checks`.
//! - *A key*: `console::terminal` → `console::keymap` → `console::update` → an effect → `client` → a reply → `update` →
//!   `console::view`.
//! - *`skydeck dry-run x`*: `cli/dry_run` → `domain::package` → `sandbox::dry_run` → the report. No server, no database.

pub mod domain;

pub mod sandbox;

pub mod scan;

pub mod store;

pub mod market;

pub mod api;

pub mod server;

pub mod client;

pub mod console;

pub mod cli;

pub mod config;
