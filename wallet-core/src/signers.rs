//! Owns signing: software keys and, later, devices behind one trait.
//!
//! Refuses to sign what it cannot check (amounts, scripts, sighash types), and to pass on a
//! transaction that is not the drafted one or whose inputs do not verify.

use bitcoin::bip32::Fingerprint;
use bitcoin::psbt::Psbt;
use bitcoin::{Network, Transaction};

use crate::command::SigningProblem;
use crate::seed::Seed;

/// Someone who can sign for one master key.
pub trait Signer {
    /// The fingerprint of the master key.
    fn fingerprint(&self) -> Fingerprint;

    /// Adds this signer's signatures to every input that carries its key origins; leaves the
    /// others as they are.
    ///
    /// # Errors
    /// See [`SigningProblem`]; the PSBT may then hold some of the signatures.
    fn sign(&mut self, psbt: &mut Psbt) -> Result<(), SigningProblem>;
}

/// Signs with a seed in memory; holds it only as long as it lives.
pub struct SoftwareSigner(());

impl SoftwareSigner {
    /// A signer for this seed.
    #[must_use]
    pub fn new(_seed: Seed, _network: Network) -> Self {
        todo!()
    }
}

impl Signer for SoftwareSigner {
    fn fingerprint(&self) -> Fingerprint {
        todo!()
    }

    fn sign(&mut self, _psbt: &mut Psbt) -> Result<(), SigningProblem> {
        todo!()
    }
}

/// Takes the finished transaction out of a signed PSBT: the same one as `unsigned`, each input
/// verified against the output it spends.
///
/// # Errors
/// See [`SigningProblem`].
pub fn finish(_psbt: Psbt, _unsigned: &Transaction) -> Result<Transaction, SigningProblem> {
    todo!()
}
