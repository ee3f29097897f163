//! Owns a plain, fast writer of basic filters (BIP158), apart from the program's own code.
//!
//! Refuses to read them.

use bitcoin::hashes::{Hash as _, siphash24};
use bitcoin::{BlockHash, ScriptBuf};

/// The basic filter of these scripts under the key of `block`. Scripts that no filter holds are
/// left out by the caller.
#[must_use]
pub fn filter(block: BlockHash, scripts: impl Iterator<Item = ScriptBuf>) -> Vec<u8> {
    let key = block.to_byte_array();
    let half = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| key[at + i]));
    let (low, high) = (half(0), half(8));
    let hash =
        |script: ScriptBuf| siphash24::Hash::hash_to_u64_with_keys(low, high, script.as_bytes());
    let mut hashes: Vec<u64> = scripts.map(hash).collect();
    hashes.sort_unstable();
    // Equal scripts have equal hashes; others that collide would too, once in 2⁶⁴.
    hashes.dedup();
    let range = u128::try_from(hashes.len()).unwrap_or(u128::MAX) * M;
    let mut bits = Bits { bytes: compact_size(hashes.len()), pending: 0, count: 0 };
    let mut last = 0;
    for hash in hashes {
        let value = u64::try_from((u128::from(hash) * range) >> 64).unwrap_or(u64::MAX);
        bits.push_golomb(value - last);
        last = value;
    }
    bits.finish()
}

/// BIP158's M, the inverse of the rate of false positives.
const M: u128 = 784_931;

/// BIP158's P, the bits of a remainder.
const P: u32 = 19;

struct Bits {
    bytes: Vec<u8>,
    pending: u64,
    count: u32,
}

impl Bits {
    fn push_golomb(&mut self, delta: u64) {
        for _ in 0..delta >> P {
            self.push(1, 1);
        }
        self.push(0, 1);
        self.push(delta & ((1 << P) - 1), P);
    }

    fn push(&mut self, value: u64, bits: u32) {
        self.pending = self.pending << bits | value;
        self.count += bits;
        while self.count >= 8 {
            self.count -= 8;
            self.bytes.push((self.pending >> self.count).to_le_bytes()[0]);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.push(0, 8 - self.count);
        }
        self.bytes
    }
}

fn compact_size(count: usize) -> Vec<u8> {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    bitcoin::consensus::serialize(&bitcoin::VarInt(count))
}

#[cfg(test)]
mod tests {
    use bitcoin::bip158::BlockFilter;
    use bitcoin::constants::genesis_block;
    use bitcoin::hex::DisplayHex as _;
    use bitcoin::{Block, Network, OutPoint};

    use super::*;
    use crate::synthetic::recipe::Recipe;

    #[test]
    fn the_filter_of_the_genesis_block_is_the_vector_of_bip158() {
        let genesis = genesis_block(Network::Testnet);
        let script = genesis.txdata[0].output[0].script_pubkey.clone();
        let filter = filter(genesis.block_hash(), [script].into_iter());
        assert_eq!(filter.to_lower_hex_string(), "019dfca8");
    }

    #[test]
    fn filters_are_those_that_bitcoin_makes() {
        let paid = vec![ScriptBuf::from(vec![0x51])];
        let recipe = Recipe { blocks: 400, outputs: 500, paid };
        let header = genesis_block(Network::Regtest).header;
        for height in [1, 7, 125, 400] {
            let block: Block = recipe.block(height, header);
            let theirs = BlockFilter::new_script_filter(&block, |_: &OutPoint| {
                Ok::<ScriptBuf, _>(ScriptBuf::new())
            })
            .unwrap();
            let ours = filter(block.block_hash(), recipe.scripts(height, true));
            assert_eq!(ours, theirs.content, "at height {height}");
        }
    }
}
