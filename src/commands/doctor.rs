//! Owns `doctor`: what may be wrong with this machine, its files and its connections, in a report
//! that can be shown to strangers.
//!
//! Refuses to name wallets, addresses, peers and paths, and to change anything.

use std::time::Duration;

use billfold_tui::checkup::{Check, Health, connections, imported_keys};
use billfold_wallet_core::command::{Command, Reply, StoreProblem};
use billfold_wallet_core::light_client::status::Status;
use billfold_wallet_core::service::{Access, OpenError, Reach, Strongbox};
use billfold_wallet_core::store::wallet::DAMAGE_ADVICE;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use tokio::time::Instant;

use super::describe;
use crate::checkup::{self, Look};
use crate::cli::keeping::DoctorArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report};
use crate::password;
use crate::session::{Session, attached, unexpected};

/// Looks at everything; what is wrong is in the report and no failure.
///
/// # Errors
/// With `--online`: why the wallet did not open, or `interrupted`.
pub(super) async fn run(options: &DoctorArgs, context: &mut Context) -> Result<(), Failure> {
    let mut checks = checkup::checks(&context.run.settings, Look::Alone);
    if options.online {
        checks.extend(online(context).await?);
    }
    context.output.result(&DoctorReport { checks })
}

/// The wallet's file, read through; imported keys, and peers and clock as an open wallet finds them.
async fn online(context: &mut Context) -> Result<Vec<Check>, Failure> {
    if attached::daemon(context).await?.is_some() {
        let told = "not read: a daemon has the directory; stop it to have them read";
        let mut checks = vec![Check::odd("contents", told)];
        let seen = async |session: &mut Session, context: &mut Context| {
            looked(session, context, &mut checks).await
        };
        let status = Session::with(context, Access::View, Reach::Online, seen).await;
        return with_connections(checks, status);
    }
    context.output.say("Reading the wallet's file through, which takes a while if it is large.");
    let (whole, password) = password::tried(context, |settings, password| {
        let whole =
            Strongbox::open(settings, password).and_then(|strongbox| Ok(strongbox.look_through()?));
        match whole {
            Ok(()) => Ok((true, password.clone())),
            Err(OpenError::Store(StoreProblem::Damaged { .. })) => Ok((false, password.clone())),
            Err(error) => Err(error),
        }
    })
    .await?;
    if !whole {
        let damaged = format!("this wallet's file is damaged: {DAMAGE_ADVICE}");
        let unseen = "not looked at: with a damaged file none is connected to";
        return Ok(vec![Check::bad("contents", damaged), Check::odd("peers", unseen)]);
    }
    let mut checks = vec![Check::good("contents", "every page of this wallet's file is whole")];
    let seen = async |session: &mut Session, context: &mut Context| {
        looked(session, context, &mut checks).await
    };
    let status = Session::with_new(context, &password, seen).await;
    with_connections(checks, status)
}

/// Looks at an open wallet's keys, and waits for a peer.
async fn looked(
    session: &mut Session,
    context: &mut Context,
    checks: &mut Vec<Check>,
) -> Result<Box<Status>, Failure> {
    checks.extend(imported_keys(&describe::of(session, context).await?));
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
}

fn with_connections(
    mut checks: Vec<Check>,
    status: Result<Box<Status>, Failure>,
) -> Result<Vec<Check>, Failure> {
    match status {
        Ok(status) => checks.extend(connections(&status)),
        Err(failure) if failure.kind().exit() == crate::failure::Exit::Peers => {
            checks.push(Check::bad("peers", failure.kind().name()));
        }
        Err(failure) => return Err(failure),
    }
    Ok(checks)
}

/// One thing that was looked at, for programs.
#[derive(Debug, Serialize)]
struct CheckForm<'a> {
    check: &'static str,
    state: &'static str,
    told: &'a str,
}

/// All of them.
struct DoctorReport {
    checks: Vec<Check>,
}

impl DoctorReport {
    fn is_good(&self) -> bool {
        self.checks.iter().all(|check| check.health != Health::Bad)
    }
}

impl Serialize for DoctorReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let forms = self.checks.iter().map(|check| CheckForm {
            check: check.name,
            state: check.health.name(),
            told: &check.told,
        });
        let mut report = serializer.serialize_struct("DoctorReport", 2)?;
        report.serialize_field("good", &self.is_good())?;
        report.serialize_field("checks", &forms.collect::<Vec<_>>())?;
        report.end()
    }
}

impl Report for DoctorReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let line =
            |check: &Check| format!("{} {:<12} {}", check.health.sign(), check.name, check.told);
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
        let report = DoctorReport {
            checks: vec![
                Check::good("program", "fine"),
                Check::odd("disk", "little room"),
                Check::bad("files", "damaged"),
            ],
        };
        assert!(!report.is_good());
        let text = report.for_people(Canvas { drawings: false, colour: false });
        assert!(text.starts_with("  program      fine\n? disk         little room\n! files"));
    }
}
