//! The one program: reads its command line, carries out the command, tells how it ended.
//!
//! A module uses only modules that stand before it in this list; `tests/tests/tidy.rs` checks it.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

mod hardening;
mod notify;
mod cli;
mod failure;
mod settings;
mod readiness;
mod log;
mod interrupt;
mod output;
mod context;
mod terminal;
mod password;
mod strongbox;
mod words;
mod device;
mod session;
mod checkup;
mod screens;
mod demo;
mod commands;
mod start;

/// What is freed is wiped, also by libraries that read a request or a key press into memory of their
/// own (ADR 0440).
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    start::run(std::env::args_os())
}
