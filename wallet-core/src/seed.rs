//! Owns BIP39 words, the seed they make, and the BIP32 keys below it.
//!
//! Refuses to show a word or a key in an error, a log or `Debug`, and wipes what it held.

use std::fmt::{self, Write};

use bitcoin::bip32::{DerivationPath, Fingerprint, Xpriv, Xpub};
use bitcoin::secp256k1::SecretKey;
use bitcoin::{Network, NetworkKind};
use zeroize::Zeroizing;

pub use words::{DiceError, ParseWordsError, WordCount, Words, completions};

use crate::keychain::{Account, AccountDescriptor, AccountId, SECP, StandardAccount};
use crate::residue::wipe_stack;

mod words;
pub mod quiz;

/// The BIP39 seed with the entropy of its words. Never shown, wiped when dropped.
pub struct Seed {
    /// Both on the heap: what is moved leaves its bytes behind.
    entropy: Zeroizing<Vec<u8>>,
    seed: Box<Zeroizing<[u8; SEED_BYTES]>>,
}

impl Seed {
    /// The seed of these words and this passphrase (BIP39, "From mnemonic to seed"); an empty
    /// passphrase is none.
    #[must_use]
    pub fn new(words: &Words, passphrase: &str) -> Self {
        Self { entropy: words.entropy(), seed: words.stretch(passphrase) }
    }

    /// Whether it is the seed of these words and this passphrase.
    #[must_use]
    pub fn is_of(&self, words: &Words, passphrase: &str) -> bool {
        **self.seed == **words.stretch(passphrase)
    }

    /// Whether its words alone make another seed.
    #[must_use]
    pub fn has_passphrase(&self) -> bool {
        !self.is_of(&self.words(), "")
    }

    /// The words.
    #[must_use]
    pub fn words(&self) -> Words {
        words_of(&self.entropy)
    }

    /// The fingerprint of the master key (BIP32).
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.master(Network::Bitcoin).0.fingerprint(&SECP)
    }

    /// The watch-only half of a standard account, as a descriptor.
    #[must_use]
    pub fn descriptor(&self, account: StandardAccount, network: Network) -> AccountDescriptor {
        let xpub = self.xpub(&account.path(network), network);
        account.descriptor(network, self.fingerprint(), xpub)
    }

    /// The watch-only halves of standard accounts, with ids in this order.
    #[must_use]
    pub fn accounts(&self, of: &[StandardAccount], network: Network) -> Vec<Account> {
        let own = [self.fingerprint()];
        let account = |(id, account): (u16, &StandardAccount)| {
            let descriptor = self.descriptor(*account, network);
            Account::new(AccountId::new(id), account.name(), network, descriptor, &own)
        };
        (0..).zip(of).map(account).collect()
    }

    /// The extended public key at a path.
    #[must_use]
    pub fn xpub(&self, path: &DerivationPath, network: Network) -> Xpub {
        Xpub::from_priv(&SECP, &self.master(network).derive(path).0)
    }

    /// The private key at a path, to sign with.
    pub(crate) fn private_key(&self, path: &DerivationPath, network: Network) -> PrivateKey {
        self.master(network).derive(path)
    }

    /// A copy.
    #[must_use]
    pub(crate) fn copy(&self) -> Self {
        Self { entropy: self.entropy.clone(), seed: self.seed.clone() }
    }

    /// What the key layer seals: a version byte, the 64 bytes of the BIP39 seed, which hold the
    /// effect of the passphrase, and the entropy of the words.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let length = 1 + SEED_BYTES + self.entropy.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        bytes.push(VERSION);
        bytes.extend_from_slice(&**self.seed);
        bytes.extend_from_slice(&self.entropy);
        bytes
    }

    /// The 64 bytes that the words and the passphrase make (BIP39), for a backup.
    #[must_use]
    pub fn bip39_seed(&self) -> &[u8; SEED_BYTES] {
        &self.seed
    }

    /// The seed of these words and an unknown passphrase, from what [`Seed::bip39_seed`] gave.
    #[must_use]
    pub fn from_parts(words: &Words, bip39_seed: &[u8]) -> Option<Self> {
        if bip39_seed.len() != SEED_BYTES {
            return None;
        }
        let mut seed = Box::new(Zeroizing::new([0; SEED_BYTES]));
        seed.copy_from_slice(bip39_seed);
        Some(Self { entropy: words.entropy(), seed })
    }

    /// Reads what [`Seed::to_bytes`] wrote.
    ///
    /// # Errors
    /// If the bytes are not of that form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseSeedError> {
        let (&version, rest) = bytes.split_first().ok_or(ParseSeedError)?;
        let (stored, entropy) = rest.split_at_checked(SEED_BYTES).ok_or(ParseSeedError)?;
        if version != VERSION || !words::ENTROPY_BYTES.contains(&entropy.len()) {
            return Err(ParseSeedError);
        }
        let mut seed = Box::new(Zeroizing::new([0; SEED_BYTES]));
        seed.copy_from_slice(stored);
        Ok(Self { entropy: Zeroizing::new(entropy.to_vec()), seed })
    }

    fn master(&self, network: Network) -> PrivateKey {
        PrivateKey(
            Xpriv::new_master(NetworkKind::from(network), &**self.seed)
                .expect("no one can find a seed without a key (2^-127)"),
        )
    }
}

/// What was computed with it is wiped too.
impl Drop for Seed {
    fn drop(&mut self) {
        wipe_stack();
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// The bytes are not a stored seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored seed is damaged: restore the wallet from its words")]
pub struct ParseSeedError;

/// An extended private key that is wiped when dropped.
pub(crate) struct PrivateKey(Xpriv);

impl PrivateKey {
    /// The key to sign with; the borrower copies none of it.
    pub(crate) const fn secret(&self) -> &SecretKey {
        &self.0.private_key
    }

    /// Takes over an extended key; what is left of it with the caller is wiped.
    pub(crate) fn from_extended(mut key: Xpriv) -> Self {
        let own = Self(key);
        key.private_key.non_secure_erase();
        own
    }

    /// Appends the key as it is written (BIP32, "Serialization format").
    pub(crate) fn write(&self, to: &mut Zeroizing<String>) {
        write!(**to, "{}", self.0).expect("a string takes everything");
    }

    /// How far below its master key it stands.
    pub(crate) const fn depth(&self) -> u8 {
        self.0.depth
    }

    pub(crate) const fn network(&self) -> NetworkKind {
        self.0.network
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint(&SECP)
    }

    /// Its public half.
    pub(crate) fn public(&self) -> Xpub {
        Xpub::from_priv(&SECP, &self.0)
    }

    /// The key at a path below.
    pub(crate) fn derive(&self, path: &DerivationPath) -> Self {
        Self(
            self.0
                .derive_priv(&SECP, path)
                .expect("paths are short, and no one can find an index without a key (2^-127)"),
        )
    }
}

impl Drop for PrivateKey {
    fn drop(&mut self) {
        self.0.private_key.non_secure_erase();
        self.0.chain_code = [0; 32].into();
    }
}

/// The words of entropy whose length was checked when it came.
fn words_of(entropy: &[u8]) -> Words {
    Words::from_entropy(entropy).expect("16, 20, 24, 28 or 32 bytes")
}

/// Bytes of a BIP39 seed.
const SEED_BYTES: usize = 64;

/// The first byte of the stored form.
const VERSION: u8 = 1;

#[cfg(test)]
mod tests;
