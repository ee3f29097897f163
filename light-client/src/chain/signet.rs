//! Owns the check that a signet's signers agreed to a block (BIP325).
//!
//! Refuses to run scripts itself: challenges that are not miniscript are said to be unchecked.

use bitcoin::absolute::LockTime;
use bitcoin::block::Header;
use bitcoin::consensus::deserialize_partial;
use bitcoin::opcodes::all::{OP_PUSHNUM_1, OP_RETURN};
use bitcoin::script::{Builder, Instruction};
use bitcoin::secp256k1::Secp256k1;
use bitcoin::sighash::Prevouts;
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, Block, OutPoint, Script, ScriptBuf, Sequence, Transaction, TxIn, TxMerkleNode, TxOut,
    Witness,
};
use miniscript::interpreter::Interpreter;
use miniscript::{BareCtx, Legacy, Miniscript, Segwitv0};

use crate::chain::block_body::{commitment_output, merkle_root};

/// Why a block is not one of its signet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SolutionError {
    /// It has no witness commitment, in which a solution would be.
    #[error("the block has no commitment to carry a solution of the signet's challenge")]
    NoCommitment,
    /// What should be a solution can't be read.
    #[error("the block's solution of the signet's challenge can't be read")]
    Malformed,
    /// Its solution does not satisfy the challenge.
    #[error("the block does not solve the signet's challenge")]
    Wrong,
}

/// Whether a block's solution was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Solution {
    /// It satisfies the challenge.
    Right,
    /// The challenge is of a kind that is not checked here.
    Unchecked,
}

/// Checks the solution of a block above genesis, whose merkle root and witnesses are right.
///
/// # Errors
/// [`SolutionError`] when the signers did not agree to the block.
pub fn check(challenge: &Script, block: &Block) -> Result<Solution, SolutionError> {
    let output = block.txdata.first().and_then(commitment_output);
    let output = output.ok_or(SolutionError::NoCommitment)?;
    if challenge.as_bytes() == [OP_PUSHNUM_1.to_u8()] {
        return Ok(Solution::Right);
    }
    let (to_spend, to_sign) = virtual_transactions(challenge, block, output)?;
    let input = to_sign.input.first().ok_or(SolutionError::Malformed)?;
    if !is_runnable(challenge, input) {
        return Ok(Solution::Unchecked);
    }
    let (script_sig, witness) = (&input.script_sig, &input.witness);
    let (sequence, lock_time) = (input.sequence, to_sign.lock_time);
    let spent = &to_spend.output[0].script_pubkey;
    let interpreter = Interpreter::from_txdata(spent, script_sig, witness, sequence, lock_time)
        .map_err(|_| SolutionError::Wrong)?;
    let secp = Secp256k1::verification_only();
    let prevouts = Prevouts::All(&to_spend.output);
    let mut steps = interpreter.iter(&secp, &to_sign, 0, &prevouts);
    if steps.all(|step| step.is_ok()) { Ok(Solution::Right) } else { Err(SolutionError::Wrong) }
}

/// Whether the interpreter can judge solutions of a challenge. Where the challenge is a hash, only
/// the solution shows its script; a script with another hash is no excuse, so it is judged.
fn is_runnable(challenge: &Script, input: &TxIn) -> bool {
    if challenge.is_p2tr() {
        // Bitcoin Core checks no taproot rules here, so anything goes.
        return false;
    }
    if challenge.is_p2pk() || challenge.is_p2pkh() || challenge.is_p2wpkh() {
        return true;
    }
    if challenge.is_p2wsh() {
        let script = input.witness.last().map(Script::from_bytes);
        return script.is_none_or(|script| {
            script.to_p2wsh() != *challenge
                || Miniscript::<_, Segwitv0>::parse_insane(script).is_ok()
        });
    }
    if challenge.is_p2sh() {
        let last = input.script_sig.instructions().last();
        let Some(Ok(Instruction::PushBytes(bytes))) = last else { return true };
        let script = Script::from_bytes(bytes.as_bytes());
        let nested = script.is_p2wpkh() || script.is_p2wsh();
        return script.to_p2sh() != *challenge
            || nested
            || Miniscript::<_, Legacy>::parse_insane(script).is_ok();
    }
    Miniscript::<bitcoin::PublicKey, BareCtx>::parse_insane(challenge).is_ok()
}

/// The two virtual transactions, "to spend" and "to sign", of a block with its commitment in the
/// coinbase's output of that number.
fn virtual_transactions(
    challenge: &Script,
    block: &Block,
    output: usize,
) -> Result<(Transaction, Transaction), SolutionError> {
    let mut coinbase = block.txdata.first().ok_or(SolutionError::NoCommitment)?.clone();
    let commitment = &mut coinbase.output[output].script_pubkey;
    let (emptied, solution) = take_solution(commitment);
    *commitment = emptied;
    let (script_sig, witness) = read_solution(&solution)?;
    let others = block.txdata.iter().skip(1).map(|tx| tx.compute_txid().to_raw_hash());
    let txids = std::iter::once(coinbase.compute_txid().to_raw_hash()).chain(others).collect();
    let root = merkle_root(txids).ok_or(SolutionError::Malformed)?;

    let signed = signed_bytes(&block.header, TxMerkleNode::from_raw_hash(root));
    let spent_sig = Builder::new().push_int(0).push_slice(signed).into_script();
    let to_spend = virtual_transaction(OutPoint::null(), spent_sig, challenge.to_owned());
    let previous = OutPoint::new(to_spend.compute_txid(), 0);
    let returns = Builder::new().push_opcode(OP_RETURN).into_script();
    let mut to_sign = virtual_transaction(previous, script_sig, returns);
    to_sign.input[0].witness = witness;
    Ok((to_spend, to_sign))
}

fn virtual_transaction(
    previous_output: OutPoint,
    script_sig: ScriptBuf,
    script_pubkey: ScriptBuf,
) -> Transaction {
    let sequence = Sequence::ZERO;
    Transaction {
        version: Version(0),
        lock_time: LockTime::ZERO,
        input: vec![TxIn { previous_output, script_sig, sequence, witness: Witness::new() }],
        output: vec![TxOut { value: Amount::ZERO, script_pubkey }],
    }
}

/// The parts of a header that the signers sign: not the nonce, so that mining goes on.
fn signed_bytes(header: &Header, root: TxMerkleNode) -> [u8; 72] {
    let mut bytes = [0; 72];
    let mut rest = &mut bytes[..];
    let mut put = |part: &[u8]| {
        let (place, after) = std::mem::take(&mut rest).split_at_mut(part.len());
        place.copy_from_slice(part);
        rest = after;
    };
    put(&header.version.to_consensus().to_le_bytes());
    put(header.prev_blockhash.as_ref());
    put(root.as_ref());
    put(&header.time.to_le_bytes());
    bytes
}

/// The commitment's script with its solution emptied, and the solution: the first push that begins
/// with the signet header and has something behind it.
fn take_solution(commitment: &Script) -> (ScriptBuf, Vec<u8>) {
    let mut solution = None;
    let mut emptied = Builder::new();
    for instruction in commitment.instructions() {
        emptied = match instruction {
            Ok(Instruction::PushBytes(bytes)) if bytes.is_empty() => emptied.push_int(0),
            Ok(Instruction::PushBytes(bytes)) => match bytes.as_bytes().strip_prefix(HEADER) {
                Some(behind) if !behind.is_empty() && solution.is_none() => {
                    solution = Some(behind.to_vec());
                    emptied.push_slice(HEADER)
                }
                _ => emptied.push_slice(bytes),
            },
            Ok(Instruction::Op(op)) => emptied.push_opcode(op),
            Err(_) => break,
        };
    }
    match solution {
        Some(solution) => (emptied.into_script(), solution),
        None => (commitment.to_owned(), Vec::new()),
    }
}

fn read_solution(solution: &[u8]) -> Result<(ScriptBuf, Witness), SolutionError> {
    if solution.is_empty() {
        return Ok((ScriptBuf::new(), Witness::new()));
    }
    let malformed = |_| SolutionError::Malformed;
    let (script_sig, read) = deserialize_partial(solution).map_err(malformed)?;
    let (witness, rest) = deserialize_partial(&solution[read..]).map_err(malformed)?;
    if read + rest == solution.len() {
        Ok((script_sig, witness))
    } else {
        Err(SolutionError::Malformed)
    }
}

/// What a solution's push begins with.
const HEADER: &[u8; 4] = &[0xec, 0xc7, 0xda, 0xa2];

#[cfg(test)]
mod tests;
