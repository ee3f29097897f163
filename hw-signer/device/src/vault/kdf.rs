//! Owns the derivation of the sealing key from a PIN: Argon2id (RFC 9106), version 0x13, one lane.
//!
//! Refuses costs beyond its bounds, and leaves nothing in the memory that it filled.

use alloc::boxed::Box;
use alloc::vec::Vec;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use super::VaultError;
use crate::limits::{KDF_MEMORY_KIB, KDF_MOST_MEMORY_KIB, KDF_MOST_PASSES, KDF_PASSES};
use crate::residue::wipe_stack;

/// What a try of a PIN costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    memory_kib: u32,
    passes: u32,
}

impl KdfCost {
    /// What devices use.
    pub const DEVICE: Self = Self { memory_kib: KDF_MEMORY_KIB, passes: KDF_PASSES };

    /// Next to nothing. Only tests may use it: nothing is protected by it.
    #[must_use]
    pub const fn for_tests() -> Self {
        Self { memory_kib: 8, passes: 1 }
    }

    /// A cost as a state file says it, if it is within bounds.
    pub(super) fn within_bounds(memory_kib: u32, passes: u32) -> Option<Self> {
        let good = (Params::MIN_M_COST..=KDF_MOST_MEMORY_KIB).contains(&memory_kib)
            && (1..=KDF_MOST_PASSES).contains(&passes);
        good.then_some(Self { memory_kib, passes })
    }

    /// Memory in KiB, and passes.
    pub(super) const fn numbers(self) -> (u32, u32) {
        (self.memory_kib, self.passes)
    }
}

/// The key of a PIN.
pub(super) fn derive(
    pin: &[u8],
    salt: &[u8; SALT_BYTES],
    cost: KdfCost,
) -> Result<Box<Zeroizing<[u8; 32]>>, VaultError> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32))
        .expect("a cost is above the least that Argon2 takes");
    let mut memory = Zeroizing::new(Vec::new());
    memory.try_reserve_exact(params.block_count()).map_err(|_| VaultError::OutOfMemory)?;
    memory.resize(params.block_count(), Block::new());
    let mut key = Box::new(Zeroizing::new([0; 32]));
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(pin, salt, &mut **key, &mut memory[..])
        .expect("lengths are fixed, and no PIN has 4 GiB");
    wipe_stack();
    Ok(key)
}

/// Bytes of salt.
pub(super) const SALT_BYTES: usize = 32;
