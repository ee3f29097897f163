//! Owns `doctor`: what may be wrong with this machine, its files and its connections, in a report
//! that can be shown to strangers.
//!
//! Refuses to name wallets, addresses, peers and paths, and to change anything.

use std::iter;
use std::time::Duration;

use billfold_wallet_core::command::{Command, Reply};
use billfold_wallet_core::light_client::status::Status;
use billfold_wallet_core::service::{Access, Reach};
use serde::Serialize;
use tokio::time::Instant;

use crate::cli::keeping::DoctorArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report, figures};
use crate::session::{Session, unexpected};

mod files;
mod machine;

/// Looks at everything; what is wrong is in the report and no failure.
///
/// # Errors
/// With `--online`: why the wallet did not open, or `interrupted`.
pub(super) async fn run(options: &DoctorArgs, context: &mut Context) -> Result<(), Failure> {
    let mut checks = machine::checks(&context.run);
    checks.extend(files::checks(&context.run.settings));
    if options.online {
        checks.extend(online(context).await?);
    }
    context.output.result(&DoctorReport::new(checks))
}

/// Peers and clock, as an open wallet finds them.
async fn online(context: &mut Context) -> Result<Vec<Check>, Failure> {
    let status = Session::with(context, Access::View, Reach::Online, async |session, context| {
        let until = Instant::now() + WAIT;
        loop {
            let reply = session.ask(Command::Status, context).await?;
            let Reply::Status(status) = reply else { return Err(unexpected(&reply)) };
            let enough = status.peers.iter().any(|peer| peer.ready && peer.latency.is_some());
            let next = tokio::time::timeout_at(until, session.next_event());
            if enough || context.interrupt.or(next).await?.is_err() {
                return Ok(status);
            }
        }
    })
    .await;
    match status {
        Ok(status) => Ok(iter::once(peers(&status)).chain(clock(&status)).collect()),
        Err(failure) if failure.kind().exit() == crate::failure::Exit::Peers => {
            Ok(vec![Check::bad("peers", failure.kind().name())])
        }
        Err(failure) => Err(failure),
    }
}

fn peers(status: &Status) -> Check {
    let ready = status.peers.iter().filter(|peer| peer.ready).count();
    let banned = status.banned.len();
    let told = format!(
        "{} ready, {banned} banned, {} received",
        figures::count(ready as u64, "peer"),
        figures::bytes(status.bytes_received)
    );
    match ready {
        0 => Check::bad("peers", format!("none is ready within {} s", WAIT.as_secs())),
        1 => Check::odd("peers", format!("{told}: what one peer leaves out, nobody tells")),
        _ => Check::good("peers", told),
    }
}

/// `None` without a peer whose clock could be compared.
fn clock(status: &Status) -> Option<Check> {
    status.peers.iter().any(|peer| peer.ready).then(|| match status.clock {
        None => Check::good("peers' clock", "it agrees with this machine's"),
        Some(offset) => Check::bad("peers' clock", format!("it is {offset} of this machine's")),
    })
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    #[serde(rename = "check")]
    name: &'static str,
    state: State,
    told: String,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Good,
    /// It works, and could be better.
    Odd,
    /// Something does not work.
    Bad,
}

impl Check {
    fn good(name: &'static str, told: impl Into<String>) -> Self {
        Self { name, state: State::Good, told: told.into() }
    }

    fn odd(name: &'static str, told: impl Into<String>) -> Self {
        Self { name, state: State::Odd, told: told.into() }
    }

    fn bad(name: &'static str, told: impl Into<String>) -> Self {
        Self { name, state: State::Bad, told: told.into() }
    }
}

/// All of them.
#[derive(Debug, Serialize)]
struct DoctorReport {
    good: bool,
    checks: Vec<Check>,
}

impl DoctorReport {
    fn new(checks: Vec<Check>) -> Self {
        Self { good: checks.iter().all(|check| check.state != State::Bad), checks }
    }
}

impl Report for DoctorReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let line = |check: &Check| {
            let mark = match check.state {
                State::Good => "  ",
                State::Odd => "? ",
                State::Bad => "! ",
            };
            format!("{mark}{:<12} {}", check.name, check.told)
        };
        let lines: Vec<String> = self.checks.iter().map(line).collect();
        format!("{}\nThis report names no wallet, address, peer or path.", lines.join("\n"))
    }
}

/// How long a peer is waited for.
const WAIT: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_work_stands_out_without_colour() {
        let report = DoctorReport::new(vec![
            Check::good("program", "fine"),
            Check::odd("disk", "little room"),
            Check::bad("files", "damaged"),
        ]);
        assert!(!report.good);
        let text = report.for_people(Canvas { drawings: false, colour: false });
        assert!(text.starts_with("  program      fine\n? disk         little room\n! files"));
    }
}
