//! Payments of every script type, and every lie that a PSBT could tell a signer.

use std::sync::LazyLock;

use bitcoin::absolute::LockTime;
use bitcoin::bip32::DerivationPath;
use bitcoin::psbt::PsbtSighashType;
use bitcoin::transaction::Version;
use bitcoin::{Amount, Network, OutPoint, ScriptBuf, Sequence, TxIn, Witness};
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::keychain::{
    Account, AccountId, Branch, DerivationIndex, ScriptType, SpendPlan, StandardAccount,
};
use crate::seed::{Seed, Words};

mod scripts;
mod weights;

const NETWORK: Network = Network::Regtest;
const INDEX: DerivationIndex = DerivationIndex::ZERO;

/// Stretched once: the words' 2048 rounds would be most of these tests' time.
static SEED: LazyLock<Zeroizing<Vec<u8>>> = LazyLock::new(|| {
    let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                 abandon about";
    Seed::new(&Words::parse(words).expect("good words"), "").to_bytes()
});

fn seed() -> Seed {
    Seed::from_bytes(&SEED).expect("own bytes")
}

fn signer() -> SoftwareSigner {
    SoftwareSigner::new(seed(), NETWORK)
}

fn account(script_type: ScriptType) -> Account {
    let key = StandardAccount::first(script_type);
    Account::new(AccountId::new(0), key.name(), NETWORK, seed().descriptor(key, NETWORK), &[])
}

/// A transaction that pays 1 BTC to the first receiving script of an account; `salt` makes it
/// differ from others.
fn funding(script_type: ScriptType, salt: u32) -> Transaction {
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::from_consensus(salt),
        input: vec![TxIn::default()],
        output: vec![TxOut {
            value: Amount::ONE_BTC,
            script_pubkey: account(script_type).script(Branch::Receive, INDEX),
        }],
    }
}

/// An unsigned payment that spends one coin of each of the given types.
fn draft(types: &[ScriptType]) -> Psbt {
    let salts = 0..;
    let fundings: Vec<_> = types.iter().zip(salts).map(|(t, salt)| funding(*t, salt)).collect();
    let input = |funding: &Transaction| TxIn {
        previous_output: OutPoint::new(funding.compute_txid(), 0),
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::new(),
    };
    let unsigned = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: fundings.iter().map(input).collect(),
        output: vec![TxOut {
            value: Amount::from_sat(99_000_000),
            script_pubkey: account(ScriptType::Segwit).script(Branch::Change, INDEX),
        }],
    };
    let mut psbt = Psbt::from_unsigned_tx(unsigned).expect("no signatures yet");
    for ((input, funding), script_type) in psbt.inputs.iter_mut().zip(fundings).zip(types) {
        account(*script_type).annotate_input(Branch::Receive, INDEX, input);
        if *script_type == ScriptType::Taproot {
            input.witness_utxo = Some(funding.output[0].clone());
        } else {
            input.non_witness_utxo = Some(funding);
        }
    }
    psbt
}

fn signed(draft: &Psbt) -> Result<Psbt, SigningProblem> {
    let mut psbt = draft.clone();
    signer().sign(&mut psbt).map(|()| psbt)
}

/// Signs and finishes a draft after a change that only the signer sees.
fn refusal(types: &[ScriptType], change: impl FnOnce(&mut Psbt)) -> SigningProblem {
    let mut psbt = draft(types);
    change(&mut psbt);
    signed(&psbt).expect_err("the signer must refuse")
}

fn all() -> [ScriptType; 4] {
    ScriptType::ALL
}

#[test]
fn every_script_type_is_signed_alone_and_with_others() {
    let alone = all().map(|script_type| vec![script_type]);
    let together = [all().to_vec(), [all(), all()].concat()];
    for types in alone.into_iter().chain(together) {
        let draft = draft(&types);
        let signed = signed(&draft).expect("a good draft");
        let transaction = finish(&signed, &draft).expect("good signatures");
        assert_eq!(transaction.output, draft.unsigned_tx.output);
        assert_eq!(transaction.input.len(), types.len());
    }
}

/// The fee that a person agreed to is the fee that is paid: the estimate is never too low, and
/// a low-R signature saves one byte at most.
#[test]
fn the_estimated_weight_is_the_signed_weight_or_a_little_more() {
    for script_type in all() {
        let draft = draft(&[script_type]);
        let transaction =
            finish(&signed(&draft).expect("a good draft"), &draft).expect("signatures");
        let marker = if script_type == ScriptType::Legacy { 0 } else { 2 };
        let base = draft.unsigned_tx.weight().to_wu() + marker;
        let estimate = base + SpendPlan::of_single_key(script_type).satisfaction.to_wu();
        let actual = transaction.weight().to_wu();
        let scale = if script_type == ScriptType::Legacy { 4 } else { 1 };
        let most_saved = if script_type == ScriptType::Taproot { 0 } else { scale * 2 };
        assert!(actual <= estimate, "{script_type}: {actual} > {estimate}");
        assert!(estimate - actual <= most_saved, "{script_type}: {actual} << {estimate}");
    }
}

#[test]
fn the_same_payment_signed_twice_is_the_same_transaction() {
    let draft = draft(&all());
    let sign = || finish(&signed(&draft).expect("a good draft"), &draft).expect("signatures");
    assert_eq!(sign(), sign());
}

#[test]
fn a_lone_segwit_input_needs_no_whole_transaction_and_others_do() {
    let shown_only = |psbt: &mut Psbt| {
        for input in &mut psbt.inputs {
            if let Some(funding) = input.non_witness_utxo.take() {
                input.witness_utxo = Some(funding.output[0].clone());
            }
        }
    };
    for script_type in [ScriptType::Segwit, ScriptType::Nested] {
        let mut draft = draft(&[script_type]);
        shown_only(&mut draft);
        let signed = signed(&draft).expect("one segwit input");
        finish(&signed, &draft).expect("good signatures");
        let refused = refusal(&[ScriptType::Taproot, script_type], shown_only);
        assert_eq!(refused, SigningProblem::SpentOutput { input: 1 });
    }
    let refused = refusal(&[ScriptType::Legacy], shown_only);
    assert_eq!(refused, SigningProblem::SpentOutput { input: 0 });
}

#[test]
fn a_lie_about_the_spent_output_is_refused() {
    for script_type in [ScriptType::Legacy, ScriptType::Nested, ScriptType::Segwit] {
        let refused = refusal(&[script_type], |psbt| {
            let funding = psbt.inputs[0].non_witness_utxo.as_mut().expect("it is there");
            funding.output[0].value = Amount::from_sat(1);
        });
        assert_eq!(refused, SigningProblem::SpentOutput { input: 0 }, "{script_type}");
        let refused = refusal(&[script_type], |psbt| {
            let funding = psbt.inputs[0].non_witness_utxo.as_ref().expect("it is there");
            let mut shown = funding.output[0].clone();
            shown.value = Amount::from_sat(1);
            psbt.inputs[0].witness_utxo = Some(shown);
        });
        assert_eq!(refused, SigningProblem::SpentOutput { input: 0 }, "{script_type}");
    }
    for script_type in all() {
        let refused = refusal(&[script_type], |psbt| {
            psbt.inputs[0].non_witness_utxo = None;
            psbt.inputs[0].witness_utxo = None;
        });
        assert_eq!(refused, SigningProblem::SpentOutput { input: 0 }, "{script_type}");
    }
}

/// A taproot amount needs no proof, because a lie makes the signature worthless.
#[test]
fn a_lie_about_a_taproot_amount_makes_no_transaction() {
    let draft = draft(&[ScriptType::Taproot]);
    let mut lie = draft.clone();
    lie.inputs[0].witness_utxo.as_mut().expect("it is there").value = Amount::from_sat(1);
    let signed = signed(&lie).expect("no lie to be seen");
    assert_eq!(finish(&signed, &draft), Err(SigningProblem::Invalid));
}

#[test]
fn other_sighash_types_are_refused() {
    for script_type in all() {
        for sighash in [0x02, 0x03, 0x81, 0x82, 0x83, 0x04, 0xff] {
            let refused = refusal(&[script_type], |psbt| {
                psbt.inputs[0].sighash_type = Some(PsbtSighashType::from_u32(sighash));
            });
            assert_eq!(refused, SigningProblem::SighashType { input: 0 }, "{script_type}");
        }
        let usual = u32::from(script_type != ScriptType::Taproot);
        let mut draft = draft(&[script_type]);
        draft.inputs[0].sighash_type = Some(PsbtSighashType::from_u32(usual));
        finish(&signed(&draft).expect("the usual type"), &draft).expect("good signatures");
    }
}

#[test]
fn a_key_that_does_not_make_the_script_is_refused() {
    let elsewhere: DerivationPath = "m/84'/1'/0'/0/7".parse().expect("a path");
    let deep: DerivationPath = ["0"; 300].join("/").parse().expect("a path");
    for script_type in all() {
        for path in [elsewhere.clone(), DerivationPath::master(), deep.clone()] {
            let refused = refusal(&[script_type], |psbt| {
                let input = &mut psbt.inputs[0];
                input.bip32_derivation.values_mut().for_each(|(_, p)| p.clone_from(&path));
                input.tap_key_origins.values_mut().for_each(|(_, (_, p))| p.clone_from(&path));
            });
            assert_eq!(refused, SigningProblem::ForeignKey { input: 0 }, "{script_type}");
        }
        let refused = refusal(&[script_type], |psbt| {
            let input = &mut psbt.inputs[0];
            *input = Input {
                non_witness_utxo: input.non_witness_utxo.take(),
                witness_utxo: input.witness_utxo.take(),
                ..Input::default()
            };
            let next = DerivationIndex::new(1).expect("small");
            account(script_type).annotate_input(Branch::Receive, next, input);
        });
        assert_eq!(refused, SigningProblem::ForeignKey { input: 0 }, "{script_type}");
    }
}

#[test]
fn a_taproot_output_with_a_script_path_is_not_ours() {
    use bitcoin::hashes::Hash;
    let refused = refusal(&[ScriptType::Taproot], |psbt| {
        psbt.inputs[0].tap_merkle_root = Some(bitcoin::TapNodeHash::all_zeros());
    });
    assert_eq!(refused, SigningProblem::ForeignKey { input: 0 });
}

#[test]
fn inputs_of_others_are_left_alone() {
    let words = "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong";
    let seed = Seed::new(&Words::parse(words).expect("good words"), "");
    let mut stranger = SoftwareSigner::new(seed, NETWORK);
    let draft = draft(&all());
    let mut psbt = draft.clone();
    stranger.sign(&mut psbt).expect("nothing to do");
    assert_eq!(psbt, draft);
    assert_eq!(finish(&psbt, &draft), Err(SigningProblem::Incomplete));
}

#[test]
fn what_comes_back_must_be_what_was_drafted() {
    let draft = draft(&[ScriptType::Segwit]);
    let mut other = draft.clone();
    other.unsigned_tx.output[0].value -= Amount::from_sat(1);
    let signed_other = signed(&other).expect("a good draft");
    assert_eq!(finish(&signed_other, &draft), Err(SigningProblem::Altered));
    let mut pretended = signed_other;
    pretended.unsigned_tx = draft.unsigned_tx.clone();
    assert_eq!(finish(&pretended, &draft), Err(SigningProblem::Invalid));
    let mut cut = signed(&draft).expect("a good draft");
    cut.inputs.clear();
    assert_eq!(finish(&cut, &draft), Err(SigningProblem::Altered));
    assert_eq!(signer().sign(&mut cut), Err(SigningProblem::Altered));
}

#[test]
fn a_signature_that_leaves_something_open_is_not_passed_on() {
    let draft = draft(&[ScriptType::Segwit]);
    let mut signed = signed(&draft).expect("a good draft");
    for signature in signed.inputs[0].partial_sigs.values_mut() {
        signature.sighash_type = EcdsaSighashType::None;
    }
    assert_eq!(finish(&signed, &draft), Err(SigningProblem::SighashType { input: 0 }));
}

/// What a signer gives back besides signatures changes nothing.
#[test]
fn only_signatures_are_taken_from_a_signer() {
    let draft = draft(&[ScriptType::Segwit]);
    let mut signed = signed(&draft).expect("a good draft");
    let expected = finish(&signed, &draft).expect("good signatures");
    signed.inputs[0].final_script_witness = Some(Witness::from_slice(&[[1]]));
    signed.inputs[0].non_witness_utxo = None;
    signed.inputs[0].redeem_script = Some(ScriptBuf::new());
    assert_eq!(finish(&signed, &draft), Ok(expected));
}

proptest! {
    /// Bytes of a PSBT that changed on the way never make the signer panic, and never a
    /// transaction other than the drafted one.
    #[test]
    fn a_mangled_psbt_is_survived(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let draft = draft(&all());
        let mut bytes = draft.serialize();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(mut mangled) = Psbt::deserialize(&bytes)
            && signer().sign(&mut mangled).is_ok()
            && let Ok(transaction) = finish(&mangled, &draft)
        {
            prop_assert_eq!(transaction.compute_ntxid(), draft.unsigned_tx.compute_ntxid());
        }
    }
}
