//! Owns a message that a device signs with the key of an address (BIP137), shown there before.
//!
//! Refuses addresses of several keys and of taproot, for which that form says nothing, and every
//! signature that is not one of the address and the message.

use billfold_signer_host::device::Device;
use billfold_signer_host::problem::DeviceError;
use billfold_signer_host::watch::Watch;

use crate::command::{MessageForm, SignedMessage};
use crate::keychain::{Account, AccountKind, Branch, DerivationIndex, ScriptType};
use crate::limits::MESSAGE_BYTES;
use crate::message::{Verdict, verify};

use super::path_at;

/// Has the device sign a message with the key of an address of an account.
///
/// # Errors
/// See [`DeviceMessageError`].
pub fn sign_message(
    device: &mut dyn Device,
    account: &Account,
    branch: Branch,
    index: DerivationIndex,
    message: &str,
    watch: &mut dyn Watch,
) -> Result<SignedMessage, DeviceMessageError> {
    let AccountKind::SingleKey(ScriptType::Legacy | ScriptType::Nested | ScriptType::Segwit) =
        account.kind()
    else {
        return Err(DeviceMessageError::AddressType);
    };
    if message.len() > MESSAGE_BYTES {
        return Err(DeviceMessageError::TooLong(message.len()));
    }
    let path = path_at(device.fingerprint(), account, branch, index)?;
    let signature = device.sign_message(&path, message, watch)?;
    match verify(&account.address(branch, index), message, &signature) {
        Verdict::Valid(signed) if signed.form == MessageForm::Legacy => {
            Ok(SignedMessage { form: signed.form, signature })
        }
        _ => Err(DeviceMessageError::Invalid),
    }
}

/// Why a device did not sign a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceMessageError {
    /// The older form says nothing of such an address.
    #[error(
        "a signer signs messages in the older form, which says nothing of this kind of address: take a \
         segwit, nested or legacy one of a single key"
    )]
    AddressType,
    /// Longer than any that is signed; its length in bytes.
    #[error("the message has {0} bytes, and at most {MESSAGE_BYTES} are signed")]
    TooLong(usize),
    /// It did not do it.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// What it gave back is none of this address and this message.
    #[error(
        "what the signer gave back is no signature of this address and this message: it is not taken"
    )]
    Invalid,
}
