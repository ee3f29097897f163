//! Owns what is kept for programs: payments by their keys, tokens, limits, and the check of a
//! payment against them.
//!
//! What leaves the wallet is what counts: the coins that a transaction spends less what it pays to
//! the wallet's own scripts. Refuses a limited payment of which that is not known.

use bitcoin::Amount;
use bitcoin::psbt::{self, Psbt};

use crate::command::{
    Attempt, AttemptPurpose, AuditEntry, Authority, CommandError, Happened, Limit, NewToken,
    Overrun, PaymentQuery, PaymentRecord, StoreProblem, TellerCommand, TellerReading, TellerReply,
};
use crate::light_client::time::WallTime;
use crate::limits::{LISTED_PAYMENTS, TOKENS};
use crate::store::wallet::{Counted, Spending, Task};

use super::Wallet;

impl Wallet {
    /// Answers a program.
    ///
    /// # Errors
    /// What the command is refused with, or what the disk refused.
    pub fn tell(
        &mut self,
        command: &TellerCommand,
        now: WallTime,
    ) -> Result<TellerReply, CommandError> {
        Ok(match command {
            TellerCommand::Read(reading) => self.look_up(reading)?,
            TellerCommand::AddInvoice(new) => {
                TellerReply::Invoice(Box::new(self.add_invoice(new, now)?))
            }
            TellerCommand::CancelInvoice(id) => {
                TellerReply::Invoice(Box::new(self.cancel_invoice(*id, now)?))
            }
            TellerCommand::AddToken(token) => self.add_token(token, now)?,
            TellerCommand::RevokeToken(id) => {
                if !self.file.revoke_token(*id, now)? {
                    return Err(CommandError::NoSuchToken(*id));
                }
                TellerReply::Done
            }
            TellerCommand::SetPolicy(limits) => {
                self.file.set_limits(limits)?;
                TellerReply::Done
            }
        })
    }

    /// Answers a program that only reads.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn look_up(&self, reading: &TellerReading) -> Result<TellerReply, CommandError> {
        let most = |limit: u32| limit.min(LISTED_PAYMENTS);
        Ok(match reading {
            TellerReading::Payments(query) => TellerReply::Payments(self.payments(query)?),
            TellerReading::Invoices(query) => TellerReply::Invoices(self.invoices(query)?),
            TellerReading::Tokens => TellerReply::Tokens(self.file.tokens()?),
            TellerReading::Token(id) => {
                TellerReply::Token(self.file.token_secret(*id)?.map(Box::new))
            }
            TellerReading::Policy => TellerReply::Policy(self.file.limits()?),
            TellerReading::Journal { after, limit } => {
                TellerReply::Journal(self.file.journal(*after, most(*limit))?)
            }
            TellerReading::Audit { after, limit } => {
                TellerReply::Audit(self.file.audit(*after, most(*limit))?)
            }
        })
    }

    /// Adds what happened to the journal.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn journal(&mut self, happened: &Happened) -> Result<(), StoreProblem> {
        self.file.append_journal(happened)
    }

    /// Adds a line to the audit log.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn audit(&mut self, entry: &AuditEntry) -> Result<(), StoreProblem> {
        self.file.append_audit(entry)
    }

    /// What a payment takes on somebody's behalf, if they may take it. It counts in the place of those that fall
    /// for it and were counted on the same behalf. Whoever has limits of their own replaces what they asked for only.
    ///
    /// # Errors
    /// [`CommandError::OverLimit`], or what the disk refused.
    pub fn within_limits(
        &self,
        by: &Authority,
        psbt: &Psbt,
        now: WallTime,
    ) -> Result<Spending, CommandError> {
        let over = |why| Err(CommandError::OverLimit(why));
        let (policy, asker) = (self.file.limits()?, by.asker.to_string());
        let displaced = self.displaced(&asker, &psbt.unsigned_tx)?;
        let is_bound = !by.limits.is_empty();
        let known = self.leaving(psbt)?;
        let Some(leaves) = known.or((policy.is_empty() && !is_bound).then_some(Amount::ZERO))
        else {
            return over(Overrun::UnknownInput);
        };
        if is_bound && displaced.is_anothers {
            return over(Overrun::AnothersPayment);
        }
        // What others were charged for what falls is in the sum of all, which alone counts where one has no limits.
        let beside = if is_bound { Vec::new() } else { in_all(displaced.others, &policy, now) };
        let instead_of = displaced.own;
        let amount = leaves.checked_sub(sum(&beside)).unwrap_or(Amount::ZERO).max(sum(&instead_of));
        let unsigned = psbt.unsigned_tx.compute_txid();
        let taken = Spending { asker, unsigned, leaves, amount, instead_of, beside };
        let own = by.limits.iter().map(|limit| (limit, Some(taken.asker.as_str())));
        for (limit, whose) in policy.iter().map(|limit| (limit, None)).chain(own) {
            if let Some(why) = self.overrun(limit, whose, &taken, psbt, now)? {
                return over(why);
            }
        }
        Ok(taken)
    }

    /// Why a payment breaks a limit of one asker or of all, if it does.
    fn overrun(
        &self,
        limit: &Limit,
        whose: Option<&str>,
        taken: &Spending,
        psbt: &Psbt,
        now: WallTime,
    ) -> Result<Option<Overrun>, StoreProblem> {
        Ok(match limit {
            Limit::PerPayment(most) => {
                let leaves = taken.leaves;
                (leaves > *most).then_some(Overrun::PerPayment { leaves, most: *most })
            }
            Limit::Budget { amount, seconds } => {
                let (leaves, seconds) = (taken.amount, *seconds);
                let since = before(now, seconds);
                let moved = taken.instead_of.iter().filter(|one| one.at > since);
                let spent = self.file.spent_since(since, whose, taken.unsigned)?;
                let spent = moved.map(|one| one.amount).try_fold(spent, Amount::checked_sub);
                let left = amount.checked_sub(spent.unwrap_or(Amount::ZERO));
                let left = left.unwrap_or(Amount::ZERO);
                (leaves > left).then_some(Overrun::Budget { leaves, left, seconds })
            }
            Limit::Destinations(scripts) => {
                let outputs = psbt.unsigned_tx.output.iter().map(|o| &o.script_pubkey);
                let mut foreign = outputs.filter(|spk| !self.scripts.contains_key(*spk));
                foreign.any(|spk| !scripts.contains(spk)).then_some(Overrun::Destination)
            }
        })
    }

    /// Counts what a payment takes, in the commit in which it is signed.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn count(&mut self, spending: &Spending, now: WallTime) -> Result<(), StoreProblem> {
        self.file.insert_spending(spending, now)
    }

    /// Whether a key of the wallet's, or one beside it on its devices, would sign for something of which the
    /// wallet does not know how much it is.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn is_unknown(&self, psbt: &Psbt) -> Result<bool, StoreProblem> {
        Ok(self.leaving(psbt)?.is_none())
    }

    /// What leaves the wallet by a transaction; `None` if that is not known.
    fn leaving(&self, psbt: &Psbt) -> Result<Option<Amount>, StoreProblem> {
        let mut spent = Amount::ZERO;
        let shown = crate::psbt::spent_outputs(psbt);
        for ((input, details), shown) in psbt.unsigned_tx.input.iter().zip(&psbt.inputs).zip(shown)
        {
            let known = self.file.output_amount(input.previous_output)?;
            let own = match (known, shown) {
                (Some(amount), _) => amount,
                (None, Some(output)) if self.scripts.contains_key(&output.script_pubkey) => {
                    output.value
                }
                // Our signer would sign it, beyond the addresses that are looked after.
                (None, _) if self.signs(details) => return Ok(None),
                (None, _) => Amount::ZERO,
            };
            let Some(sum) = spent.checked_add(own) else { return Ok(None) };
            spent = sum;
        }
        let outputs = psbt.unsigned_tx.output.iter();
        let back = outputs.filter(|output| self.scripts.contains_key(&output.script_pubkey));
        let back = back.map(|output| output.value).try_fold(Amount::ZERO, Amount::checked_add);
        Ok(back.map(|back| spent.checked_sub(back).unwrap_or(Amount::ZERO)))
    }

    /// Whether an input names a key of the wallet's own, or one below a master key that an account
    /// has: a device would sign with it.
    fn signs(&self, input: &psbt::Input) -> bool {
        let by_key = input.bip32_derivation.values().map(|(fingerprint, _)| *fingerprint);
        let by_leaf = input.tap_key_origins.values().map(|(_, (fingerprint, _))| *fingerprint);
        let is_known = |master| {
            let mut accounts = self.accounts.iter();
            self.is_own(master)
                || accounts.any(|account| account.descriptor().signers().contains(&master))
        };
        by_key.chain(by_leaf).any(is_known)
    }

    fn add_token(&mut self, token: &NewToken, now: WallTime) -> Result<TellerReply, CommandError> {
        let alive = self.file.tokens()?.iter().filter(|one| one.revoked.is_none()).count();
        if alive >= TOKENS {
            return Err(CommandError::TooManyTokens);
        }
        self.file.insert_token(token, now)?;
        Ok(TellerReply::Done)
    }

    fn payments(&self, query: &PaymentQuery) -> Result<Vec<PaymentRecord>, CommandError> {
        let query = match query {
            PaymentQuery::Page { after, limit } => {
                &PaymentQuery::Page { after: *after, limit: (*limit).min(LISTED_PAYMENTS) }
            }
            one => one,
        };
        let ids = self.file.payment_ids(query)?;
        ids.into_iter().map(|id| self.payment_record(id)).collect()
    }

    fn payment_record(&self, id: u64) -> Result<PaymentRecord, CommandError> {
        let (mut key, mut attempts) = (None, Vec::new());
        for txid in self.file.payment_parts(id)? {
            let Some(row) = self.file.payment(txid)? else { continue };
            let purpose = match row.task {
                Task::Payment => AttemptPurpose::Payment,
                Task::Replace(_) => AttemptPurpose::Replacement,
                Task::Cancel(_) => AttemptPurpose::Cancellation,
                Task::Child(_) => AttemptPurpose::Child,
            };
            attempts.push(Attempt { purpose, payment: self.told(&row, false)? });
            key = key.or(row.request.idempotency_key);
        }
        Ok(PaymentRecord { id, key, attempts })
    }
}

/// What every budget of all still counts; nothing, if there is no such budget.
fn in_all(counted: Vec<Counted>, policy: &[Limit], now: WallTime) -> Vec<Counted> {
    let seconds = |limit: &Limit| match limit {
        Limit::Budget { seconds, .. } => Some(*seconds),
        Limit::PerPayment(_) | Limit::Destinations(_) => None,
    };
    let Some(shortest) = policy.iter().filter_map(seconds).min() else { return Vec::new() };
    let since = before(now, shortest);
    counted.into_iter().filter(|one| one.at > since).collect()
}

fn sum(counted: &[Counted]) -> Amount {
    let amounts = counted.iter().map(|one| one.amount);
    amounts.fold(Amount::ZERO, |sum, one| sum.checked_add(one).unwrap_or(sum))
}

fn before(now: WallTime, seconds: u32) -> WallTime {
    WallTime::new(now.to_unix().saturating_sub(u64::from(seconds)))
}
