//! Owns the proof that a basic filter (BIP158) is not the filter of its block, as far as the block
//! alone proves it.
//!
//! Refuses guesses: the scripts that a block spends are not in it, and most inputs could spend from
//! more than one script. A key and a signature may stand for P2WPKH, for a script that takes both
//! and checks nothing, or for a taproot leaf; a miner who wanted an honest peer closed off could
//! make such a block. One kind of input leaves no choice: where there is a witness and a script
//! signature, consensus requires a P2SH output whose redeem script that signature pushes (BIP141).

use bitcoin::hashes::{Hash as _, siphash24};
use bitcoin::script::Instruction;
use bitcoin::{Block, Script, ScriptBuf, TxIn};

use crate::filter::gcs::{self, GcsError};

/// Why a filter is not the filter of its block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Disproof {
    /// It is no filter at all.
    #[error("it can't be read: {0}")]
    Unreadable(#[from] GcsError),
    /// It leaves out what an output pays to.
    #[error("it leaves out an output's script")]
    Output(ScriptBuf),
    /// It leaves out what an input spends from.
    #[error("it leaves out the script that an input spends from")]
    Spent(ScriptBuf),
}

/// Looks for a script that must be in the filter of a block and is not.
///
/// # Errors
/// [`Disproof`]: whoever commits to the filter lies.
pub fn check(block: &Block, filter: &[u8]) -> Result<(), Disproof> {
    let mut elements = Vec::new();
    let range = gcs::read(filter, &mut elements)?;
    let (k0, k1) = filter_key(block);
    let is_in = |script: &Script| {
        let hash = siphash24::Hash::hash_to_u64_with_keys(k0, k1, script.as_bytes());
        let value = (u128::from(hash) * u128::from(range)) >> 64;
        // Less than `range`, which is a `u64`.
        u64::try_from(value).is_ok_and(|value| elements.binary_search(&value).is_ok())
    };
    for output in block.txdata.iter().flat_map(|transaction| &transaction.output) {
        let script = &output.script_pubkey;
        if !script.is_empty() && !script.is_op_return() && !is_in(script) {
            return Err(Disproof::Output(script.clone()));
        }
    }
    for input in block.txdata.iter().flat_map(|transaction| &transaction.input) {
        if let Some(script) = spent_script(input)
            && !is_in(&script)
        {
            return Err(Disproof::Spent(script));
        }
    }
    Ok(())
}

/// The first sixteen bytes of the block hash, in its internal order (BIP158).
fn filter_key(block: &Block) -> (u64, u64) {
    let hash = block.block_hash().to_byte_array();
    let (words, _) = hash.as_chunks::<8>();
    (u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1]))
}

/// The script that an input spends from, where consensus leaves no other.
fn spent_script(input: &TxIn) -> Option<ScriptBuf> {
    if input.previous_output.is_null() || input.witness.is_empty() {
        return None;
    }
    let mut pushes = input.script_sig.instructions_minimal();
    let (Some(Ok(Instruction::PushBytes(redeem))), None) = (pushes.next(), pushes.next()) else {
        return None;
    };
    let redeem = Script::from_bytes(redeem.as_bytes());
    redeem.is_witness_program().then(|| redeem.to_p2sh())
}

#[cfg(test)]
mod tests {
    use bitcoin::bip158::BlockFilterWriter;
    use bitcoin::hashes::hash160;
    use bitcoin::opcodes::all::OP_RETURN;
    use bitcoin::script::{Builder, PushBytesBuf};
    use bitcoin::{
        Amount, Network, OutPoint, ScriptHash, Sequence, Transaction, TxOut, Txid, WPubkeyHash,
        Witness,
    };

    use super::*;

    fn wrapped() -> (ScriptBuf, ScriptBuf) {
        let redeem = ScriptBuf::new_p2wpkh(&WPubkeyHash::from_byte_array([6; 20]));
        let spent = ScriptBuf::new_p2sh(&ScriptHash::from_byte_array(
            hash160::Hash::hash(redeem.as_bytes()).to_byte_array(),
        ));
        let push = PushBytesBuf::try_from(redeem.into_bytes()).unwrap();
        (Builder::new().push_slice(push).into_script(), spent)
    }

    /// A block that pays two scripts and nobody, and spends by the script signature and witness.
    fn block(script_sig: ScriptBuf, witness: Witness) -> Block {
        let mut block = bitcoin::constants::genesis_block(Network::Regtest);
        let pay = |script_pubkey| TxOut { value: Amount::from_sat(1), script_pubkey };
        let data = Builder::new().push_opcode(OP_RETURN).push_int(7).into_script();
        let previous_output = OutPoint::new(Txid::from_byte_array([3; 32]), 1);
        block.txdata.push(Transaction {
            version: bitcoin::transaction::Version::TWO,
            lock_time: bitcoin::absolute::LockTime::ZERO,
            input: vec![TxIn { previous_output, script_sig, sequence: Sequence::MAX, witness }],
            output: vec![pay(script(1)), pay(script(2)), pay(data), pay(ScriptBuf::new())],
        });
        block
    }

    fn script(n: u8) -> ScriptBuf {
        ScriptBuf::from_bytes(vec![0x51, n])
    }

    fn filter(block: &Block, scripts: &[ScriptBuf]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = BlockFilterWriter::new(&mut bytes, block);
        for script in scripts {
            writer.add_element(script.as_bytes());
        }
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn a_filter_with_every_script_is_not_disproved_whatever_it_adds() {
        let (script_sig, spent) = wrapped();
        let block = block(script_sig, Witness::from_slice(&[[1]]));
        let miner = block.txdata[0].output[0].script_pubkey.clone();
        let mut scripts = vec![miner, script(1), script(2), spent];
        assert_eq!(check(&block, &filter(&block, &scripts)), Ok(()));
        scripts.push(script(9));
        assert_eq!(check(&block, &filter(&block, &scripts)), Ok(()));
    }

    #[test]
    fn what_is_left_out_is_named() {
        let (script_sig, spent) = wrapped();
        let block = block(script_sig, Witness::from_slice(&[[1]]));
        let miner = block.txdata[0].output[0].script_pubkey.clone();
        let scripts = [miner, script(1), script(2), spent.clone()];
        for left_out in &scripts {
            let kept = scripts.iter().filter(|script| *script != left_out).cloned();
            let disproof = check(&block, &filter(&block, &kept.collect::<Vec<_>>()));
            let expected = if *left_out == spent {
                Disproof::Spent(spent.clone())
            } else {
                Disproof::Output(left_out.clone())
            };
            assert_eq!(disproof, Err(expected));
        }
        let unreadable = check(&block, &[0xff]);
        assert!(matches!(unreadable, Err(Disproof::Unreadable(_))));
    }

    /// What a miner could mine so that honest filters look false.
    #[test]
    fn nothing_is_derived_from_an_input_that_could_be_another() {
        let (wrapped, _) = wrapped();
        let key = [&[2][..], &[7; 32]].concat();
        let two_pushes = Builder::new().push_slice([1; 71]).push_slice([2; 33]).into_script();
        let no_program = Builder::new().push_slice([0x51]).into_script();
        for (script_sig, witness) in [
            (wrapped, Witness::new()),
            (two_pushes.clone(), Witness::new()),
            (two_pushes, Witness::from_slice(&[[1]])),
            (no_program, Witness::from_slice(&[[1]])),
            (ScriptBuf::new(), Witness::from_slice(&[vec![1; 71], key])),
        ] {
            let block = block(script_sig, witness);
            let miner = block.txdata[0].output[0].script_pubkey.clone();
            let filter = filter(&block, &[miner, script(1), script(2)]);
            assert_eq!(check(&block, &filter), Ok(()));
        }
    }
}
