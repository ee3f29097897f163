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
        let rows = if params.network == Network::Bitcoin { MAINNET } else { &[] };
        rows.iter()
            .rev()
            .find(|row| Height::new(row.0) < height)
            .map_or_else(|| Self::genesis(params), Self::from_row)
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

    fn from_row(&(height, hash, next_bits, work): &Row) -> Self {
        Self {
            block: BlockId::new(
                Height::new(height),
                hash.parse().expect("the table holds block hashes"),
            ),
            time: None,
            next_bits: CompactTarget::from_consensus(next_bits),
            work: Work::from_unprefixed_hex(work).expect("the table holds work"),
        }
    }
}

/// 2012-01-01 00:00 UTC.
const YEAR_2012: u64 = 1_325_376_000;

/// Height, block hash, bits of the next block, chain work.
type Row = (u32, &'static str, u32, &'static str);

/// Ends of retarget periods on mainnet. The sums of work agree with the minimum chain work that
/// Bitcoin Core 31.99 publishes for block 938,343.
const MAINNET: &[Row] = &[
    (
        50_399,
        "000000001ae6f66fd4de47f8d6f357e798943bbfc4f39ebf14b0975fab059173",
        0x1c20bca7,
        "000000000000000000000000000000000000000000000000000153be8a040220",
    ),
    (
        100_799,
        "0000000000025afe84e27423011af25f777e5a94545dbd00fd04bebe9050f7dd",
        0x1b0404cb,
        "00000000000000000000000000000000000000000000000006f5629da3560ee0",
    ),
    (
        151_199,
        "000000000000081baa3a716d5f9ab072c9fc3b798900234c9be23ab02a287c30",
        0x1a0df0ca,
        "0000000000000000000000000000000000000000000000086e4e1f0dc8b7fa60",
    ),
    (
        201_599,
        "000000000000041fb61665c8a31b8b5c3ae8fe81903ea81530c979d5094e6f9d",
        0x1a057e08,
        "00000000000000000000000000000000000000000000001bd16dfe8636359a80",
    ),
    (
        251_999,
        "000000000000004f6a191a3261274735292bc30a1f79f23a143e4ee7dd2f64c1",
        0x19548732,
        "0000000000000000000000000000000000000000000000927b55a53fe0b5f960",
    ),
    (
        302_399,
        "00000000000000000ee9b585e0a707347d7c80f3a905f48fa32d448917335366",
        0x18692842,
        "000000000000000000000000000000000000000000006d8074912a6737d3d380",
    ),
    (
        352_799,
        "000000000000000000c4ccbdd98c267bd16bda12b63b648c47af3ac51c1cc574",
        0x181717f0,
        "0000000000000000000000000000000000000000000643ec461b119e93fa0120",
    ),
    (
        403_199,
        "00000000000000000404b6939e6c35a5448386e5d58f318c82ce2fefb7d73e47",
        0x1806a4c3,
        "00000000000000000000000000000000000000000013fc8a1001c47b4dec7d80",
    ),
    (
        453_599,
        "000000000000000000587912ced677698c86eec8b1d70144dccb1c6b0bad0f17",
        0x18027e93,
        "0000000000000000000000000000000000000000003ff2e4225485aa755b79a0",
    ),
    (
        503_999,
        "000000000000000000720da39f66f29337b9a29223e1ce05fd5ee57bb72a9223",
        0x177e578c,
        "000000000000000000000000000000000000000000e8ac5170255ea89b74f900",
    ),
    (
        554_399,
        "00000000000000000015a08d0a60237487070fe0d956d5fb5fd9d21ad6d7b2d3",
        0x17371ef4,
        "0000000000000000000000000000000000000000046978f859a2d324a4f423a0",
    ),
    (
        604_799,
        "00000000000000000002fb021eeb13e47021920faf6e5daa3c40bc552c4d248e",
        0x1715b23e,
        "00000000000000000000000000000000000000000a42c5c116143a6675fe4c40",
    ),
    (
        655_199,
        "00000000000000000005e17383e25f65b531d50060b99ed66f673ea251949e4b",
        0x1710c433,
        "0000000000000000000000000000000000000000155898b9afe71b5bc6234aa0",
    ),
    (
        705_599,
        "000000000000000000029da63650d127e160033c93393da77302320bd8ee4958",
        0x170e0408,
        "000000000000000000000000000000000000000022eaeae8d7274e795d554f80",
    ),
    (
        755_999,
        "0000000000000000000136eb131bc275961ef87f4a06f56d849ef7de6067a83c",
        0x1708f9ae,
        "000000000000000000000000000000000000000035f09bf93cdfc637c4eb12a0",
    ),
    (
        806_399,
        "00000000000000000002f985a10a40897d04888ac10c8ac75867a50b016eb6ef",
        0x170532ae,
        "00000000000000000000000000000000000000005488016273a78dc542ed11a0",
    ),
    (
        856_799,
        "0000000000000000000314bc1981218b70bf539ae13ac1e41eefc1ad7a605049",
        0x17033d76,
        "000000000000000000000000000000000000000088ee16bb485893eb55b2efe0",
    ),
    (
        907_199,
        "00000000000000000000a4b1cede1eba74d67df322ca415468f277aa7b508f47",
        0x1702349e,
        "0000000000000000000000000000000000000000d51ab058830b1b4ca26d2260",
    ),
    (
        945_503,
        "000000000000000000013b92be651a8dacc65df22e940c9c7efbfbf22289a287",
        0x17021369,
        "000000000000000000000000000000000000000120723ef34617bee34ca038c0",
    ),
    (
        947_519,
        "000000000000000000005cdac4445b711a17c3155cc5df32013a5288a402b4cb",
        0x17021ff0,
        "0000000000000000000000000000000000000001243d6d8d7e6080c5a37c3c00",
    ),
    (
        949_535,
        "0000000000000000000158e0e476f624bf4d50fd64f6ff418501fe55c7ff0dcf",
        0x17020f79,
        "000000000000000000000000000000000000000127f23e2a37b13f61d54171a0",
    ),
    (
        951_551,
        "0000000000000000000195dd7790358834443ede81e6800d8c497aa58040790d",
        0x1702068f,
        "00000000000000000000000000000000000000012bc4acb21d590ea6d3fcbcc0",
    ),
    (
        953_567,
        "00000000000000000001b315e72169bef4867bf780527aa97c625ee9c001dc5d",
        0x170240c3,
        "00000000000000000000000000000000000000012fa7ecf8d5705e356fd4a680",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_end_retarget_periods_and_rise_in_work() {
        let params = Params::mainnet();
        let mut last = Anchor::genesis(&params);
        for anchor in MAINNET.iter().map(Anchor::from_row) {
            assert_eq!(anchor.block.height.next().to_u32() % params.retarget_interval, 0);
            assert!(anchor.work > last.work && anchor.block.height > last.block.height);
            last = anchor;
        }
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
