//! Owns `Anchor`: a block from which validation starts, with what is needed to go on from it.
//!
//! Refuses to be a shortcut without teeth: an anchor constrains the header after it.

use bitcoin::Network;
use bitcoin::pow::{CompactTarget, Work};

use crate::height::{BlockId, Height};
use crate::params::Params;
use crate::time::WallTime;

/// A trusted start: genesis, or the last block of a retarget period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The block.
    pub block: BlockId,
    /// Its header time, when known; without it, median time past starts with its children.
    pub time: Option<WallTime>,
    /// The bits that the next header must carry.
    pub next_bits: CompactTarget,
    /// The work of the chain up to and with this block.
    pub work: Work,
}

impl Anchor {
    /// The first block of the network, from which everything is validated.
    #[must_use]
    pub fn genesis(params: &Params) -> Self {
        Self {
            block: BlockId::new(Height::GENESIS, params.genesis.block_hash()),
            time: Some(WallTime::new(params.genesis.time.into())),
            next_bits: params.genesis.bits,
            work: params.genesis.work(),
        }
    }

    /// The newest anchor that lies below `height`, so that the block at `height` is validated.
    #[must_use]
    pub fn newest_below(params: &Params, height: Height) -> Self {
        let table = if params.network == Network::Bitcoin { MAINNET } else { "" };
        let below = rows(table).take_while(|anchor| anchor.block.height < height);
        below.last().unwrap_or_else(|| Self::genesis(params))
    }

    /// The newest anchor that surely lies before a birthday.
    ///
    /// Blocks came faster than one in ten minutes on the whole, so counting from genesis at that
    /// pace errs downwards; two weeks of blocks are taken off besides. The pace of the first
    /// three years was slower than that, so a birthday in them starts at genesis.
    #[must_use]
    pub fn newest_before(params: &Params, birthday: WallTime) -> Self {
        if birthday.to_unix() < YEAR_2012 {
            return Self::genesis(params);
        }
        let age = birthday.to_unix().saturating_sub(params.genesis.time.into());
        let blocks = u32::try_from(age / u64::from(params.block_spacing)).unwrap_or(u32::MAX);
        Self::newest_below(params, Height::new(blocks).down(params.retarget_interval))
    }
}

/// 2012-01-01 00:00 UTC.
const YEAR_2012: u64 = 1_325_376_000;

/// Anchors in rising height; the file names its source.
const MAINNET: &str = include_str!("mainnet-anchors.csv");

fn rows(table: &'static str) -> impl Iterator<Item = Anchor> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let [height, hash, next_bits, work] = fields[..] else { unreachable!("four fields a row") };
        let height = Height::new(height.parse().expect("the table holds heights"));
        Anchor {
            block: BlockId::new(height, hash.parse().expect("the table holds block hashes")),
            time: None,
            next_bits: CompactTarget::from_unprefixed_hex(next_bits).expect("the table holds bits"),
            work: Work::from_unprefixed_hex(work).expect("the table holds work"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_end_retarget_periods_and_rise_in_work() {
        let params = Params::mainnet();
        let mut last = Anchor::genesis(&params);
        for anchor in rows(MAINNET) {
            assert_eq!(anchor.block.height.next().to_u32() % params.retarget_interval, 0);
            assert!(anchor.work > last.work && anchor.block.height > last.block.height);
            last = anchor;
        }
        assert_eq!(last.block.height, Height::new(953_567));
    }

    #[test]
    fn a_birthday_never_lies_below_its_anchor() {
        let params = Params::mainnet();
        // Real mainnet blocks: two halvings and the activation of segwit.
        for (time, height) in
            [(1_354_116_278, 210_000), (1_503_539_857, 481_824), (1_713_571_767, 840_000)]
        {
            let anchor = Anchor::newest_before(&params, WallTime::new(time));
            assert!(anchor.block.height < Height::new(height), "{anchor:?}");
        }
        assert_eq!(Anchor::newest_before(&params, WallTime::new(0)), Anchor::genesis(&params));
        assert_eq!(Anchor::newest_below(&params, Height::new(50_399)), Anchor::genesis(&params));
        assert_eq!(
            Anchor::newest_below(&params, Height::new(50_400)).block.height,
            Height::new(50_399)
        );
        let regtest = Params::regtest();
        assert_eq!(
            Anchor::newest_before(&regtest, WallTime::new(1_800_000_000)),
            Anchor::genesis(&regtest)
        );
    }
}
