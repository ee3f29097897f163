//! Owns the way from a sealed seed to a signer, and back at creation.
//!
//! Refuses to keep a seed: it is unsealed for one signature and wiped.

use bitcoin::Network;

use crate::command::{CommandError, StoreProblem};
use crate::entropy::EntropyError;
use crate::seed::Seed;
use crate::signers::SoftwareSigner;
use crate::vault::SeedKey;

/// The key layer of an open wallet.
pub enum KeyLayer {
    /// The seed key is not here: nothing can be signed.
    Locked,
    /// Seeds can be unsealed.
    Unlocked(SeedKey),
}

impl KeyLayer {
    /// A signer with the seed that is sealed in a wallet's file; drop it after the payment.
    ///
    /// # Errors
    /// [`CommandError::Locked`], or [`CommandError::Store`] when the stored seed is damaged.
    pub fn signer(&self, sealed: &[u8], network: Network) -> Result<SoftwareSigner, CommandError> {
        let Self::Unlocked(key) = self else { return Err(CommandError::Locked) };
        let plain = key.unseal(SEED_CONTEXT, sealed).map_err(|error| damaged(&error))?;
        let seed = Seed::from_bytes(&plain).map_err(|error| damaged(&error))?;
        Ok(SoftwareSigner::new(seed, network))
    }
}

/// Seals a seed for a wallet's file.
///
/// # Errors
/// If the system gives no entropy.
pub fn seal(key: &SeedKey, seed: &Seed) -> Result<Vec<u8>, EntropyError> {
    key.seal(SEED_CONTEXT, &seed.to_bytes())
}

fn damaged(error: &dyn std::error::Error) -> CommandError {
    let problem = StoreProblem::Damaged {
        path: "the wallet's key layer".to_owned(),
        what: error.to_string(),
    };
    CommandError::Store(problem)
}

/// Binds what is sealed to its purpose.
const SEED_CONTEXT: &[u8] = b"billfold seed v1";
