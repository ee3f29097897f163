//! Owns what the screens ask a signing device, and what it answers.
//!
//! Refuses to keep a device open between two questions: it may be unplugged at any moment, and other
//! programs want it too.

use std::collections::BTreeSet;

use billfold_wallet_core::keychain::{
    Account, AccountDescriptor, AccountName, Branch, DerivationIndex, ScriptType,
};
use billfold_wallet_core::signer_host::device::Device;
use billfold_wallet_core::signer_host::doctor::{self, Diagnosis};
use billfold_wallet_core::signer_host::place::Place;
use billfold_wallet_core::signer_host::problem::DeviceError;
use billfold_wallet_core::signer_host::watch::Watch;
use billfold_wallet_core::signers::device::{
    self, DeviceMessageError, DeviceSigningError, DisplayError, Displayed, RegisterError,
    Registration,
};
use bitcoin::bip32::Fingerprint;
use bitcoin::{Network, Psbt};

/// One thing that a signing device is asked.
#[derive(Debug, Clone)]
pub enum DeviceQuestion {
    /// What is plugged in, and what keeps it from being used. Nobody is disturbed.
    Look,
    /// Which accounts it has: the first of each script type, this one before the others.
    Accounts(ScriptType),
    /// Show an address, for the person to compare.
    Display {
        /// Whose.
        account: Box<Account>,
        /// Of which of its chains.
        branch: Branch,
        /// Which.
        index: DerivationIndex,
    },
    /// Keep the policy of an account (BIP388), once the person there has looked it through.
    Register(Box<Account>),
    /// Sign a message by the key of an account's first address, which proves that the device can
    /// spend.
    Message {
        /// Whose.
        account: Box<Account>,
        /// What.
        message: String,
    },
    /// Sign a payment.
    Sign(Box<Psbt>),
}

/// What a signing device answered.
#[derive(Debug, Clone)]
pub enum DeviceReply {
    /// To `Look`.
    Found(Vec<Diagnosis>),
    /// To `Accounts`.
    Accounts {
        /// Whose.
        fingerprint: Fingerprint,
        /// The accounts.
        accounts: Vec<(AccountName, AccountDescriptor)>,
    },
    /// To `Display`: the person agreed that it is the same.
    Displayed(Displayed),
    /// To `Register`.
    Registered(Registration),
    /// To `Message`: the signature is verified.
    Signature,
    /// To `Sign`: with signatures of the device that are verified.
    Signed(Box<Psbt>),
}

impl DeviceQuestion {
    /// Asks the device at a place, and waits for its answer.
    ///
    /// # Errors
    /// See [`DeviceFailure`].
    pub fn ask(
        self,
        place: &Place,
        network: Network,
        watch: &mut dyn Watch,
    ) -> Result<DeviceReply, DeviceFailure> {
        let any = BTreeSet::new();
        match self {
            Self::Look => Ok(DeviceReply::Found(doctor::list(Some(place), network))),
            Self::Accounts(first) => {
                let mut device = device::open(place, network, &any, watch)?;
                let accounts = device::accounts(device.as_mut(), first, DerivationIndex::ZERO)?;
                Ok(DeviceReply::Accounts { fingerprint: device.fingerprint(), accounts })
            }
            Self::Display { account, branch, index } => {
                let mut device = opened(place, network, &account, watch)?;
                let shown = device::display(device.as_mut(), &account, branch, index, watch)?;
                Ok(DeviceReply::Displayed(shown))
            }
            Self::Register(account) => {
                let mut device = opened(place, network, &account, watch)?;
                let registered = device::register(device.as_mut(), &account, watch)?;
                Ok(DeviceReply::Registered(registered))
            }
            Self::Message { account, message } => {
                let mut device = opened(place, network, &account, watch)?;
                let (branch, index) = (Branch::Receive, DerivationIndex::ZERO);
                let device = device.as_mut();
                device::sign_message(device, &account, branch, index, &message, watch)?;
                Ok(DeviceReply::Signature)
            }
            Self::Sign(psbt) => {
                let expected = device::signers_of(&psbt);
                let mut device = device::open(place, network, &expected, watch)?;
                let signed = device::sign(device.as_mut(), &psbt, watch)?;
                Ok(DeviceReply::Signed(Box::new(signed)))
            }
        }
    }
}

fn opened(
    place: &Place,
    network: Network,
    account: &Account,
    watch: &mut dyn Watch,
) -> Result<Box<dyn Device>, DeviceError> {
    let expected = account.descriptor().signers().into_iter().collect();
    device::open(place, network, &expected, watch)
}

/// Why a signing device did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceFailure {
    /// It was not found, refused, or nobody answered there.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// It shows another address, or does not know the account.
    #[error(transparent)]
    Display(#[from] DisplayError),
    /// It keeps no such policy.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// It signed no message.
    #[error(transparent)]
    Message(#[from] DeviceMessageError),
    /// It signed no payment.
    #[error(transparent)]
    Signing(#[from] DeviceSigningError),
    /// The talk with it ended by a fault of this program.
    #[error("the talk with the signer ended by a fault of billfold: try again, and report it")]
    Fault,
}
