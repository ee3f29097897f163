//! Owns what callers say of inputs that they name: weights, sequence numbers, and of whom the coins
//! are.
//!
//! Refuses a coin of others whose transaction nobody tells: what it holds stands nowhere else here.
//! Refuses more inputs, and more of such transactions, than one payment can need: each input of others
//! carries the whole of its own.

use std::collections::{BTreeSet, HashMap};

use billfold_wallet_core::command::{InputTerms, PaymentState, Spends, TransactionRecord};
use billfold_wallet_core::limits::NAMED_COINS;
use bitcoin::{Network, OutPoint, Sequence, Txid, Weight};

use super::solver::{Solved, Solver};
use crate::arguments;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::Value;
use crate::ledger;
use crate::limits::REQUEST_BYTES;

/// What is said of inputs.
#[derive(Debug, Default)]
pub(super) struct Preselected {
    weights: HashMap<OutPoint, Weight>,
    solving: Solver,
}

impl Preselected {
    /// Reads `solving_data`, and the weights of inputs.
    ///
    /// # Errors
    /// Core's, of what is wrong with them.
    pub(super) fn read<'a>(
        solving: Option<&Value>,
        weights: impl IntoIterator<Item = &'a Value>,
        network: Network,
    ) -> Result<Self, RpcError> {
        let solving =
            solving.filter(|value| !value.is_null()).map(arguments::object).transpose()?;
        let solving = solving.map(|fields| Solver::read(fields, network)).transpose()?;
        let weights = weights.into_iter().map(weight).collect::<Result<_, _>>()?;
        Ok(Self { weights, solving: solving.unwrap_or_default() })
    }

    /// What the wallet is told of these inputs.
    ///
    /// # Errors
    /// -4 for a coin of others whose transaction is not known, or of which it is not known what
    /// spending it takes, and for too many or too large ones.
    pub(super) async fn terms(
        &self,
        desk: &Desk,
        inputs: &[(OutPoint, Option<Sequence>)],
    ) -> Result<Vec<InputTerms>, RpcError> {
        let records = records(desk, inputs).await?;
        // A PSBT has the whole transaction for each input: as much as a call may bring.
        let mut room = REQUEST_BYTES;
        let terms = |&(outpoint, sequence): &(OutPoint, Option<Sequence>)| {
            let record = records.get(&outpoint.txid);
            let weight = self.weights.get(&outpoint).copied();
            let spends = if record.is_some_and(|record| is_own(record, outpoint)) {
                Spends::Own { weight }
            } else {
                self.foreign(outpoint, record, weight, &mut room)?
            };
            Ok(InputTerms { outpoint, sequence, spends })
        };
        inputs.iter().map(terms).filter(says_something).collect()
    }

    fn foreign(
        &self,
        outpoint: OutPoint,
        record: Option<&TransactionRecord>,
        weight: Option<Weight>,
        room: &mut usize,
    ) -> Result<Spends, RpcError> {
        let known = record.filter(|record| counts(record)).map(|record| &record.transaction);
        let parent = self.solving.parent(outpoint.txid).or(known);
        let vout = usize::try_from(outpoint.vout).unwrap_or(usize::MAX);
        let found = parent.and_then(|parent| Some((parent, parent.tx_out(vout).ok()?)));
        let (parent, output) = found.ok_or_else(|| RpcError::new(Code::Wallet, NO_PARENT))?;
        let solved = self.solving.solve(&output.script_pubkey);
        let has_witness = output.script_pubkey.witness_version().is_some();
        let told = weight.map(|weight| Solved {
            weight,
            has_witness: solved.map_or(has_witness, |solved| solved.has_witness),
        });
        let Solved { weight, has_witness } = told.or(solved).ok_or_else(|| {
            let (txid, vout) = (outpoint.txid.to_string(), outpoint.vout);
            let coin = format!("COutPoint({}, {vout})", &txid[..10]);
            RpcError::new(Code::Wallet, format!("Not solvable pre-selected input {coin}"))
        })?;
        let left = room.checked_sub(parent.total_size());
        *room = left.ok_or_else(|| RpcError::new(Code::Wallet, PARENTS_TOO_LARGE))?;
        Ok(Spends::Foreign { parent: Box::new(parent.clone()), weight, has_witness })
    }
}

/// What the wallet is told of inputs that must be its own, whether or not they `may_be_spent`.
///
/// # Errors
/// -8 for those that are not, or are spent.
pub(super) async fn own_terms(
    desk: &Desk,
    inputs: &[(OutPoint, Option<Sequence>)],
    may_be_spent: bool,
) -> Result<Vec<InputTerms>, RpcError> {
    let records = records(desk, inputs).await?;
    let terms = |&(outpoint, sequence): &(OutPoint, Option<Sequence>)| {
        let record = records.get(&outpoint.txid).filter(|record| is_own(record, outpoint));
        let refused = |what: &str, why: &str| {
            RpcError::parameter(format!("Input not {what}. UTXO ({outpoint}) {why}."))
        };
        let record = record.ok_or_else(|| refused("found", "is not part of wallet"))?;
        let output = usize::try_from(outpoint.vout).ok().and_then(|at| record.outputs.get(at));
        if !may_be_spent && output.is_some_and(|output| output.spender.is_some()) {
            return Err(refused("available", "was already spent"));
        }
        Ok(InputTerms { outpoint, sequence, spends: Spends::Own { weight: None } })
    };
    inputs.iter().map(terms).filter(says_something).collect()
}

/// Of inputs as callers name them, those with a weight.
pub(super) fn weighted(inputs: Option<&Value>) -> impl Iterator<Item = &Value> {
    let inputs = inputs.and_then(Value::as_array).unwrap_or_default();
    let has_weight =
        |input: &&Value| input.as_object().is_some_and(|input| input.get("weight").is_some());
    inputs.iter().filter(has_weight)
}

async fn records(
    desk: &Desk,
    inputs: &[(OutPoint, Option<Sequence>)],
) -> Result<HashMap<Txid, TransactionRecord>, RpcError> {
    if inputs.len() > NAMED_COINS {
        return Err(RpcError::new(Code::Wallet, TOO_HEAVY));
    }
    let txids: BTreeSet<Txid> = inputs.iter().map(|(outpoint, _)| outpoint.txid).collect();
    let records = ledger::records(desk, txids.into_iter().collect()).await?.into_iter();
    Ok(records.map(|record| (record.transaction.compute_txid(), record)).collect())
}

fn is_own(record: &TransactionRecord, outpoint: OutPoint) -> bool {
    let at = usize::try_from(outpoint.vout).ok();
    at.and_then(|at| record.outputs.get(at)).is_some_and(|output| output.owner.is_some())
}

/// A request is known again by all that it says.
fn says_something(terms: &Result<InputTerms, RpcError>) -> bool {
    let nothing = |terms: &InputTerms| {
        terms.sequence.is_none() && terms.spends == Spends::Own { weight: None }
    };
    !terms.as_ref().is_ok_and(nothing)
}

fn counts(record: &TransactionRecord) -> bool {
    !matches!(record.state, PaymentState::Replaced | PaymentState::Evicted)
}

/// An input with its weight.
fn weight(value: &Value) -> Result<(OutPoint, Weight), RpcError> {
    let fields = arguments::object(value)?;
    let txid = arguments::text(fields.get("txid").unwrap_or(&Value::Null))?;
    let txid = arguments::hash(txid, "txid")?;
    let number = |name: &str| {
        let number = fields.get(name).filter(|number| number.is_number());
        let missing = || RpcError::parameter(format!("Invalid parameter, missing {name} key"));
        number.ok_or_else(missing)
    };
    let vout = u32::try_from(arguments::integer(number("vout")?)?)
        .map_err(|_| RpcError::parameter("Invalid parameter, vout cannot be negative"))?;
    let weight = arguments::long(number("weight")?)?;
    match u64::try_from(weight) {
        Ok(most) if most > MOST_WEIGHT => Err(RpcError::parameter(format!(
            "Invalid parameter, weight cannot be greater than the maximum standard tx weight of \
             {MOST_WEIGHT}"
        ))),
        Ok(weight @ LEAST_WEIGHT..) => Ok((OutPoint::new(txid, vout), Weight::from_wu(weight))),
        _ => Err(RpcError::parameter(TOO_LIGHT)),
    }
}

/// What Core says of weights that do not stand with their inputs.
pub(super) const NOT_IN_OPTIONS: &str =
    "Input weights should be specified in inputs rather than in options.";

const NO_PARENT: &str = "Unable to find UTXO for external input: there is no set of unspent outputs to \
                         look it up in, so give the transaction that made it in solving_data's \
                         transactions";

/// What Core says of more inputs than a transaction can have.
pub(super) const TOO_HEAVY: &str = "The inputs size exceeds the maximum weight. Please try sending a smaller amount or manually \
     consolidating your wallet's UTXOs";

const PARENTS_TOO_LARGE: &str = "The transactions that made the inputs of others take more than 8 MiB, \
                                 counted once for each input: name fewer inputs at a time";

const TOO_LIGHT: &str = "Invalid parameter, weight cannot be less than 165 (41 bytes (size of outpoint + \
                         sequence + empty scriptSig) * 4 (witness scaling factor)) + 1 (empty witness)";

/// Weight units of an input that is not signed.
const LEAST_WEIGHT: u64 = 165;

/// Weight units of the largest transaction that nodes relay.
const MOST_WEIGHT: u64 = 400_000;
