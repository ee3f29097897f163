//! Owns the unsigned transaction of a payment as a PSBT (BIP174, BIP371): version 2 and
//! replaceable (BIP125) in an order that tells nothing, unless something else is asked for, with all
//! that a signer has to check.

use bitcoin::absolute::LockTime;
use bitcoin::key::rand::rngs::StdRng;
use bitcoin::key::rand::seq::SliceRandom;
use bitcoin::key::rand::{Rng, SeedableRng};
use bitcoin::psbt::Psbt;
use bitcoin::transaction::Version;
use bitcoin::{OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, WitnessVersion};

use crate::command::{CommandError, InputTerms, Layout, Spends};
use crate::keychain::SpendPlan;
use crate::light_client::height::Height;
use crate::store::wallet::{CoinRow, LeanCoin};

use super::funding::Funding;
use super::unkept::Unkept;
use super::{DraftMoment, Wallet};

impl Wallet {
    /// The PSBT of a payment, and which of its outputs is the change.
    pub(super) fn unsigned(
        &self,
        unkept: &Unkept,
        moment: &DraftMoment,
    ) -> Result<(Psbt, Option<u32>), CommandError> {
        let Unkept { funding, layout, terms, .. } = unkept;
        let mut random = StdRng::from_seed(moment.entropy);
        let mut spent = funding.spent.clone();
        spent.shuffle(&mut random);
        let plans = self.plans(&spent)?;
        let (outputs, change_vout) = arranged(funding, layout, &mut random);
        let own_time = lock_time(moment.tip, &mut random);
        let transaction = Transaction {
            version: layout.version.unwrap_or(Version::TWO),
            lock_time: plans.iter().fold(layout.lock_time.unwrap_or(own_time), later),
            input: spent.iter().zip(&plans).map(|(coin, plan)| input(coin, plan, unkept)).collect(),
            output: outputs,
        };
        let psbt = Psbt::from_unsigned_tx(transaction)
            .map_err(|_| self.file.damaged("a draft is signed already"))?;
        let mut known = Vec::with_capacity(spent.len());
        for coin in &spent {
            let own = self.file.own_output(coin.outpoint, moment.now)?;
            known.push(match (own, parent_of(coin.outpoint, terms)) {
                (Some(own), _) => Spent::Own(Box::new(own.coin)),
                (None, Some(parent)) => Spent::Foreign(parent),
                (None, None) => return Err(CommandError::NoSuchCoin(coin.outpoint)),
            });
        }
        Ok((self.annotated(psbt, &known)?, change_vout))
    }

    /// Adds what a signer needs: the outputs that are spent, and the origins of keys on both sides.
    fn annotated(&self, mut psbt: Psbt, spent: &[Spent<'_>]) -> Result<Psbt, CommandError> {
        for (input, spent) in psbt.inputs.iter_mut().zip(spent) {
            let coin = match spent {
                Spent::Own(coin) => coin,
                Spent::Foreign(parent) => {
                    input.non_witness_utxo = Some((*parent).clone());
                    continue;
                }
            };
            let id = coin.place.keychain;
            let account = self.account(id.account)?;
            account.annotate_input(id.branch, coin.place.index, input);
            let spk = coin.spk.clone();
            if account.witness_version().is_some() {
                input.witness_utxo = Some(TxOut { value: coin.amount, script_pubkey: spk });
            }
            // Taproot signatures commit to the amounts (BIP341), the older ones need the proof.
            if account.witness_version() != Some(WitnessVersion::V1) {
                let parent = self.file.transaction(coin.outpoint.txid)?;
                input.non_witness_utxo = parent.map(|row| row.transaction);
            }
        }
        for (output, paid) in psbt.outputs.iter_mut().zip(&psbt.unsigned_tx.output) {
            if let Some(place) = self.scripts.get(&paid.script_pubkey) {
                let id = place.keychain;
                self.account(id.account)?.annotate_output(id.branch, place.index, output);
            }
        }
        Ok(psbt)
    }
}

/// What an input spends.
enum Spent<'a> {
    Own(Box<CoinRow>),
    /// Somebody else's, which this transaction made.
    Foreign(&'a Transaction),
}

/// The transaction that made a coin of others.
fn parent_of(outpoint: OutPoint, terms: &[InputTerms]) -> Option<&Transaction> {
    let terms = terms.iter().find(|terms| terms.outpoint == outpoint)?;
    match &terms.spends {
        Spends::Foreign { parent, .. } => Some(parent),
        Spends::Own { .. } => None,
    }
}

/// The outputs in the order that is wanted, and the place of the change among them.
fn arranged(funding: &Funding, layout: &Layout, random: &mut StdRng) -> (Vec<TxOut>, Option<u32>) {
    let mut outputs = funding.outputs.clone();
    if !layout.in_order {
        outputs.shuffle(random);
    }
    let Some((_, change)) = &funding.change else { return (outputs, None) };
    let last = outputs.len();
    let at = layout.change_at.map_or_else(|| random.gen_range(0..=last), |at| at.min(last));
    outputs.insert(at, change.clone());
    (outputs, u32::try_from(at).ok())
}

fn input(coin: &LeanCoin, plan: &SpendPlan, unkept: &Unkept) -> TxIn {
    // What the script or the caller asks for stays.
    let is_asked = |terms: &InputTerms| terms.outpoint == coin.outpoint && terms.sequence.is_some();
    let says_nothing = unkept.layout.is_final
        && plan.sequence == Sequence::ENABLE_RBF_NO_LOCKTIME
        && !unkept.terms.iter().any(is_asked);
    TxIn {
        previous_output: coin.outpoint,
        script_sig: ScriptBuf::new(),
        sequence: if says_nothing { Sequence::ENABLE_LOCKTIME_NO_RBF } else { plan.sequence },
        witness: Witness::new(),
    }
}

/// What the transaction has or the input asks for. A time where the other is a height: the input's,
/// since a payment can do without the other.
fn later(lock_time: LockTime, plan: &SpendPlan) -> LockTime {
    let asked = plan.lock_time;
    if asked == LockTime::ZERO || asked.is_implied_by(lock_time) { lock_time } else { asked }
}

/// The tip, so that a miner gains nothing from mining the payment into a replacement of the tip's
/// block; one time in ten up to 99 blocks less, so that delayed payments don't stand out (as
/// Bitcoin Core does).
fn lock_time(tip: Height, random: &mut StdRng) -> LockTime {
    let back = if random.gen_ratio(1, 10) { random.gen_range(0..100) } else { 0 };
    LockTime::from_height(tip.down(back).to_u32()).unwrap_or(LockTime::ZERO)
}
