//! Owns `KdfCost` and the derivation of wrapping keys from a password: Argon2id (RFC 9106),
//! version 0x13, one lane.
//!
//! Refuses costs below the floor outside tests, and leaves nothing in the memory that it filled.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use crate::limits::{KDF_LEAST_MEMORY_KIB, KDF_LEAST_PASSES, KDF_MOST_MEMORY_KIB, KDF_MOST_PASSES};
use crate::residue::wipe_stack;

/// What deriving keys from a password costs: to the owner once per opening, to a thief per guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    memory_kib: u32,
    passes: u32,
}

impl KdfCost {
    /// Measures this machine and takes as much memory as 0.5 to 1 s fill, never below 64 MiB and
    /// 3 passes. Takes about half a second itself, once in a run of the program: a daemon makes
    /// more than one wallet, on one machine.
    #[must_use]
    pub fn calibrated() -> Self {
        static MEASURED: OnceLock<KdfCost> = OnceLock::new();
        *MEASURED.get_or_init(Self::measured)
    }

    fn measured() -> Self {
        let mut fastest = Duration::MAX;
        for _ in 0..PROBES {
            let start = Instant::now();
            if derive::<64>(b"probe", &[0; SALT_BYTES], Self::FLOOR).is_err() {
                return Self::FLOOR;
            }
            fastest = fastest.min(start.elapsed());
        }
        Self::for_speed(fastest)
    }

    /// Next to nothing. Only tests may use it: a wallet made with it is not protected.
    #[must_use]
    pub const fn for_tests() -> Self {
        Self { memory_kib: 8, passes: 1 }
    }

    /// A cost as a header file states it, if it is within bounds.
    pub(crate) fn within_bounds(memory_kib: u32, passes: u32) -> Option<Self> {
        let memory = Params::MIN_M_COST..=KDF_MOST_MEMORY_KIB;
        let good = memory.contains(&memory_kib) && (1..=KDF_MOST_PASSES).contains(&passes);
        good.then_some(Self { memory_kib, passes })
    }

    /// The memory that a derivation fills, in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// How often it is filled.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Memory first, since that is what a thief's hardware lacks; passes once there is no more.
    fn for_speed(floor_takes: Duration) -> Self {
        let tenths = TARGET.as_micros() * 10 / floor_takes.as_micros().max(1);
        let tenths = u32::try_from(tenths).unwrap_or(u32::MAX).max(10);
        let memory_kib = (KDF_LEAST_MEMORY_KIB / 10).saturating_mul(tenths);
        if memory_kib <= KDF_MOST_MEMORY_KIB {
            return Self { memory_kib: memory_kib.max(KDF_LEAST_MEMORY_KIB), ..Self::FLOOR };
        }
        let passes = KDF_LEAST_PASSES.saturating_mul(memory_kib).div_ceil(KDF_MOST_MEMORY_KIB);
        Self { memory_kib: KDF_MOST_MEMORY_KIB, passes: passes.min(KDF_MOST_PASSES) }
    }

    const FLOOR: Self = Self { memory_kib: KDF_LEAST_MEMORY_KIB, passes: KDF_LEAST_PASSES };
}

/// Bytes from a password. Argon2 makes others for each length: a part of a longer derivation is
/// not a shorter one.
pub(super) fn derive<const BYTES: usize>(
    password: &[u8],
    salt: &[u8; SALT_BYTES],
    cost: KdfCost,
) -> Result<Box<Zeroizing<[u8; BYTES]>>, OutOfMemory> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(BYTES))
        .expect("a cost is above the least that Argon2 takes");
    let mut memory = Zeroizing::new(Vec::new());
    memory
        .try_reserve_exact(params.block_count())
        .map_err(|_| OutOfMemory { kib: cost.memory_kib })?;
    memory.resize(params.block_count(), Block::new());
    let mut keys = Box::new(Zeroizing::new([0; BYTES]));
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password, salt, &mut **keys, &mut memory[..])
        .expect("lengths are fixed, and no password has 4 GiB");
    wipe_stack();
    Ok(keys)
}

/// The memory that a derivation takes is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password's derivation takes {} MiB of memory: close other programs", kib / 1024)]
pub struct OutOfMemory {
    /// How much it takes, in KiB.
    pub kib: u32,
}

/// Bytes of salt.
pub(super) const SALT_BYTES: usize = 32;

/// What a derivation should take: between 0.5 and 1 s also when the machine is a little busy.
const TARGET: Duration = Duration::from_millis(600);

/// Derivations that are measured; the fastest counts, since others were disturbed.
const PROBES: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_machine_never_goes_below_the_floor() {
        for takes in [750, 2_000, 100_000] {
            assert_eq!(KdfCost::for_speed(Duration::from_millis(takes)), KdfCost::FLOOR);
        }
    }

    #[test]
    fn a_fast_machine_pays_in_memory_and_then_in_passes() {
        let cost = KdfCost::for_speed(Duration::from_millis(250));
        assert_eq!((cost.memory_kib / 1024, cost.passes), (153, 3));
        let cost = KdfCost::for_speed(Duration::from_millis(30));
        assert_eq!((cost.memory_kib, cost.passes), (KDF_MOST_MEMORY_KIB, 8));
        let cost = KdfCost::for_speed(Duration::ZERO);
        assert_eq!((cost.memory_kib, cost.passes), (KDF_MOST_MEMORY_KIB, KDF_MOST_PASSES));
    }

    #[test]
    fn the_cost_is_worth_half_a_second_to_one_on_any_machine() {
        for floor_takes in 15..=1_000 {
            let cost = KdfCost::for_speed(Duration::from_millis(floor_takes));
            let work = u64::from(cost.memory_kib) * u64::from(cost.passes);
            let floor = u64::from(KDF_LEAST_MEMORY_KIB) * u64::from(KDF_LEAST_PASSES);
            let takes = floor_takes * work / floor;
            assert!((500..=1_000).contains(&takes), "{floor_takes} ms: {cost:?} takes {takes} ms");
        }
    }

    #[test]
    fn the_keys_depend_on_password_salt_and_cost() {
        let cost = KdfCost::for_tests();
        let base = derive::<64>(b"a", &[1; 32], cost).expect("little memory");
        let again = derive::<64>(b"a", &[1; 32], cost).expect("little memory");
        assert_eq!(*base, *again);
        let costlier = KdfCost { passes: 2, ..cost };
        for (text, salt, cost) in [(b"b", 1, cost), (b"a", 2, cost), (b"a", 1, costlier)] {
            let other = derive::<64>(text, &[salt; 32], cost).expect("little memory");
            assert_ne!(*base, *other);
        }
    }

    #[test]
    fn a_stated_cost_is_bounded() {
        assert!(KdfCost::within_bounds(KDF_MOST_MEMORY_KIB, KDF_MOST_PASSES).is_some());
        for (memory, passes) in [
            (KDF_MOST_MEMORY_KIB + 1, 3),
            (u32::MAX, 3),
            (7, 3),
            (65_536, 0),
            (65_536, KDF_MOST_PASSES + 1),
        ] {
            assert_eq!(KdfCost::within_bounds(memory, passes), None, "{memory} {passes}");
        }
    }
}
