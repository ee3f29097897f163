//! Owns a stranger: somebody who has the JSON of `billfold prove` and nothing else, and computes
//! everything in it again.
//!
//! Refuses to use any code of billfold: hashes are put together by hand, as the protocol has them.

use anyhow::{Context, Result, ensure};
use bitcoin::Transaction;
use bitcoin::block::Header;
use bitcoin::consensus::deserialize;
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::hex::{DisplayHex as _, FromHex as _};
use serde_json::Value;

/// Checks a proof. Whether its block is on the best chain is for who has the header chain.
///
/// # Errors
/// What does not hold.
pub fn check(proof: &Value) -> Result<()> {
    let transaction: Transaction = deserialize(&hex(&proof["hex"])?)?;
    let txid = transaction.compute_txid();
    ensure!(txid.to_string() == text(&proof["txid"])?, "the transaction has another id");

    let headers = list(&proof["headers"])?.iter().map(hex).collect::<Result<Vec<_>>>()?;
    let first = headers.first().context("no header")?;
    ensure!(in_reverse(sha256d::Hash::hash(first)) == text(&proof["block"])?, "another block");
    let root = merkle_root(txid.to_byte_array(), proof)?;
    ensure!(first[36..68] == root, "the branch leads elsewhere");
    ensure!(
        root.iter().rev().copied().collect::<Vec<_>>().to_lower_hex_string()
            == text(&proof["merkle_root"])?
    );
    ensure!(u64::from(u32::from_le_bytes(first[68..72].try_into()?)) == number(&proof["time"])?);

    for pair in headers.windows(2) {
        ensure!(pair[1][4..36] == *sha256d::Hash::hash(&pair[0]).as_byte_array(), "a gap");
    }
    for bytes in &headers {
        let header: Header = deserialize(bytes)?;
        header.validate_pow(header.target())?;
    }
    ensure!(headers.len() as u64 == number(&proof["confirmations"])?.min(6));

    if proof["filter_header"].is_string() {
        let parts = [&proof["filter_hash"], &proof["previous_filter_header"]];
        let parts = parts.map(reversed).into_iter().collect::<Result<Vec<_>>>()?;
        let header = sha256d::Hash::hash(&parts.concat());
        ensure!(in_reverse(header) == text(&proof["filter_header"])?, "another filter header");
    }
    let agreeing = list(&proof["peers_agreeing"])?.len() as u64;
    ensure!(agreeing <= number(&proof["peers"])?, "more agree than there are");
    Ok(())
}

/// The root that the branch leads to: at each step the position's lowest bit says on which side
/// the sibling is.
fn merkle_root(txid: [u8; 32], proof: &Value) -> Result<[u8; 32]> {
    let mut place = number(&proof["position"])?;
    let mut node = txid;
    for step in list(&proof["branch"])? {
        let sibling = reversed(&step["hash"])?;
        let right = place % 2 == 1;
        ensure!(text(&step["side"])? == if right { "left" } else { "right" }, "sides differ");
        let both = if right { [&sibling, &node[..]] } else { [&node[..], &sibling] };
        node = sha256d::Hash::hash(&both.concat()).to_byte_array();
        place /= 2;
    }
    ensure!(place == 0, "the position is beyond the tree");
    Ok(node)
}

fn in_reverse(hash: sha256d::Hash) -> String {
    let bytes: Vec<u8> = hash.as_byte_array().iter().rev().copied().collect();
    bytes.to_lower_hex_string()
}

fn reversed(value: &Value) -> Result<Vec<u8>> {
    let mut bytes = hex(value)?;
    bytes.reverse();
    ensure!(bytes.len() == 32, "not a hash: {value}");
    Ok(bytes)
}

fn hex(value: &Value) -> Result<Vec<u8>> {
    Ok(Vec::from_hex(text(value)?)?)
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("not a text: {value}"))
}

fn number(value: &Value) -> Result<u64> {
    value.as_u64().with_context(|| format!("not a number: {value}"))
}

fn list(value: &Value) -> Result<&[Value]> {
    Ok(value.as_array().with_context(|| format!("not a list: {value}"))?)
}
