//! Owns the program's beginning and end: command line → settings → command → exit code.
//!
//! Refuses to let a fault of its own tell what a wallet holds: a panic says where, never what.

use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::{Cli, Command, GlobalOptions};
use crate::commands;
use crate::context::Context;
use crate::failure::{Exit, Failure, Kind};
use crate::hardening;
use crate::interrupt::Interrupt;
use crate::log;
use crate::output::Output;
use crate::settings::{Run, Style};

/// Runs the program.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    hardening::apply();
    let arguments: Vec<_> = arguments.collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error, &arguments),
    };
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map_or_else(String::new, |place| format!(" at {place}"));
        Output::new(Style::default()).warn(&format!("billfold has a fault{place}"));
    }));
    let mut style = Style::of(&cli.global);
    let ended = panic::catch_unwind(AssertUnwindSafe(|| carry_out(cli, &mut style)));
    match ended.unwrap_or_else(|_panicked| Err(Failure::bug())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => told(&failure, style),
    }
}

fn carry_out(cli: Cli, style: &mut Style) -> Result<(), Failure> {
    let run = Run::resolve(&cli.global)?;
    *style = run.style;
    if !matches!(cli.command, Some(Command::Daemon(_))) {
        log_to_standard_error(run.style);
    }
    enough_files()?;
    let no_runtime = |error: std::io::Error| {
        Failure::new(Kind::Io, format!("the system gives no threads or timers: {error}"))
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_runtime)?;
    let result = runtime.block_on(async {
        let output = Output::new(run.style);
        let interrupt = Interrupt::catch().map_err(no_runtime)?;
        commands::run(cli.command, &mut Context { run, output, interrupt }).await
    });
    // A question that a signal cut short still waits for its line; nobody waits for it.
    runtime.shutdown_timeout(Duration::ZERO);
    result
}

/// With fewer files than this the runtime can't be built, or a wallet is opened and no peer heard.
#[cfg(unix)]
fn enough_files() -> Result<(), Failure> {
    use rustix::process::{Resource, getrlimit};
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < LEAST_FILES => {
            let message = format!(
                "billfold may have {limit} files open at a time and needs {LEAST_FILES}: raise the \
                 limit (ulimit -n)"
            );
            Err(Failure::new(Kind::Io, message))
        }
        _ => Ok(()),
    }
}

/// Elsewhere nothing limits them.
#[cfg(not(unix))]
const fn enough_files() -> Result<(), Failure> {
    Ok(())
}

/// Files and sockets of a wallet and its peers.
#[cfg(unix)]
const LEAST_FILES: u64 = 64;

/// Help and version go to standard output; a mistake is told in the form that was asked for, as
/// far as that can be known.
fn not_understood(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let is_answer = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let json = arguments.iter().any(|argument| argument == "--json") || json_by_environment();
    if is_answer || !json {
        // A closed pipe is the only way this fails, and nobody is left to be told.
        let _ = error.print();
        return if is_answer { ExitCode::SUCCESS } else { exit(Exit::Usage) };
    }
    let text = error.render().to_string();
    let lines = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
    let message = lines.collect::<Vec<_>>().join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let style = Style { json, ..Style::of(&GlobalOptions::default()) };
    told(&Failure::new(Kind::Usage, message), style)
}

/// The same reading of the environment as clap's, which has given up by then.
fn json_by_environment() -> bool {
    let off = ["", "0", "f", "false", "n", "no", "off"];
    std::env::var("BILLFOLD_JSON").is_ok_and(|value| !off.contains(&value.to_lowercase().as_str()))
}

fn told(failure: &Failure, style: Style) -> ExitCode {
    Output::new(style).failure(failure);
    ExitCode::from(failure.exit())
}

fn exit(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

/// Logs go to standard error, those of the daemon to a file too. Without `-v` there are none: results
/// and errors are told elsewhere.
fn log_to_standard_error(style: Style) {
    let Some(level) = log::level(style.verbose) else { return };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
}
