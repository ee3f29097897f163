//! Owns the ways in which an account can be spent, and what each takes: weight, age, lock time.
//!
//! Read from the descriptor's policy, not from its script (miniscript's `lift`). Refuses hash locks:
//! the wallet knows no preimages, so a way that needs one is not a way.

use std::collections::BTreeSet;

use bitcoin::bip32::Fingerprint;
use bitcoin::{Sequence, TapLeafHash, Weight, absolute, relative};
use miniscript::descriptor::{DefiniteDescriptorKey, Descriptor, DescriptorPublicKey};
use miniscript::miniscript::satisfy::Placeholder;
use miniscript::plan::{AssetProvider, Plan};
use miniscript::policy::{Liftable, Semantic};

use super::{ScriptType, definite};
use crate::light_client::height::Height;
use crate::limits::{KEY_SETS, SPEND_PATHS};

/// What spending one coin takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpendPlan {
    /// The weight that spending adds to an input beyond its outpoint, sequence and empty script
    /// (164 WU): script and witness, with the count of the witness and the longest signatures that
    /// are standard.
    pub satisfaction: Weight,
    /// Whether there is a witness (BIP141).
    pub has_witness: bool,
    /// The input's sequence: the age that the coin must have (BIP68), else replaceable (BIP125).
    pub sequence: Sequence,
    /// The least lock time of the transaction.
    pub lock_time: absolute::LockTime,
}

/// One way to spend: from when on, who signs, what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendPath {
    /// The master keys that sign, as this plan counts them: keys of ours first, else as few as
    /// there can be. A key without an origin stands for itself.
    pub signers: Vec<Fingerprint>,
    /// What it takes.
    pub plan: SpendPlan,
}

impl SpendPlan {
    /// What spending a single key of this type takes. An ECDSA signature counts 72 bytes, the
    /// longest that is standard (low S, BIP146); software keys grind for 71.
    #[must_use]
    pub const fn of_single_key(script_type: ScriptType) -> Self {
        let satisfaction = match script_type {
            ScriptType::Legacy => 4 * SIGNATURE_AND_KEY,
            ScriptType::Nested => 4 * (1 + 22) + 1 + SIGNATURE_AND_KEY,
            ScriptType::Segwit => 1 + SIGNATURE_AND_KEY,
            ScriptType::Taproot => 1 + 1 + 64,
        };
        Self {
            satisfaction: Weight::from_wu(satisfaction),
            has_witness: !matches!(script_type, ScriptType::Legacy),
            sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
            lock_time: absolute::LockTime::ZERO,
        }
    }
}

impl SpendPlan {
    /// Whether this way is open without waiting.
    #[must_use]
    pub fn is_immediate(&self) -> bool {
        self.lock_time == absolute::LockTime::ZERO
            && self.sequence == Sequence::ENABLE_RBF_NO_LOCKTIME
    }

    /// Whether a coin of this height may be spent so in the block above the tip (BIP65, BIP68). Of
    /// waits in time it is only known that they have begun: peers refuse what comes too early.
    #[must_use]
    pub fn is_open(&self, coin: Option<Height>, tip: Height) -> bool {
        let reached = match self.lock_time {
            absolute::LockTime::Blocks(height) => height.to_consensus_u32() <= tip.to_u32(),
            absolute::LockTime::Seconds(_) => true,
        };
        let next = tip.next().to_u32();
        let aged = match (self.sequence.to_relative_lock_time(), coin) {
            (Some(_), None) => false,
            (Some(relative::LockTime::Blocks(age)), Some(coin)) => {
                next >= coin.to_u32().saturating_add(age.value().into())
            }
            (None, _) | (Some(relative::LockTime::Time(_)), Some(_)) => true,
        };
        reached && aged
    }
}

impl SpendPath {
    /// Every way, those without a wait first. Of keys that would do, the one of `own` is planned
    /// with.
    pub(super) fn all(
        branch: &Descriptor<DescriptorPublicKey>,
        nobody: Option<&DescriptorPublicKey>,
        own: &[Fingerprint],
    ) -> Vec<Self> {
        let Ok(policy) = branch.lift() else { return Vec::new() };
        let signers = Signers { own, nobody };
        let mut known: Vec<Semantic<DescriptorPublicKey>> = Vec::new();
        let mut paths = Vec::new();
        for (age, time) in waits(&policy) {
            let open = at(policy.clone(), age, time);
            if known.contains(&open) {
                continue;
            }
            let path =
                signers.fewest(&open, &known).and_then(|keys| plan(branch, &keys, age, time));
            paths.extend(path);
            known.push(open);
        }
        paths
    }
}

/// Every pair of waits that could open a way, the least first.
fn waits(
    policy: &Semantic<DescriptorPublicKey>,
) -> Vec<(Option<relative::LockTime>, Option<absolute::LockTime>)> {
    let ages = policy.relative_timelocks().into_iter();
    let ages = ages.filter_map(|age| Sequence(age).to_relative_lock_time());
    let times = policy.absolute_timelocks().into_iter().map(absolute::LockTime::from_consensus);
    let ages: Vec<_> = std::iter::once(None).chain(ages.map(Some)).collect();
    let times: Vec<_> = std::iter::once(None).chain(times.map(Some)).collect();
    let pairs = times.iter().flat_map(|time| ages.iter().map(move |age| (*age, *time)));
    pairs.take(SPEND_PATHS).collect()
}

/// The policy when so much time has gone by.
fn at(
    policy: Semantic<DescriptorPublicKey>,
    age: Option<relative::LockTime>,
    time: Option<absolute::LockTime>,
) -> Semantic<DescriptorPublicKey> {
    let age = age.unwrap_or(relative::LockTime::ZERO);
    policy.at_age(age).at_lock_time(time.unwrap_or(absolute::LockTime::ZERO)).sorted()
}

/// Who can sign.
struct Signers<'a> {
    own: &'a [Fingerprint],
    nobody: Option<&'a DescriptorPublicKey>,
}

impl Signers<'_> {
    /// The keys that open the policy and none of those before it: with as few keys of others as
    /// there can be, then as few as there can be.
    fn fewest(
        &self,
        policy: &Semantic<DescriptorPublicKey>,
        before: &[Semantic<DescriptorPublicKey>],
    ) -> Option<KeySet> {
        let foreign = |keys: &KeySet| keys.iter().filter(|key| !self.is_own(key)).count();
        self.key_sets(policy)
            .into_iter()
            .filter(|keys| !before.iter().any(|policy| opens(policy, keys)))
            .min_by_key(|keys| (foreign(keys), keys.len()))
    }

    /// Sets of keys that open a policy; not all of them if there are very many.
    fn key_sets(&self, policy: &Semantic<DescriptorPublicKey>) -> Vec<KeySet> {
        match policy {
            Semantic::Key(key) if Some(key) == self.nobody => Vec::new(),
            Semantic::Key(key) => vec![KeySet::from([key.clone()])],
            Semantic::Trivial | Semantic::After(_) | Semantic::Older(_) => vec![KeySet::new()],
            Semantic::Thresh(threshold) => {
                let mut parts: Vec<_> = threshold.iter().map(|part| self.key_sets(part)).collect();
                parts.sort_by_key(|sets| !sets.iter().flatten().any(|key| self.is_own(key)));
                joined(&parts, threshold.k())
            }
            Semantic::Unsatisfiable
            | Semantic::Sha256(_)
            | Semantic::Hash256(_)
            | Semantic::Ripemd160(_)
            | Semantic::Hash160(_) => Vec::new(),
        }
    }

    fn is_own(&self, key: &DescriptorPublicKey) -> bool {
        self.own.contains(&key.master_fingerprint())
    }
}

type KeySet = BTreeSet<DescriptorPublicKey>;

/// Sets that open so many of the parts.
fn joined(parts: &[Vec<KeySet>], needed: usize) -> Vec<KeySet> {
    // At each place: what opens so many of the parts that were looked at.
    let mut sets: Vec<Vec<KeySet>> = vec![Vec::new(); needed + 1];
    sets[0].push(KeySet::new());
    for part in parts {
        for open in (0..needed).rev() {
            let room = KEY_SETS.saturating_sub(sets[open + 1].len());
            let with_part =
                sets[open].iter().flat_map(|set| part.iter().map(move |more| set | more));
            let more: Vec<KeySet> = with_part.take(room).collect();
            sets[open + 1].extend(more);
        }
    }
    sets.pop().unwrap_or_default()
}

/// Whether these keys open a policy.
fn opens(policy: &Semantic<DescriptorPublicKey>, keys: &KeySet) -> bool {
    match policy {
        Semantic::Key(key) => keys.contains(key),
        Semantic::Trivial | Semantic::After(_) | Semantic::Older(_) => true,
        Semantic::Thresh(threshold) => {
            threshold.iter().filter(|part| opens(part, keys)).count() >= threshold.k()
        }
        Semantic::Unsatisfiable
        | Semantic::Sha256(_)
        | Semantic::Hash256(_)
        | Semantic::Ripemd160(_)
        | Semantic::Hash160(_) => false,
    }
}

/// What it takes to spend with these keys after these waits. Every place of a branch takes the same.
fn plan(
    branch: &Descriptor<DescriptorPublicKey>,
    keys: &KeySet,
    age: Option<relative::LockTime>,
    time: Option<absolute::LockTime>,
) -> Option<SpendPath> {
    let first = definite(branch, 0)?;
    let mut held = BTreeSet::new();
    for key in keys {
        // Of a branch that has definite places.
        held.insert(key.clone().at_derivation_index(0).ok()?);
    }
    let script_sig = first.unsigned_script_sig().len();
    let inner_script = match &first {
        Descriptor::Wsh(_) | Descriptor::Sh(_) => first.explicit_script().ok()?.len(),
        _ => 0,
    };
    let has_witness = first.desc_type().segwit_version().is_some();
    let plan = first.plan(&Held { keys: held, age, time }).ok()?;
    let satisfaction = if has_witness {
        4 * script_sig + witness(&plan) + pushed(inner_script)
    } else {
        // The library counts a stack, whose number of items is one byte.
        let script_sig = plan.scriptsig_size() - 1 + pushed_in_script(inner_script);
        4 * (script_sig + length(script_sig) - EMPTY_SCRIPT)
    };
    let sequence = plan.relative_timelock.map_or(Sequence::ENABLE_RBF_NO_LOCKTIME, Into::into);
    Some(SpendPath {
        signers: keys.iter().map(DescriptorPublicKey::master_fingerprint).collect(),
        plan: SpendPlan {
            satisfaction: Weight::from_wu_usize(satisfaction),
            has_witness,
            sequence,
            lock_time: plan.absolute_timelock.unwrap_or(absolute::LockTime::ZERO),
        },
    })
}

/// The bytes of a witness without the script that it reveals.
fn witness(plan: &Plan) -> usize {
    // The library leaves out the lengths of a leaf's script and of its control block.
    let lengths = plan.witness_template().iter().map(|item| match item {
        Placeholder::TapScript(script) => length(script.len()),
        Placeholder::TapControlBlock(block) => length(block.size()),
        _ => 0,
    });
    plan.witness_size() + lengths.sum::<usize>()
}

/// The bytes of a script that another one pushes (BIP16), which has 520 at most.
const fn pushed_in_script(script: usize) -> usize {
    let opcode = match script {
        0..=75 => 1,
        76..=255 => 2,
        _ => 3,
    };
    opcode + script
}

/// The bytes of a script on a witness, with its length; none if there is none.
const fn pushed(script: usize) -> usize {
    if script == 0 { 0 } else { length(script) + script }
}

/// The bytes of the length of an item of a witness, which is below 64 KiB.
const fn length(item: usize) -> usize {
    if item <= 0xFC { 1 } else { 3 }
}

/// What can be brought to a satisfaction.
struct Held {
    keys: BTreeSet<DefiniteDescriptorKey>,
    age: Option<relative::LockTime>,
    time: Option<absolute::LockTime>,
}

impl AssetProvider<DefiniteDescriptorKey> for Held {
    fn provider_lookup_ecdsa_sig(&self, key: &DefiniteDescriptorKey) -> bool {
        self.keys.contains(key)
    }

    fn provider_lookup_tap_key_spend_sig(&self, key: &DefiniteDescriptorKey) -> Option<usize> {
        self.keys.contains(key).then_some(SCHNORR_SIGNATURE)
    }

    fn provider_lookup_tap_leaf_script_sig(
        &self,
        key: &DefiniteDescriptorKey,
        _leaf: &TapLeafHash,
    ) -> Option<usize> {
        self.keys.contains(key).then_some(SCHNORR_SIGNATURE)
    }

    fn check_older(&self, age: relative::LockTime) -> bool {
        self.age.is_some_and(|held| age.is_implied_by(held))
    }

    fn check_after(&self, time: absolute::LockTime) -> bool {
        self.time.is_some_and(|held| time.is_implied_by(held))
    }
}

/// Bytes of a signature of the whole transaction (BIP341).
const SCHNORR_SIGNATURE: usize = 64;

/// Bytes of an empty script, which every input counts with.
const EMPTY_SCRIPT: usize = 1;

/// Bytes of an ECDSA signature and a compressed key, each with its length.
const SIGNATURE_AND_KEY: u64 = 1 + 72 + 1 + 33;
