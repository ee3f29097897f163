//! Owns `Device`: what the wallet asks of a signer, whichever it is.
//!
//! Refuses to verify: whoever asks compares keys, addresses and signatures with its own.

use bitcoin::bip32::{ChildNumber, DerivationPath, Fingerprint, Xpub};
use bitcoin::psbt::Psbt;
use bitcoin::{Network, NetworkKind};

use crate::place::Place;
use crate::policy::Policy;
use crate::problem::DeviceError;
use crate::watch::Watch;

/// A signer that is unlocked, for one network.
pub trait Device: Send {
    /// What it is, as it says.
    fn about(&self) -> &About;

    /// The network that it was opened for.
    fn network(&self) -> Network;

    /// The fingerprint of its master key (BIP32), with the passphrase that was entered there.
    fn fingerprint(&self) -> Fingerprint;

    /// The extended public key at a path.
    ///
    /// # Errors
    /// See [`DeviceError`].
    fn xpub(&mut self, path: &DerivationPath) -> Result<Xpub, DeviceError>;

    /// Whether the device keeps exactly this policy.
    ///
    /// # Errors
    /// See [`DeviceError`].
    fn is_registered(&mut self, policy: &Policy) -> Result<bool, DeviceError>;

    /// Has the person at the device look a policy through and keep it (BIP388).
    ///
    /// # Errors
    /// See [`DeviceError`].
    fn register(&mut self, policy: &Policy, watch: &mut dyn Watch) -> Result<(), DeviceError>;

    /// Shows an address on the device, and gives the text that is shown once the person has
    /// agreed to it. `None`: the device does not say what it shows, and the person must compare.
    ///
    /// # Errors
    /// See [`DeviceError`].
    fn display(
        &mut self,
        what: &Shown,
        watch: &mut dyn Watch,
    ) -> Result<Option<String>, DeviceError>;

    /// Has the person at the device look a payment through; its PSBT with the device's signatures.
    ///
    /// # Errors
    /// See [`DeviceError`].
    fn sign(&mut self, psbt: &Psbt, watch: &mut dyn Watch) -> Result<Psbt, DeviceError>;

    /// Has the person at the device look a message through; its signature in the older form
    /// (base64 of 65 bytes), by the key at a path.
    ///
    /// # Errors
    /// See [`DeviceError`].
    fn sign_message(
        &mut self,
        path: &DerivationPath,
        message: &str,
        watch: &mut dyn Watch,
    ) -> Result<String, DeviceError>;
}

/// The key that a device gave, if it can be that of the path and the network that were asked for.
pub(crate) fn xpub_at(
    xpub: Xpub,
    path: &DerivationPath,
    network: Network,
) -> Result<Xpub, DeviceError> {
    let last = path.as_ref().last().copied();
    let fits = usize::from(xpub.depth) == path.len()
        && xpub.child_number == last.unwrap_or(ChildNumber::Normal { index: 0 });
    if !fits {
        return Err(DeviceError::Protocol("a key is of another path"));
    }
    if xpub.network != NetworkKind::from(network) {
        return Err(DeviceError::WrongNetwork { asked: network });
    }
    Ok(xpub)
}

/// What a device says that it is; cleaned, and nothing else of it is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Where it was found.
    pub place: Place,
    /// What it is, for people.
    pub model: String,
    /// The version of its program.
    pub version: String,
    /// Whether it can be asked.
    pub state: State,
    /// The networks that its keys are for.
    pub networks: Networks,
}

/// Whether a device can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There are no keys, or they are not kept yet.
    NotSetUp,
    /// There are keys, and the PIN is asked for first.
    Locked,
    /// It is unlocked.
    Ready,
}

impl State {
    /// The name that the command line and JSON use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSetUp => "not_set_up",
            Self::Locked => "locked",
            Self::Ready => "ready",
        }
    }
}

/// The networks that a device's keys are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Networks {
    /// Mainnet.
    Main,
    /// All others.
    Test,
    /// It has not been settled yet.
    All,
}

impl Networks {
    /// Whether this network is among them.
    #[must_use]
    pub const fn hold(self, network: Network) -> bool {
        match self {
            Self::Main => matches!(network, Network::Bitcoin),
            Self::Test => !matches!(network, Network::Bitcoin),
            Self::All => true,
        }
    }
}

/// Whose address is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// That of one key of the device.
    SingleKey {
        /// The kind of its script.
        script: SingleKeyScript,
        /// The path of the key.
        path: DerivationPath,
    },
    /// That of a policy which the device keeps.
    Policy {
        /// Which.
        policy: Policy,
        /// 0: receiving, 1: change.
        branch: u32,
        /// The place in the branch.
        index: u32,
    },
}

/// The scripts that one key makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SingleKeyScript {
    /// P2PKH (BIP44).
    Legacy,
    /// P2SH-P2WPKH (BIP49).
    Nested,
    /// P2WPKH (BIP84).
    Segwit,
    /// P2TR (BIP86).
    Taproot,
}
