//! Owns `Analysis`: what the inputs of a PSBT lack, who is next, and how large the transaction will
//! be (`AnalyzePSBT` of Bitcoin Core's `src/node/psbt.cpp`, `SignStep` of `src/script/sign.cpp`).
//!
//! Refuses to sign: a signature that is not in the PSBT is missing.

use std::collections::HashMap;

use billfold_wallet_core::psbt::spent_outputs;
use bitcoin::psbt::{Input, Psbt};
use bitcoin::{Amount, Script, Transaction, TxOut};

use crate::psbt;
use crate::solution::{Hands, Missing, Solution};
use crate::transaction_hex;

/// What is known of a PSBT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// Its inputs; none if it makes no sense.
    pub inputs: Vec<InputAnalysis>,
    /// The virtual size that it will have, if every key is known.
    pub vsize: Option<u64>,
    /// The fee in satoshi, below zero if more is paid than spent.
    pub fee: Option<i64>,
    /// Who is next.
    pub next: Role,
    /// Why it makes no sense.
    pub error: Option<String>,
}

/// What is known of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputAnalysis {
    /// Whether it is told what it spends.
    pub has_utxo: bool,
    /// Whether nothing is left to be done.
    pub is_final: bool,
    /// What it lacks.
    pub missing: Missing,
    /// Who is next.
    pub next: Role,
}

/// Who does something with a PSBT, in the order of the work (BIP174).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Makes it.
    Creator,
    /// Adds what is known of the coins.
    Updater,
    /// Signs.
    Signer,
    /// Puts signatures together.
    Finalizer,
    /// Takes the transaction out.
    Extractor,
}

impl Role {
    /// By Core's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Creator => "creator",
            Self::Updater => "updater",
            Self::Signer => "signer",
            Self::Finalizer => "finalizer",
            Self::Extractor => "extractor",
        }
    }
}

impl Analysis {
    /// Looks at a PSBT.
    #[must_use]
    pub fn new(psbt: &Psbt) -> Self {
        let spent = spent_outputs(psbt);
        if let Some(why) = senseless_input(&spent) {
            return Self::senseless(why);
        }
        let inputs: Vec<_> = (0..spent.len()).map(|at| analysed(psbt, at, &spent)).collect();
        let next = inputs.iter().map(|input| input.next).min().unwrap_or(Role::Extractor);
        let Some(known) = spent.into_iter().collect::<Option<Vec<TxOut>>>() else {
            return Self { inputs, vsize: None, fee: None, next, error: None };
        };
        let Some(paid) = sum(psbt.unsigned_tx.output.iter()) else {
            return Self::senseless("PSBT is not valid. Output amount invalid".to_owned());
        };
        let fee = sum(known.iter()).zip(Some(paid)).map(|(spent, paid)| spent - paid);
        Self { inputs, vsize: vsize(psbt, &known), fee, next, error: None }
    }

    /// The fee rate in satoshi per 1000 virtual bytes.
    #[must_use]
    pub fn fee_rate(&self) -> Option<i64> {
        let vsize = i64::try_from(self.vsize?).ok().filter(|vsize| *vsize > 0)?;
        Some(self.fee?.saturating_mul(1000).div_euclid(vsize))
    }

    fn senseless(why: String) -> Self {
        let (inputs, next) = (Vec::new(), Role::Creator);
        Self { inputs, vsize: None, fee: None, next, error: Some(why) }
    }
}

/// What is wrong with what is spent.
fn senseless_input(spent: &[Option<TxOut>]) -> Option<String> {
    let mut sum = Amount::ZERO;
    for (at, output) in spent.iter().enumerate() {
        let Some(output) = output else { continue };
        let more = sum.checked_add(output.value);
        let Some(more) = more.filter(|more| output.value.max(*more) <= Amount::MAX_MONEY) else {
            return Some(format!("PSBT is not valid. Input {at} has invalid value"));
        };
        sum = more;
        let spk = &output.script_pubkey;
        if spk.is_op_return() || spk.len() > LONGEST_SCRIPT {
            return Some(format!("PSBT is not valid. Input {at} spends unspendable output"));
        }
    }
    None
}

/// In satoshi, if they are amounts and not more than there are.
fn sum<'a>(mut outputs: impl Iterator<Item = &'a TxOut>) -> Option<i64> {
    let total = outputs.try_fold(Amount::ZERO, |sum, output| {
        let more = sum.checked_add(output.value)?;
        (output.value.max(more) <= Amount::MAX_MONEY).then_some(more)
    })?;
    i64::try_from(total.to_sat()).ok()
}

fn analysed(psbt: &Psbt, at: usize, spent: &[Option<TxOut>]) -> InputAnalysis {
    let input = &psbt.inputs[at];
    let mut analysis = InputAnalysis {
        has_utxo: false,
        is_final: false,
        missing: Missing::default(),
        next: Role::Updater,
    };
    let Some(output) = &spent[at] else { return analysis };
    analysis.has_utxo = true;
    if psbt::is_finished(input) && holds(psbt, at, spent, finished(input)) {
        (analysis.is_final, analysis.next) = (true, Role::Extractor);
        return analysis;
    }
    if psbt::is_finished(input) {
        // As Core: whoever says that it is finished is believed here.
        analysis.next = Role::Finalizer;
        return analysis;
    }
    if asks_for_another_sighash(input, &output.script_pubkey) {
        return analysis;
    }
    let solution = Solution::of(input, &output.script_pubkey, Hands::Empty);
    if !solution.is_witness && input.non_witness_utxo.is_none() {
        // The amount is not proven, which only a witness's signature makes up for.
        return analysis;
    }
    let Solution { is_solved, script_sig, witness, missing, .. } = solution;
    if is_solved && holds(psbt, at, spent, (script_sig, witness)) {
        analysis.next = Role::Finalizer;
    } else if missing.lacks_only_signatures() && !missing.signatures.is_empty() {
        analysis.next = Role::Signer;
    }
    analysis.missing = missing;
    analysis
}

type Scripts = (bitcoin::ScriptBuf, bitcoin::Witness);

fn finished(input: &Input) -> Scripts {
    let script_sig = input.final_script_sig.clone().unwrap_or_default();
    (script_sig, input.final_script_witness.clone().unwrap_or_default())
}

/// Whether an input with these scripts satisfies what it spends.
fn holds(psbt: &Psbt, at: usize, spent: &[Option<TxOut>], (script_sig, witness): Scripts) -> bool {
    let mut transaction: Transaction = psbt.unsigned_tx.clone();
    transaction.input[at].script_sig = script_sig;
    transaction.input[at].witness = witness;
    psbt::holds_as_known(&transaction, at, spent)
}

/// Whether the PSBT wants a signature of another kind than the usual one, or has one.
fn asks_for_another_sighash(input: &Input, spk: &Script) -> bool {
    // All, or taproot's shorter form of it.
    let usual = u32::from(!spk.is_p2tr());
    let taproot = input.tap_key_sig.iter().chain(input.tap_script_sigs.values());
    let mut kinds = taproot.map(|signature| signature.sighash_type as u32);
    input.sighash_type.is_some_and(|kind| kind.to_u32() != usual)
        || kinds.any(|kind| kind != usual)
        || (usual == 1 && input.partial_sigs.values().any(|s| s.sighash_type.to_u32() != 1))
}

/// The virtual size with signatures of the usual length, if all keys and scripts are known.
fn vsize(psbt: &Psbt, spent: &[TxOut]) -> Option<u64> {
    let mut transaction = psbt.unsigned_tx.clone();
    for (at, spends) in transaction.input.iter_mut().enumerate() {
        let (input, output) = (&psbt.inputs[at], &spent[at]);
        if psbt::is_finished(input) {
            (spends.script_sig, spends.witness) = finished(input);
            continue;
        }
        if asks_for_another_sighash(input, &output.script_pubkey) {
            return None;
        }
        let solution = Solution::of(input, &output.script_pubkey, Hands::Full);
        if !solution.is_solved || (!solution.is_witness && input.non_witness_utxo.is_none()) {
            return None;
        }
        (spends.script_sig, spends.witness) = (solution.script_sig, solution.witness);
    }
    let inputs = psbt.unsigned_tx.input.iter().map(|input| input.previous_output);
    let outputs: HashMap<_, _> = inputs.zip(spent).collect();
    let output = |outpoint: &bitcoin::OutPoint| outputs.get(outpoint).copied().cloned();
    let sigops = transaction.total_sigop_cost(output) as u64;
    Some(transaction_hex::weight(&transaction).to_wu().max(sigops * WEIGHT_PER_SIGOP).div_ceil(4))
}

/// Bytes of a script that can be spent (consensus).
const LONGEST_SCRIPT: usize = 10_000;

/// What one check of a signature counts at the least, in weight (`-bytespersigop`).
const WEIGHT_PER_SIGOP: u64 = 20;
