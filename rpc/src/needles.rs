//! Owns `Needles`: scripts that a caller looks for in filters and blocks (BIP158).
//!
//! Refuses to say that a block does not spend from them where it may: what inputs spend is not in a
//! block, and most inputs tell only what they could.

use std::collections::BTreeSet;

use billfold_wallet_core::light_client::filter::matcher::Matcher;
use billfold_wallet_core::light_client::filter::packed_scripts::PackedScripts;
use billfold_wallet_core::light_client::height::BlockId;
use billfold_wallet_core::light_client::kept::{FoundFilters, KeptFilter};
use bitcoin::hashes::Hash as _;
use bitcoin::script::Instruction;
use bitcoin::{Block, PubkeyHash, Script, ScriptBuf, ScriptHash, TxIn, WPubkeyHash, WScriptHash};

/// Scripts to look for.
#[derive(Debug)]
pub struct Needles {
    scripts: BTreeSet<ScriptBuf>,
    packed: PackedScripts,
    /// Whether one is a witness program of a version above 0: what spends it need not tell.
    has_later_witness: bool,
    /// Whether one tells nothing of what spends it, as a bare key does.
    has_bare: bool,
    /// Whether one is of a key's hash: what spends it may be more than signature and key.
    has_key_hash: bool,
}

impl Needles {
    /// Those of these scripts that can be in a filter.
    #[must_use]
    pub fn new(scripts: BTreeSet<ScriptBuf>) -> Self {
        let any = |is: fn(&Script) -> bool| scripts.iter().any(|script| is(script));
        let is_bare = |script: &Script| {
            !(script.is_p2pkh() || script.is_p2sh() || script.is_witness_program())
        };
        Self {
            packed: scripts.iter().filter(|script| !script.is_empty()).collect(),
            has_later_witness: any(|script| {
                script.witness_version().is_some_and(|version| version.to_num() > 0)
            }),
            has_bare: any(is_bare),
            has_key_hash: any(Script::is_p2pkh),
            scripts,
        }
    }

    /// The blocks of which a filter has one of them, in their order. What can't be read or did not
    /// come may have any.
    #[must_use]
    pub fn matches(&self, found: &FoundFilters) -> BTreeSet<BlockId> {
        let mut matcher = Matcher::new();
        let mut is_match = |filter: &&KeptFilter| {
            matcher.matches_any(&filter.bytes, filter.id.block.hash, &self.packed).unwrap_or(true)
        };
        let matching = found.filters.iter().filter(|filter| is_match(filter));
        let ids = matching.map(|filter| filter.id).chain(found.unread.iter().copied());
        ids.map(|id| id.block).collect()
    }

    /// Whether a block pays one of them, or may spend from one.
    #[must_use]
    pub fn may_be_in(&self, block: &Block) -> bool {
        let mut outputs = block.txdata.iter().flat_map(|transaction| &transaction.output);
        let mut inputs = block.txdata.iter().flat_map(|transaction| &transaction.input);
        outputs.any(|output| self.contains(&output.script_pubkey))
            || inputs.any(|input| self.may_be_spent_by(input))
    }

    /// Whether a script is one of them.
    #[must_use]
    pub fn contains(&self, script: &Script) -> bool {
        self.scripts.contains(script)
    }

    /// Whether an input may spend from one of them.
    #[must_use]
    pub fn may_be_spent_by(&self, input: &TxIn) -> bool {
        if input.previous_output.is_null() {
            return false;
        }
        let (signature, witness) = (&input.script_sig, &input.witness);
        if signature.is_empty() {
            // A witness program by itself, or a bare script that needs nothing.
            let last = witness.last().unwrap_or_default();
            let has = |script: ScriptBuf| self.scripts.contains(&script);
            return self.has_later_witness
                || (self.has_bare && witness.is_empty())
                || has(ScriptBuf::new_p2wpkh(&WPubkeyHash::hash(last)))
                || has(ScriptBuf::new_p2wsh(&WScriptHash::hash(last)));
        }
        let is_free = self.has_bare || (self.has_key_hash && !signature.is_push_only());
        if is_free && witness.is_empty() {
            return true;
        }
        let pushes = signature.instructions().filter_map(|instruction| match instruction {
            Ok(Instruction::PushBytes(bytes)) => Some(bytes.as_bytes()),
            _ => None,
        });
        let mut pushes = pushes;
        pushes.any(|bytes| {
            self.scripts.contains(&ScriptBuf::new_p2sh(&ScriptHash::hash(bytes)))
                || self.scripts.contains(&ScriptBuf::new_p2pkh(&PubkeyHash::hash(bytes)))
        })
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::constants::genesis_block;
    use bitcoin::script::{Builder, PushBytesBuf};
    use bitcoin::{Network, OutPoint, Sequence, Transaction, TxOut, Txid, Witness};
    use bitcoin::{absolute, transaction};

    use super::*;

    const KEY: [u8; 33] = [2; 33];

    fn block(script_sig: ScriptBuf, witness: &[&[u8]], pays: ScriptBuf) -> Block {
        let mut block = genesis_block(Network::Regtest);
        let previous_output = OutPoint::new(Txid::from_byte_array([3; 32]), 1);
        let witness = Witness::from_slice(witness);
        block.txdata.push(Transaction {
            version: transaction::Version::TWO,
            lock_time: absolute::LockTime::ZERO,
            input: vec![TxIn { previous_output, script_sig, sequence: Sequence::MAX, witness }],
            output: vec![TxOut { value: bitcoin::Amount::ONE_BTC, script_pubkey: pays }],
        });
        block
    }

    fn pushing(items: &[&[u8]]) -> ScriptBuf {
        let push = |builder: Builder, item: &&[u8]| {
            builder.push_slice(PushBytesBuf::try_from(item.to_vec()).expect("short"))
        };
        items.iter().fold(Builder::new(), push).into_script()
    }

    fn is_in(needle: &ScriptBuf, block: &Block) -> bool {
        Needles::new(BTreeSet::from([needle.clone()])).may_be_in(block)
    }

    /// A payment that is left out is one that the caller never hears of.
    #[test]
    fn no_block_is_left_out_that_pays_or_may_spend() {
        let redeem = ScriptBuf::new_p2wpkh(&WPubkeyHash::hash(&KEY));
        let (of_key, of_script) = (
            ScriptBuf::new_p2pkh(&PubkeyHash::hash(&KEY)),
            ScriptBuf::new_p2wsh(&WScriptHash::hash(&[0x51])),
        );
        let wrapped = ScriptBuf::new_p2sh(&ScriptHash::hash(redeem.as_bytes()));
        let taproot = Builder::new().push_int(1).push_slice([7; 32]).into_script();
        let bare = pushing(&[&KEY]);
        let (empty, signature) = (ScriptBuf::new(), &[9; 71][..]);
        let spends = [
            (&redeem, block(empty.clone(), &[signature, &KEY], bare.clone())),
            (&of_script, block(empty.clone(), &[&[0x51]], bare.clone())),
            (&wrapped, block(pushing(&[redeem.as_bytes()]), &[signature, &KEY], bare.clone())),
            (&of_key, block(pushing(&[signature, &KEY]), &[], empty.clone())),
            (&taproot, block(empty.clone(), &[&[8; 64]], bare.clone())),
            (&bare, block(pushing(&[signature]), &[], empty.clone())),
        ];
        for (place, (needle, block)) in spends.iter().enumerate() {
            assert!(is_in(needle, block), "{place}");
            for (other, (stranger, _)) in spends.iter().enumerate() {
                let unknowable = [&taproot, &bare].contains(stranger);
                let pays = block.txdata[1].output[0].script_pubkey == **stranger;
                let expected = other == place || pays;
                assert!(unknowable || is_in(stranger, block) == expected, "{place} {other}");
            }
        }
        let (_, spend) = &spends[0];
        assert!(is_in(&bare, spend), "it is paid");
        let stranger = ScriptBuf::new_p2wpkh(&WPubkeyHash::hash(&[3; 33]));
        assert!(!is_in(&stranger, &genesis_block(Network::Regtest)));
    }
}
