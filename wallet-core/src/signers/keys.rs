//! Owns the private keys that a software signer signs with: a seed, an extended key, or a single
//! key; and how the last two are written.
//!
//! Refuses to show them, and wipes them when they are dropped.

use std::fmt;

use bitcoin::bip32::{DerivationPath, Fingerprint, Xpriv, Xpub};
use bitcoin::secp256k1::{PublicKey, SecretKey};
use bitcoin::{Network, NetworkKind, PrivateKey as WifKey};
use zeroize::Zeroizing;

use crate::command::SweepSource;
use crate::keychain::{AccountDescriptor, DerivationIndex, SECP, ScriptType, StandardAccount};
use crate::limits::{EXTENDED_KEY_BYTES, KEY_PATH_STEPS, WIF_BYTES};
use crate::seed::{PrivateKey, Seed};
use crate::sweep;

/// Private keys, and where they stand below their fingerprint.
pub enum Keys {
    /// All keys of a seed.
    Seed(Seed, Network),
    /// All keys below an extended key. Its own fingerprint is the origin, wherever it comes from.
    Extended(ExtendedKey),
    /// One key.
    Single(SingleKey),
}

impl Keys {
    /// The fingerprint that key origins name (BIP32): of the master key, of the extended key, or of
    /// the single key as BIP32 would make it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Seed(seed, _) => seed.fingerprint(),
            Self::Extended(key) => key.0.fingerprint(),
            Self::Single(key) => key.fingerprint(),
        }
    }

    /// Whether so many steps below are no more than are signed for, and end above the last level
    /// that there is (BIP32, "Serialization format": the level is one byte).
    pub(super) fn reaches(&self, steps: usize) -> bool {
        let depth = match self {
            Self::Extended(key) => key.0.depth(),
            Self::Seed(..) | Self::Single(_) => 0,
        };
        steps <= KEY_PATH_STEPS.min(usize::from(u8::MAX - depth))
    }

    /// The extended public key at a path; a single key has none, and nothing has one too far below.
    pub(super) fn public(&self, path: &DerivationPath) -> Option<Xpub> {
        match self {
            _ if !self.reaches(path.len()) => None,
            Self::Seed(seed, network) => Some(seed.xpub(path, *network)),
            Self::Extended(key) => Some(key.public(path)),
            Self::Single(_) => None,
        }
    }

    /// Which networks its keys are of.
    #[must_use]
    pub fn network(&self) -> NetworkKind {
        match self {
            Self::Seed(_, network) => (*network).into(),
            Self::Extended(key) => key.0.network(),
            Self::Single(key) => key.network,
        }
    }

    /// Lets `sign` use the key at a path; `None` if there is none, or only one too far below.
    pub(super) fn with<T>(
        &self,
        path: &DerivationPath,
        sign: impl FnOnce(&SecretKey) -> T,
    ) -> Option<T> {
        match self {
            _ if !self.reaches(path.len()) => None,
            Self::Seed(seed, network) => Some(sign(seed.private_key(path, *network).secret())),
            Self::Extended(key) => Some(sign(key.0.derive(path).secret())),
            Self::Single(key) => path.is_empty().then(|| sign(&key.secret)),
        }
    }
}

impl Keys {
    /// Where to look for the money of these keys: the standard accounts of a seed or a master key,
    /// all kinds of addresses right below another extended key, and of a single key.
    #[must_use]
    pub fn sources(&self, accounts: u32, network: Network) -> Vec<SweepSource> {
        let numbers = (0..accounts).filter_map(DerivationIndex::new);
        let standard: Vec<StandardAccount> = numbers
            .flat_map(|number| {
                ScriptType::ALL.map(|script_type| StandardAccount { script_type, number })
            })
            .collect();
        match self {
            Self::Seed(seed, _) => {
                let of = |account: &StandardAccount| seed.descriptor(*account, network);
                standard.iter().map(of).map(Box::new).map(SweepSource::Account).collect()
            }
            Self::Extended(key) if key.is_master() => {
                let of = |account: &StandardAccount| {
                    let xpub = key.public(&account.path(network));
                    account.descriptor(network, self.fingerprint(), xpub)
                };
                standard.iter().map(of).map(Box::new).map(SweepSource::Account).collect()
            }
            Self::Extended(key) => {
                let xpub = key.public(&DerivationPath::master());
                let forms = ["tr(@)", "wpkh(@)", "sh(wpkh(@))", "pkh(@)"];
                let of = |form: &str| {
                    let key = format!("[{}]{xpub}/<0;1>/*", self.fingerprint());
                    AccountDescriptor::parse(&form.replace('@', &key), network).ok()
                };
                forms.into_iter().filter_map(of).map(Box::new).map(SweepSource::Account).collect()
            }
            Self::Single(key) => vec![SweepSource::Key(key.public())],
        }
    }
}

impl Keys {
    /// Writes the key as descriptors have it; of a seed the master key.
    pub(super) fn write(&self, to: &mut Zeroizing<String>) {
        match self {
            Self::Single(key) => key.write(to),
            extended => extended.write_at(&DerivationPath::master(), to).unwrap_or_default(),
        }
    }

    /// Writes the extended key at a path, as far as [`public`](Self::public) has one.
    pub(super) fn write_at(&self, path: &DerivationPath, to: &mut Zeroizing<String>) -> Option<()> {
        match self {
            _ if !self.reaches(path.len()) => return None,
            Self::Seed(seed, network) => seed.private_key(path, *network).write(to),
            Self::Extended(key) => key.0.derive(path).write(to),
            Self::Single(_) => return None,
        }
        Some(())
    }

    /// A copy.
    pub(super) fn copy(&self) -> Self {
        match self {
            Self::Seed(seed, network) => Self::Seed(seed.copy(), *network),
            Self::Extended(key) => {
                Self::Extended(ExtendedKey(key.0.derive(&DerivationPath::master())))
            }
            Self::Single(SingleKey { secret, compressed, network }) => Self::Single(SingleKey {
                secret: *secret,
                compressed: *compressed,
                network: *network,
            }),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

/// An extended private key (BIP32, "xprv").
pub struct ExtendedKey(PrivateKey);

impl ExtendedKey {
    /// Takes over a key; what is left of it with the caller is the caller's to wipe.
    #[must_use]
    pub fn new(key: Xpriv) -> Self {
        Self(PrivateKey::from_extended(key))
    }

    /// Reads an xprv, or a tprv of the test networks.
    ///
    /// # Errors
    /// See [`ParseKeyError`].
    pub fn parse(text: &str, network: Network) -> Result<Self, ParseKeyError> {
        let short = short(text, EXTENDED_KEY_BYTES)?;
        let key: Xpriv = short.parse().map_err(|_| ParseKeyError::NotAKey)?;
        let right = key.network == NetworkKind::from(network);
        let key = PrivateKey::from_extended(key);
        if right { Ok(Self(key)) } else { Err(ParseKeyError::WrongNetwork) }
    }

    /// Whether it is a master key: accounts stand below it.
    #[must_use]
    pub fn is_master(&self) -> bool {
        self.0.depth() == 0
    }

    /// The public half at a path below, which is short.
    pub(super) fn public(&self, path: &DerivationPath) -> Xpub {
        self.0.derive(path).public()
    }
}

/// A single private key ("WIF").
pub struct SingleKey {
    secret: SecretKey,
    compressed: bool,
    network: NetworkKind,
}

impl SingleKey {
    /// Reads a key in Wallet Import Format.
    ///
    /// # Errors
    /// See [`ParseKeyError`].
    pub fn parse(text: &str, network: Network) -> Result<Self, ParseKeyError> {
        let text = short(text, WIF_BYTES)?;
        let own = Self::new(WifKey::from_wif(text).map_err(|_| ParseKeyError::NotAKey)?);
        let right = own.network == NetworkKind::from(network);
        if right { Ok(own) } else { Err(ParseKeyError::WrongNetwork) }
    }

    /// Takes over a key; what is left of it with the caller is the caller's to wipe.
    #[must_use]
    pub fn new(mut key: WifKey) -> Self {
        let own = Self { secret: key.inner, compressed: key.compressed, network: key.network };
        key.inner.non_secure_erase();
        own
    }

    fn write(&self, to: &mut Zeroizing<String>) {
        let Self { secret, compressed, network } = *self;
        let mut key = WifKey { compressed, network, inner: secret };
        key.fmt_wif(&mut **to).expect("a string takes everything");
        key.inner.non_secure_erase();
    }

    /// The public key, and whether addresses are made of its compressed form.
    #[must_use]
    pub fn public(&self) -> bitcoin::PublicKey {
        let inner = PublicKey::from_secret_key(&SECP, &self.secret);
        bitcoin::PublicKey { compressed: self.compressed, inner }
    }

    fn fingerprint(&self) -> Fingerprint {
        sweep::fingerprint(self.public())
    }
}

impl Drop for SingleKey {
    fn drop(&mut self) {
        self.secret.non_secure_erase();
    }
}

/// A text of so many bytes at most: reading base58 takes the square of its length.
fn short(text: &str, most: usize) -> Result<&str, ParseKeyError> {
    Some(text.trim()).filter(|text| text.len() <= most).ok_or(ParseKeyError::NotAKey)
}

/// The text is no private key of this network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseKeyError {
    /// Neither Wallet Import Format nor an extended key, or mistyped.
    #[error("this is no private key: check that it was copied whole")]
    NotAKey,
    /// The key is of another network.
    #[error("this private key is of another network: choose it with --network")]
    WrongNetwork,
}
