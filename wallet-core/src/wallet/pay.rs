//! Owns whom a payment pays and how much: checked, with the amounts that are known, and how the fee
//! and the rest are shared.
//!
//! Refuses to know coins.

use std::collections::BTreeSet;

use bitcoin::script::PushBytesBuf;
use bitcoin::{Amount, Script, ScriptBuf, TxOut, Weight};

use crate::command::{CommandError, PayAmount, PayRequest, RecipientsProblem};
use crate::limits::MOST_WEIGHT;

/// Whom to pay and how much, in the order of the request.
#[derive(Debug, Clone)]
pub(super) struct Pay(Vec<Wanted>);

/// One output.
#[derive(Debug, Clone)]
struct Wanted {
    spk: ScriptBuf,
    amount: Amount,
    part: Part,
}

/// What an output has to do with the fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It gets its amount whole.
    Whole,
    /// Its amount is less by a share of the fee.
    LessFee,
    /// It gets a share of the rest.
    Share,
}

impl Pay {
    /// Checks recipients and dust.
    pub(super) fn of(request: &PayRequest) -> Result<Self, CommandError> {
        let bad = |problem| Err(CommandError::BadRecipients(problem));
        let mut scripts = BTreeSet::new();
        let mut pay = Vec::new();
        for recipient in &request.recipients {
            let spk = recipient.address.script_pubkey();
            if !scripts.insert(spk.clone()) {
                return bad(RecipientsProblem::Twice);
            }
            let (amount, part) = match recipient.amount {
                PayAmount::Exactly(amount) => (amount, Part::Whole),
                PayAmount::LessFee(amount) => (amount, Part::LessFee),
                PayAmount::Max if request.recipients.len() > 1 => {
                    return bad(RecipientsProblem::MaxBesideOthers);
                }
                PayAmount::Max | PayAmount::Share => (Amount::ZERO, Part::Share),
            };
            let least = spk.minimal_non_dust();
            if part != Part::Share && amount < least {
                return Err(CommandError::Dust { amount, least });
            }
            pay.push(Wanted { spk, amount, part });
        }
        let mut amounts = pay.iter().map(|wanted| wanted.amount);
        let total = amounts.try_fold(Amount::ZERO, Amount::checked_add);
        if total.is_none_or(|total| total > Amount::MAX_MONEY) {
            return bad(RecipientsProblem::Overflow);
        }
        if let Some((at, bytes)) = &request.layout.publishes {
            pay.insert((*at).min(pay.len()), published(bytes)?);
        }
        let pay = Self(pay);
        match (pay.len(), pay.takes_all() && pay.bears_fee()) {
            (0, _) => bad(RecipientsProblem::Empty),
            (_, true) => bad(RecipientsProblem::MaxBesideOthers),
            _ => Ok(pay),
        }
    }

    /// Whether nothing of the coins comes back.
    pub(super) fn takes_all(&self) -> bool {
        self.has(Part::Share)
    }

    /// Whether recipients pay the fee.
    pub(super) fn bears_fee(&self) -> bool {
        self.has(Part::LessFee)
    }

    /// How many outputs there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The scripts that are paid.
    pub(super) fn scripts(&self) -> impl Iterator<Item = &Script> {
        self.0.iter().map(|wanted| wanted.spk.as_script())
    }

    /// The amounts that are known, all together.
    pub(super) fn amount(&self) -> Amount {
        self.0.iter().map(|wanted| wanted.amount).sum()
    }

    /// The outputs, of which those that bear it give up `fee` together: each as much, and the first
    /// of them what can't be divided (as Bitcoin Core does).
    ///
    /// # Errors
    /// [`CommandError::Dust`] if one of them is not relayed any more.
    pub(super) fn less(&self, fee: Amount) -> Result<Vec<TxOut>, CommandError> {
        let mut parts = self.parts(Part::LessFee, fee);
        let output = |wanted: &Wanted| {
            let value = match wanted.part {
                Part::LessFee => {
                    let fee = parts.next().unwrap_or(Amount::ZERO);
                    let left = wanted.amount.checked_sub(fee).unwrap_or(Amount::ZERO);
                    let least = wanted.spk.minimal_non_dust();
                    if left < least {
                        return Err(CommandError::Dust { amount: left, least });
                    }
                    left
                }
                Part::Whole | Part::Share => wanted.amount,
            };
            Ok(TxOut { value, script_pubkey: wanted.spk.clone() })
        };
        self.0.iter().map(output).collect()
    }

    /// The outputs, with `rest` among those that share it; `None` if that is too little for one.
    pub(super) fn sharing(&self, rest: Amount) -> Option<Vec<TxOut>> {
        let mut parts = self.parts(Part::Share, rest);
        let output = |wanted: &Wanted| {
            let value = match wanted.part {
                Part::Share => {
                    parts.next().filter(|part| *part >= wanted.spk.minimal_non_dust())?
                }
                Part::Whole | Part::LessFee => wanted.amount,
            };
            Some(TxOut { value, script_pubkey: wanted.spk.clone() })
        };
        self.0.iter().map(output).collect()
    }

    /// The least that those who share the rest must get together.
    pub(super) fn least_shared(&self) -> Amount {
        let sharing = self.0.iter().filter(|wanted| wanted.part == Part::Share);
        sharing.map(|wanted| wanted.spk.minimal_non_dust()).sum()
    }

    fn has(&self, part: Part) -> bool {
        self.0.iter().any(|wanted| wanted.part == part)
    }

    /// A sum in equal parts, the first with what is left over.
    fn parts(&self, part: Part, sum: Amount) -> impl Iterator<Item = Amount> + use<> {
        let count = self.0.iter().filter(|wanted| wanted.part == part).count().max(1) as u64;
        let first = sum / count + sum % count;
        std::iter::once(first).chain(std::iter::repeat(sum / count))
    }
}

/// An output that only publishes bytes.
fn published(bytes: &[u8]) -> Result<Wanted, CommandError> {
    let too_large = |_| CommandError::TooLarge { weight: Weight::MAX, most: MOST_WEIGHT };
    let bytes = PushBytesBuf::try_from(bytes.to_vec()).map_err(too_large)?;
    let spk = ScriptBuf::new_op_return(bytes);
    Ok(Wanted { spk, amount: Amount::ZERO, part: Part::Whole })
}
