//! Owns the review of a PSBT: parsed once into one immutable value, which is shown and signed.
//!
//! Refuses, with the reason, whatever could make the pages tell something else than the signature
//! says.

use alloc::vec::Vec;

use crate::keys::Keys;
use crate::network::Chain;
use crate::policy::Policies;
use crate::screen::Screen;
use crate::settings::Settings;
use crate::signing::Signing;

/// A transaction that can be shown and signed.
#[derive(Debug, Clone)]
pub struct Review {}

impl Review {
    /// Reads a PSBT of version 0 (BIP174) or 2 (BIP370) for these keys.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn parse(
        bytes: &[u8],
        chain: Chain,
        keys: &Keys,
        policies: &Policies,
        settings: &Settings,
    ) -> Result<Self, Refusal> {
        todo!("{bytes:?} {chain:?} {keys:?} {policies:?} {settings:?}")
    }

    /// The pages to show, the last one to agree to.
    #[must_use]
    pub fn screens(&self) -> Vec<Screen> {
        todo!()
    }

    /// Begins to sign what was shown. Only after the person agreed to the last page.
    #[must_use]
    pub fn sign(self) -> Signing {
        todo!()
    }
}

/// Why a PSBT is not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// To be written.
    #[error("the transaction is refused")]
    Refused,
}
