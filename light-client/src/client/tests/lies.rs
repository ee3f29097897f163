//! Owns the lies of test peers about filters: each consistent with the filter headers and the
//! checkpoints of its peer, so that no hash of its own gives it away.

use bitcoin::bip158::BlockFilterWriter;
use bitcoin::hashes::Hash as _;
use bitcoin::{Block, FilterHash, ScriptBuf};

use super::world::{MINER, SOMEBODY};

/// What a peer says of the filter of one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lie {
    /// It leaves a script out.
    Omits(ScriptBuf),
    /// It leaves out what the block spends; nobody can prove it from the block.
    OmitsSpent,
    /// It adds a script.
    Adds(ScriptBuf),
    /// It has no elements.
    Empty,
    /// It ends in the middle of an element.
    Truncated,
    /// It counts more elements than it has bytes.
    HugeCount,
    /// As `OmitsSpent`, but it never comes.
    Withheld,
    /// What comes is not what was committed to.
    Mismatched,
    /// It has far more elements than its block, and is well-formed.
    Bloated,
}

impl Lie {
    /// The hash that the peer commits to, and what it sends.
    pub(super) fn told(&self, block: &Block, truth: &[u8]) -> (FilterHash, Option<Vec<u8>>) {
        let sent = match self {
            Self::Omits(script) => filter(block, |element| element != script.as_bytes(), None),
            Self::OmitsSpent | Self::Withheld => filter(block, |element| element != SOMEBODY, None),
            Self::Adds(script) => filter(block, |_| true, Some(script)),
            Self::Empty => vec![0],
            Self::Truncated => truth[..truth.len() - 1].to_vec(),
            Self::HugeCount => [&[0xfe, 0xff, 0xff, 0xff, 0x0f], truth].concat(),
            // Every code is a zero in unary and a remainder of zero.
            Self::Bloated => {
                [&[0xfe][..], &BLOATED.to_le_bytes(), &vec![0; BLOATED as usize * 20 / 8]].concat()
            }
            Self::Mismatched => return (FilterHash::all_zeros(), Some(truth.to_vec())),
        };
        let hash = FilterHash::hash(&sent);
        (hash, (*self != Self::Withheld).then_some(sent))
    }
}

/// Elements of a bloated filter: 250 kB.
const BLOATED: u32 = 100_000;

fn filter(block: &Block, keeps: impl Fn(&[u8]) -> bool, more: Option<&ScriptBuf>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = BlockFilterWriter::new(&mut bytes, block);
    let outputs = block.txdata.iter().flat_map(|tx| &tx.output);
    let outputs = outputs.map(|output| output.script_pubkey.as_bytes());
    let outputs = outputs.filter(|script| script.first() != Some(&0x6a));
    let spent = (block.txdata.len() > 1).then_some(SOMEBODY);
    let elements = outputs.chain(spent).filter(|element| keeps(element));
    for element in elements.chain(more.map(|script| script.as_bytes())) {
        writer.add_element(element);
    }
    writer.finish().expect("a vector takes all");
    if bytes.len() == 1 {
        // The library's filter without elements.
        return vec![0];
    }
    bytes
}

/// The miner is paid in every block.
pub(super) fn miner() -> ScriptBuf {
    ScriptBuf::from_bytes(MINER.to_vec())
}
