//! Real blocks of the default signet, and blocks signed here for challenges of every kind.

use bitcoin::block::Version as BlockVersion;
use bitcoin::consensus::{deserialize, serialize};
use bitcoin::hashes::Hash as _;
use bitcoin::hex::FromHex as _;
use bitcoin::opcodes::all::{OP_ADD, OP_CHECKSIG, OP_DROP, OP_EQUAL};
use bitcoin::script::PushBytesBuf;
use bitcoin::secp256k1::{Message, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::{BlockHash, PrivateKey, PublicKey};

use super::*;
use crate::params::Params;

fn signet_blocks() -> Vec<Block> {
    let lines = include_str!("../../../fixtures/signet-blocks.hex").lines();
    let lines = lines.filter(|line| !line.starts_with('#'));
    lines
        .map(|line| deserialize(&Vec::from_hex(line).expect("hexadecimal")).expect("a block"))
        .collect()
}

fn default_challenge() -> ScriptBuf {
    Params::signet().signet_challenge.expect("a signet has one")
}

#[test]
fn blocks_of_the_default_signet_solve_its_challenge() {
    for block in signet_blocks() {
        assert_eq!(check(&default_challenge(), &block), Ok(Solution::Right));
    }
}

#[test]
fn a_signature_holds_for_one_block_and_one_challenge() {
    let blocks = signet_blocks();
    let challenge = default_challenge();
    // The same two keys, but both must sign: as in Bitcoin Core's own test.
    let mut both = challenge.to_bytes();
    both[0] = 0x52;
    assert_eq!(check(Script::from_bytes(&both), &blocks[0]), Err(SolutionError::Wrong));
    let mut later = blocks[0].clone();
    later.header.time += 1;
    assert_eq!(check(&challenge, &later), Err(SolutionError::Wrong));
    let mut elsewhere = blocks[0].clone();
    elsewhere.txdata[0].output[0].value = Amount::ONE_BTC;
    assert_eq!(check(&challenge, &elsewhere), Err(SolutionError::Wrong));
    // Not signed: the nonce.
    let mut mined = blocks[0].clone();
    mined.header.nonce += 1;
    assert_eq!(check(&challenge, &mined), Ok(Solution::Right));
    let mut other = blocks[0].clone();
    other.txdata[0].output[1] = blocks[1].txdata[0].output[1].clone();
    assert_eq!(check(&challenge, &other), Err(SolutionError::Wrong));
}

#[test]
fn a_block_without_a_solution_is_refused() {
    let mut block = signet_blocks().remove(0);
    let script = block.txdata[0].output[1].script_pubkey.to_bytes();
    let mut with = |bytes: &[u8]| {
        block.txdata[0].output[1].script_pubkey = ScriptBuf::from_bytes(bytes.to_vec());
        check(&default_challenge(), &block)
    };
    assert_eq!(with(&script[..38]), Err(SolutionError::Wrong), "only the witness commitment");
    assert_eq!(with(&[]), Err(SolutionError::NoCommitment));
    let extra = [&script[..38], &[6, 0xec, 0xc7, 0xda, 0xa2, 0, 9]].concat();
    assert_eq!(with(&extra), Err(SolutionError::Malformed));
    let mut trailing = script.clone();
    trailing[39] += 1;
    trailing.push(0);
    assert_eq!(with(&trailing), Err(SolutionError::Malformed));
    // The second push of that kind counts for nothing.
    let second = [&script[..], &[6, 0xec, 0xc7, 0xda, 0xa2, 0, 0]].concat();
    assert_eq!(with(&second), Err(SolutionError::Wrong), "it is signed with the rest");
    assert_eq!(with(&script), Ok(Solution::Right));
}

fn key() -> (PrivateKey, PublicKey) {
    let secret = SecretKey::from_slice(&[7; 32]).expect("in range");
    let key = PrivateKey::new(secret, bitcoin::Network::Signet);
    (key, key.public_key(&Secp256k1::new()))
}

/// A block of two transactions whose solution for the challenge `solve` makes of the two virtual
/// transactions.
fn solved(
    challenge: &Script,
    solve: impl Fn(&Transaction, &Transaction) -> (ScriptBuf, Witness),
) -> Block {
    let mut block = signet_blocks().remove(0);
    block.header.version = BlockVersion::TWO;
    block.header.prev_blockhash = BlockHash::all_zeros();
    let mut payment = block.txdata[0].clone();
    payment.lock_time = LockTime::ZERO;
    block.txdata.push(payment);
    let bare = block.txdata[0].output[1].script_pubkey.as_bytes()[..38].to_vec();
    let with = |solution: &[u8]| {
        let push = PushBytesBuf::try_from([HEADER, solution].concat()).expect("short");
        let push = Builder::new().push_slice(push).into_script();
        ScriptBuf::from_bytes([&bare, push.as_bytes()].concat())
    };
    // Any solution is emptied before it is signed.
    block.txdata[0].output[1].script_pubkey = with(&[0, 0]);
    let (to_spend, to_sign) = virtual_transactions(challenge, &block, 1).expect("well formed");
    let (script_sig, witness) = solve(&to_spend, &to_sign);
    let solution = [serialize(&script_sig), serialize(&witness)].concat();
    block.txdata[0].output[1].script_pubkey = with(&solution);
    block
}

fn legacy_signature(challenge: &Script, to_sign: &Transaction) -> PushBytesBuf {
    let hash = SighashCache::new(to_sign)
        .legacy_signature_hash(0, challenge, EcdsaSighashType::All.to_u32())
        .expect("an input");
    signature(Message::from(hash))
}

fn signature(message: Message) -> PushBytesBuf {
    let signature = Secp256k1::new().sign_ecdsa(&message, &key().0.inner);
    let signature = bitcoin::ecdsa::Signature::sighash_all(signature);
    PushBytesBuf::try_from(signature.to_vec()).expect("short")
}

#[test]
fn challenges_of_every_kind_are_checked() {
    let (_, public) = key();
    let hash = public.wpubkey_hash().expect("compressed");
    let pk = ScriptBuf::new_p2pk(&public);
    let good = solved(&pk, |_, to_sign| {
        let signed = Builder::new().push_slice(legacy_signature(&pk, to_sign));
        (signed.into_script(), Witness::new())
    });
    assert_eq!(check(&pk, &good), Ok(Solution::Right));
    assert_eq!(check(&ScriptBuf::new_p2wpkh(&hash), &good), Err(SolutionError::Wrong));

    let wpkh = ScriptBuf::new_p2wpkh(&hash);
    let good = solved(&wpkh, |_, to_sign| {
        let hash = SighashCache::new(to_sign)
            .p2wpkh_signature_hash(0, &wpkh, Amount::ZERO, EcdsaSighashType::All)
            .expect("an input");
        let signature = signature(Message::from(hash));
        (ScriptBuf::new(), Witness::from_slice(&[signature.as_bytes(), &public.to_bytes()]))
    });
    assert_eq!(check(&wpkh, &good), Ok(Solution::Right));
    let mut bad = good;
    bad.txdata.pop();
    assert_eq!(check(&wpkh, &bad), Err(SolutionError::Wrong), "every transaction is signed");

    let script = Builder::new().push_key(&public).push_opcode(OP_CHECKSIG).into_script();
    let wsh = script.to_p2wsh();
    let good = solved(&wsh, |_, to_sign| {
        let hash = SighashCache::new(to_sign)
            .p2wsh_signature_hash(0, &script, Amount::ZERO, EcdsaSighashType::All)
            .expect("an input");
        let signature = signature(Message::from(hash));
        (ScriptBuf::new(), Witness::from_slice(&[signature.as_bytes(), script.as_bytes()]))
    });
    assert_eq!(check(&wsh, &good), Ok(Solution::Right));
}

#[test]
fn what_can_not_be_run_is_said_to_be_unchecked_and_no_trick_makes_it_so() {
    let odd = Builder::new().push_opcode(OP_ADD).push_int(3).push_opcode(OP_EQUAL).into_script();
    let nothing = |_: &Transaction, _: &Transaction| (ScriptBuf::new(), Witness::new());
    let block = solved(&odd, nothing);
    assert_eq!(check(&odd, &block), Ok(Solution::Unchecked));
    let hidden = |_: &Transaction, _: &Transaction| {
        (ScriptBuf::new(), Witness::from_slice(&[odd.as_bytes()]))
    };
    let wsh = odd.to_p2wsh();
    assert_eq!(check(&wsh, &solved(&wsh, hidden)), Ok(Solution::Unchecked));
    // Showing an odd script that is not the challenge's does not get a block through.
    let other = Builder::new().push_opcode(OP_DROP).into_script().to_p2wsh();
    assert_eq!(check(&other, &solved(&other, hidden)), Err(SolutionError::Wrong));
    let sh = odd.to_p2sh();
    assert_eq!(check(&sh, &solved(&sh, nothing)), Err(SolutionError::Wrong));

    let anyone = Builder::new().push_int(1).into_script();
    let bare = &signet_blocks()[0];
    assert_eq!(check(&anyone, bare), Ok(Solution::Right));
}
