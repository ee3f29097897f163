//! Owns what can be said about fees without asking anybody: from the rates below which our peers
//! relay nothing (BIP133), and from what recent blocks took in that were downloaded anyway.
//!
//! A light client does not know what the inputs of others hold, so it knows no single fee; but a
//! block's coinbase says what all of them pay together. Refuses to guess: without enough blocks
//! there is no rate for a target, and what there is comes with how far to trust it. Refuses to let one
//! or two peers talk it up: above what blocks pay, a floor takes three.

use std::collections::BTreeMap;

use bitcoin::{Amount, Block, FeeRate, Network, Weight};

use crate::height::Height;
use crate::limits::{FEE_WINDOW, MAX_FEE_RATE, MIN_FEE_RATE, PLAIN_FLOOR};

/// What is known about fees at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeeReport {
    /// The median of the rates below which peers relay nothing; the lower one of two.
    pub floor: Option<FeeRate>,
    /// As much of the floor as the estimates rest on: what is above [`PLAIN_FLOOR`] and above what the
    /// blocks paid, three peers have to ask for. `None` also if no block says what it is to be cut to.
    pub counted: Option<FeeRate>,
    /// How many peers said one.
    pub peers: usize,
    /// How many of the last [`FEE_WINDOW`] blocks were seen whole.
    pub blocks: usize,
    /// For each of [`TARGETS`], in their order.
    pub estimates: Vec<FeeEstimate>,
}

impl FeeReport {
    /// Nothing is known.
    pub const NOTHING: Self =
        Self { floor: None, counted: None, peers: 0, blocks: 0, estimates: Vec::new() };
}

/// What to pay to be in a block within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeEstimate {
    /// The time, in blocks.
    pub target: u16,
    /// The rate; `None` if it is not known.
    pub rate: Option<FeeRate>,
    /// How far to trust it.
    pub confidence: Confidence,
}

/// How far to trust an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Nothing is known.
    None,
    /// It rests on the peers' floors, or on a few blocks.
    Low,
    /// It rests on at least six of the last day's blocks.
    Medium,
    /// It rests on at least half of the last day's blocks, and on the floors of three peers.
    High,
}

impl Confidence {
    /// The name that the command line and JSON use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The times for which there are estimates, in blocks.
pub const TARGETS: [u16; 8] = [1, 2, 3, 6, 12, 24, 144, 1008];

/// What recent blocks took in.
#[derive(Debug, Default)]
pub(crate) struct FeeSamples(BTreeMap<Height, Sample>);

/// One block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sample {
    /// What its transactions pay on average.
    average: FeeRate,
    /// Whether something else may have wanted to be in it.
    full: bool,
}

impl FeeSamples {
    /// Takes in a block of the best chain.
    pub(crate) fn add(&mut self, network: Network, height: Height, block: &Block) {
        if let Some(sample) = Sample::of(network, height, block) {
            self.0.insert(height, sample);
        }
    }

    /// Blocks above this height left the best chain.
    pub(crate) fn truncate_above(&mut self, height: Height) {
        self.0.retain(|sampled, _| *sampled <= height);
    }

    /// Forgets what is no longer recent.
    pub(crate) fn forget_below(&mut self, tip: Height) {
        let oldest = tip.to_u32().saturating_sub(FEE_WINDOW);
        self.0.retain(|sampled, _| sampled.to_u32() > oldest);
    }

    /// What can be said, with the floors that peers named.
    pub(crate) fn report(&self, floors: impl Iterator<Item = FeeRate>) -> FeeReport {
        let mut floors: Vec<FeeRate> =
            floors.map(|floor| floor.clamp(MIN_FEE_RATE, MAX_FEE_RATE)).collect();
        floors.sort_unstable();
        let (floor, peers) = (median(&floors), floors.len());
        let samples: Vec<Sample> = self.0.values().copied().collect();
        let counted = counted(&floors, &samples);
        let estimates = TARGETS.map(|target| estimate(target, counted, peers, &samples)).to_vec();
        FeeReport { floor, counted, peers, blocks: samples.len(), estimates }
    }
}

impl Sample {
    /// `None` for a block without payments: it says nothing.
    fn of(network: Network, height: Height, block: &Block) -> Option<Self> {
        let (coinbase, others) = block.txdata.split_first()?;
        let weight: Weight = others.iter().map(bitcoin::Transaction::weight).sum();
        if weight == Weight::ZERO {
            return None;
        }
        let mut claimed = coinbase.output.iter().map(|output| output.value);
        let claimed = claimed.try_fold(Amount::ZERO, Amount::checked_add)?;
        let fees = claimed.checked_sub(subsidy(network, height)).unwrap_or(Amount::ZERO);
        let rate = u128::from(fees.to_sat()) * 1000 / u128::from(weight.to_wu());
        let rate = FeeRate::from_sat_per_kwu(u64::try_from(rate).unwrap_or(u64::MAX));
        let full = block.weight() >= Weight::MAX_BLOCK / 100 * 95;
        Some(Self { average: rate.clamp(MIN_FEE_RATE, MAX_FEE_RATE), full })
    }

    /// What was enough to be in it: anything above the floor where there was room, else about the
    /// average, of which half of it paid less.
    fn price(self, floor: FeeRate) -> FeeRate {
        if self.full { self.average.max(floor) } else { floor }
    }
}

/// The share of blocks, in hundredths, whose price an estimate for this target meets. A miner can
/// fill a block with payments to itself for nothing, so even the fastest ignores the dearest ones.
const fn share(target: u16) -> usize {
    match target {
        0..=1 => 90,
        2 => 80,
        3 => 70,
        4..=6 => 50,
        7..=12 => 35,
        13..=24 => 25,
        25..=144 => 10,
        _ => 0,
    }
}

/// The median of these sorted floors, or as much of it as one or two liars can't have made up. What
/// blocks paid is proven by their work, and a mempool asks for less than that; for more, fees rose
/// since, which all peers then see.
fn counted(floors: &[FeeRate], samples: &[Sample]) -> Option<FeeRate> {
    let said = median(floors)?;
    let by_three = floors.iter().nth_back(2).copied();
    let sure = by_three.map_or(PLAIN_FLOOR, |floor| floor.max(PLAIN_FLOOR));
    if said <= sure {
        return Some(said);
    }
    let mut paid: Vec<FeeRate> = samples.iter().map(|sample| sample.average).collect();
    paid.sort_unstable();
    median(&paid).map(|paid| said.min(paid.max(sure)))
}

fn estimate(target: u16, floor: Option<FeeRate>, floors: usize, samples: &[Sample]) -> FeeEstimate {
    let base = floor.unwrap_or(MIN_FEE_RATE);
    let mut prices: Vec<FeeRate> = samples.iter().map(|sample| sample.price(base)).collect();
    prices.sort_unstable();
    let by_blocks = prices.len().checked_sub(1).map(|last| prices[last * share(target) / 100]);
    // Who can wait for a day is taken by the first block with room; that much the floor says.
    let by_floor = floor.filter(|_| target >= PATIENT);
    let enough = samples.len() >= LEAST_BLOCKS || target >= PATIENT;
    let rate = by_blocks.filter(|_| enough).or(by_floor);
    let confidence = match (rate, samples.len()) {
        (None, _) => Confidence::None,
        (Some(_), HALF_A_DAY..) if floors >= 3 => Confidence::High,
        (Some(_), MEDIUM_BLOCKS..) => Confidence::Medium,
        (Some(_), _) => Confidence::Low,
    };
    FeeEstimate { target, rate, confidence }
}

/// Blocks that must be known before anything is said about the next ones.
const LEAST_BLOCKS: usize = 3;
const MEDIUM_BLOCKS: usize = 6;
const HALF_A_DAY: usize = 72;

/// Who waits this many blocks may rely on the floor.
const PATIENT: u16 = 144;

fn median(sorted: &[FeeRate]) -> Option<FeeRate> {
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

/// What a block mints.
fn subsidy(network: Network, height: Height) -> Amount {
    let interval = if network == Network::Regtest { 150 } else { 210_000 };
    let halvings = height.to_u32() / interval;
    Amount::from_sat(if halvings < 64 { 5_000_000_000 >> halvings } else { 0 })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn rate(sat_per_vb: u64) -> FeeRate {
        FeeRate::from_sat_per_kwu(sat_per_vb * 250)
    }

    fn samples(count: u32, average: impl Fn(u32) -> u64) -> FeeSamples {
        let sample = |n| Sample { average: rate(average(n)), full: true };
        FeeSamples((0..count).map(|n| (Height::new(n), sample(n))).collect())
    }

    fn rates(report: &FeeReport) -> Vec<Option<FeeRate>> {
        report.estimates.iter().map(|estimate| estimate.rate).collect()
    }

    #[test]
    fn without_blocks_only_the_patient_get_a_rate() {
        let nothing = FeeSamples::default().report(std::iter::empty());
        assert!(nothing.estimates.iter().all(|one| one.confidence == Confidence::None));
        let floors = FeeSamples::default().report([rate(1), rate(2), rate(1)].into_iter());
        let (fast, patient) = floors.estimates.split_at(6);
        assert!(fast.iter().all(|one| one.rate.is_none()));
        assert!(patient.iter().all(|one| one.rate == Some(rate(1))));
        assert!(patient.iter().all(|one| one.confidence == Confidence::Low));
    }

    #[test]
    fn who_waits_longer_pays_no_more_and_nobody_pays_less_than_the_floor() {
        let report = samples(100, |n| u64::from(n % 50) + 1).report([rate(3); 3].into_iter());
        let rates: Vec<FeeRate> = rates(&report).into_iter().map(Option::unwrap).collect();
        assert!(rates.windows(2).all(|pair| pair[0] >= pair[1]), "{rates:?}");
        assert!(rates.iter().all(|one| *one >= rate(3)));
        assert!(report.estimates.iter().all(|one| one.confidence == Confidence::High));
    }

    #[test]
    fn one_liar_moves_nothing() {
        let honest = samples(40, |_| 10).report([rate(1), rate(1), rate(1)].into_iter());
        let lied = samples(40, |n| if n == 7 { 9_000 } else { 10 });
        let lied = lied.report([rate(1), rate(1), rate(9_000)].into_iter());
        assert_eq!(rates(&honest), rates(&lied));
        let alone = FeeSamples::default().report([FeeRate::MAX].into_iter());
        assert_eq!(alone.floor, Some(MAX_FEE_RATE), "what nobody would pay is cut off");
    }

    #[test]
    fn above_what_blocks_pay_a_floor_takes_three_peers() {
        let paid = samples(20, |n| u64::from(n % 5) + 1);
        let alone = paid.report(std::iter::empty());
        for floors in [&[2_000][..], &[2_000, 2_000], &[1, 2_000, 2_000], &[1, 1, 2_000, 2_000]] {
            let report = paid.report(floors.iter().copied().map(rate));
            assert!(rates(&report).iter().all(|one| *one <= Some(rate(5))), "{report:?}");
            assert_eq!(rates(&report)[..4], rates(&alone)[..4], "{floors:?}");
            assert!(report.estimates.iter().all(|one| one.confidence == Confidence::Medium));
        }
        let lied = paid.report([rate(2_000)].into_iter());
        assert_eq!((lied.floor, lied.counted), (Some(rate(2_000)), Some(rate(3))));
        let rising = paid.report([rate(20), rate(30), rate(25), rate(1)].into_iter());
        assert!(rates(&rising).iter().all(|one| *one == Some(rate(20))), "{rising:?}");
    }

    #[test]
    fn a_single_node_is_believed_what_a_mempool_can_ask_for() {
        let dear = samples(20, |_| 30);
        let own = dear.report([rate(20)].into_iter());
        assert_eq!(rates(&own), rates(&dear.report([rate(20); 3].into_iter())));
        assert_eq!(own.counted, Some(rate(20)), "a full mempool asks for less than blocks pay");
        let room = Sample { average: MIN_FEE_RATE, full: false };
        let cheap = FeeSamples((0..20).map(|n| (Height::new(n), room)).collect());
        for (asked, taken) in [(rate(1), rate(1)), (rate(9), PLAIN_FLOOR)] {
            let report = cheap.report([asked].into_iter());
            assert!(rates(&report).iter().all(|one| *one == Some(taken)), "{report:?}");
        }
    }

    #[test]
    fn without_blocks_a_high_floor_of_two_is_no_rate() {
        for floors in [&[2_000][..], &[20, 20], &[1, 20, 20]] {
            let report = FeeSamples::default().report(floors.iter().copied().map(rate));
            assert!(rates(&report).iter().all(Option::is_none), "{report:?}");
            assert_eq!(report.counted, None);
        }
        let three = FeeSamples::default().report([rate(20); 3].into_iter());
        assert_eq!(rates(&three)[6..], [Some(rate(20)); 2]);
    }

    proptest! {
        /// Whatever two peers say beside honest ones, nobody pays more for it than an honest peer asks
        /// for, than blocks paid, or than [`PLAIN_FLOOR`].
        #[test]
        fn two_liars_are_not_paid(
            lies in vec(0_u64..4_000, 0..=2),
            honest in vec(0_u64..100, 0..8),
            paid in vec((0_u64..100, any::<bool>()), 0..80),
        ) {
            let sample = |(n, (average, full))| (Height::new(n), Sample { average: rate(average), full });
            let blocks = FeeSamples((0..).zip(paid.clone()).map(sample).collect());
            let report = blocks.report(lies.iter().chain(&honest).copied().map(rate));
            let paid = paid.iter().map(|(average, _)| *average);
            let most = honest.iter().copied().chain(paid).max().unwrap_or(1).max(1);
            prop_assert!(rates(&report).iter().all(|one| *one <= Some(rate(most))), "{:?}", report);
            prop_assert!(report.counted <= report.floor);
        }
    }

    #[test]
    fn a_block_says_what_its_transactions_pay_on_average() {
        let mut block = bitcoin::constants::genesis_block(Network::Bitcoin);
        assert_eq!(Sample::of(Network::Bitcoin, Height::new(1), &block), None, "it is empty");
        let mut payment = block.txdata[0].clone();
        payment.input[0].previous_output.vout = 0;
        let vsize = payment.weight().to_vbytes_ceil();
        block.txdata[0].output[0].value += Amount::from_sat(vsize * 7);
        block.txdata.push(payment);
        let sample = Sample::of(Network::Bitcoin, Height::new(1), &block).unwrap();
        assert_eq!(sample, Sample { average: rate(7), full: false });
        assert_eq!(sample.price(rate(1)), rate(1), "there was room");
    }
}
