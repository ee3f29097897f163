//! Owns what is done on somebody's behalf: bound to the key of their call, held against their
//! limits, and written into the audit log, all in the commit of what was done.
//!
//! Refuses to widen what the command itself may do.

use std::str::FromStr as _;

use bitcoin::psbt::Psbt;

use crate::command::{
    AuditEntry, Authority, Command, CommandError, KeyedRequest, Order, Reply, TellerCommand,
};
use crate::engine::Engine;
use crate::engine::around::Around;
use crate::engine::follower::Follower;
use crate::light_client::time::{Now, WallTime};
use crate::store::wallet::{RequestId, Spending};
use crate::wallet::{DraftMoment, Drafted};
use crate::wallet_name::WalletName;

impl Engine {
    /// Carries a command out with what its caller may do.
    pub(super) fn carry_out(
        &mut self,
        now: Now,
        name: &WalletName,
        Order { by, command }: Order,
    ) -> Result<Reply, CommandError> {
        let Some(one) = self.followers.get_mut(name) else {
            return Err(CommandError::NotLoaded(name.clone()));
        };
        let in_passing = is_in_passing(&command);
        one.spent = None;
        let before = one.by.replace(by);
        let result = self.answer(now, name, command);
        let Some(one) = self.followers.get_mut(name) else { return result };
        if let Some(by) = std::mem::replace(&mut one.by, before)
            && !matches!(result, Err(CommandError::Store(_)))
            && !(in_passing && result.is_ok())
        {
            one.write_down(&by, &result, now.wall)?;
        }
        result
    }
}

impl Follower {
    /// The moment of a draft that is asked for now.
    pub(super) fn moment(&self, around: &Around<'_>) -> DraftMoment {
        let request = self.by.as_ref().and_then(|by| by.request.as_ref());
        DraftMoment { request: request.map(RequestId::from), ..around.moment() }
    }

    /// A draft that its caller may sign; another one is dropped, unless its coins are held for a signature.
    pub(super) fn within_limits(
        &mut self,
        around: &Around<'_>,
        made: Drafted,
        dry_run: bool,
    ) -> Result<Reply, CommandError> {
        let draft = match made {
            Drafted::Draft(draft) if self.by.is_some() => draft,
            made => return Ok(drafted(made)),
        };
        let kept = Some(draft.id).filter(|_| !dry_run);
        // One that is known again may be signed already.
        let is_brief = draft.expires.is_some();
        // What was just built is well-formed.
        let psbt =
            Psbt::from_str(&draft.psbt).map_err(|_| CommandError::NoSuchDraft(draft.id.0))?;
        if let Err(refused) = self.check(around, &psbt) {
            if let Some(id) = kept.filter(|_| is_brief) {
                // One that keeps nothing is not there.
                match self.wallet.drop_draft(id) {
                    Ok(()) | Err(CommandError::NoSuchDraft(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            return Err(refused);
        }
        Ok(Reply::Draft(draft))
    }

    /// What a payment takes from the wallet, if its caller may take it.
    pub(super) fn check(
        &self,
        around: &Around<'_>,
        psbt: &Psbt,
    ) -> Result<Option<Spending>, CommandError> {
        let Some(by) = &self.by else { return Ok(None) };
        self.wallet.within_limits(by, psbt, around.now.wall).map(Some)
    }

    /// Counts what a payment takes that was signed.
    pub(super) fn count(
        &mut self,
        around: &Around<'_>,
        spending: Option<Spending>,
    ) -> Result<(), CommandError> {
        if let Some(spending) = spending {
            self.wallet.count(&spending, around.now.wall)?;
            self.spent = Some(spending.leaves);
        }
        Ok(())
    }

    /// Tells or keeps what a call with a key was answered.
    pub(super) fn keyed(&mut self, command: &Command) -> Result<Reply, CommandError> {
        match command {
            Command::Recall(request) => self.recall(request),
            Command::Remember { request, answer } => self.remember(request, answer),
            _ => Ok(Reply::Done),
        }
    }

    fn recall(&self, request: &KeyedRequest) -> Result<Reply, CommandError> {
        Ok(Reply::Recalled(self.wallet.recall(request)?))
    }

    fn remember(&mut self, request: &KeyedRequest, answer: &str) -> Result<Reply, CommandError> {
        self.wallet.remember(request, answer)?;
        Ok(Reply::Done)
    }

    pub(super) fn tell(
        &mut self,
        around: &Around<'_>,
        command: &TellerCommand,
    ) -> Result<Reply, CommandError> {
        Ok(Reply::Teller(Box::new(self.wallet.tell(command, around.now.wall)?)))
    }

    fn write_down(
        &mut self,
        by: &Authority,
        result: &Result<Reply, CommandError>,
        now: WallTime,
    ) -> Result<(), CommandError> {
        let txid = match result {
            Ok(Reply::Payment(payment)) => Some(payment.transaction.compute_txid()),
            _ => None,
        };
        let outcome = match result {
            Ok(_) => "done",
            Err(CommandError::OverLimit(overrun)) => overrun.rule(),
            Err(error) => error.name(),
        };
        Ok(self.wallet.audit(&AuditEntry {
            number: 0,
            at: now.to_unix(),
            asker: by.asker.to_string(),
            method: by.method.clone(),
            key: by.request.as_ref().map(|request| request.key.clone()),
            txid,
            amount: self.spent,
            outcome: outcome.to_owned(),
        })?)
    }
}

/// What a request came to.
fn drafted(made: Drafted) -> Reply {
    match made {
        Drafted::Draft(draft) => Reply::Draft(draft),
        Drafted::Payment(payment) => Reply::Payment(payment),
    }
}

/// What is a step on the way to something that is written down when it is done.
const fn is_in_passing(command: &Command) -> bool {
    matches!(
        command,
        Command::Draft(_) | Command::Bump(_) | Command::Drop(_) | Command::Remember { .. }
    )
}
