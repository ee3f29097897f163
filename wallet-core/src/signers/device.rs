//! Owns what the wallet asks of a signing device: its keys, its eye on an address, its signatures.
//!
//! Refuses to believe it. Keys must be those that are asked for, addresses those of the wallet, and
//! of a signed PSBT nothing is taken but signatures of the drafted transaction that hold, cover all
//! of it and have a low S (BIP146, which is part of verifying them).

use std::collections::BTreeSet;

use bitcoin::bip32::{DerivationPath, Fingerprint};
use bitcoin::psbt::{self, Psbt};
use bitcoin::{Address, Network};

use billfold_signer_host::device::{Device, Shown, SingleKeyScript};
use billfold_signer_host::place::Place;
use billfold_signer_host::policy::Policy;
use billfold_signer_host::problem::DeviceError;
use billfold_signer_host::search;
use billfold_signer_host::watch::Watch;

use crate::command::SigningProblem;
use crate::keychain::{
    Account, AccountDescriptor, AccountKey, AccountKind, AccountName, Branch, DerivationIndex,
    DescriptorError, ScriptType, StandardAccount, TemplateScript, WalletPolicy,
};
use crate::psbt::signatures;

use super::taken;

pub use definite::display_descriptor;
pub use message::{DeviceMessageError, sign_message};

mod definite;
mod message;

/// Opens and unlocks the device at a place. One of `expected` must be the fingerprint of its master
/// key, if there are any: another passphrase makes other keys, and says nothing about it.
///
/// # Errors
/// See [`DeviceError`].
pub fn open(
    place: &Place,
    network: Network,
    expected: &BTreeSet<Fingerprint>,
    watch: &mut dyn Watch,
) -> Result<Box<dyn Device>, DeviceError> {
    let device = search::connect(place, network, watch)?;
    compare_keys(device.as_ref(), expected)?;
    Ok(device)
}

/// The descriptors of the standard accounts of this number, one of each script type, `first` first.
///
/// # Errors
/// See [`DeviceError`].
pub fn accounts(
    device: &mut dyn Device,
    first: ScriptType,
    number: DerivationIndex,
) -> Result<Vec<(AccountName, AccountDescriptor)>, DeviceError> {
    let others = ScriptType::ALL.into_iter().filter(|script_type| *script_type != first);
    let read = |script_type| {
        let account = StandardAccount { script_type, number };
        let (network, fingerprint) = (device.network(), device.fingerprint());
        let xpub = device.xpub(&account.path(network))?;
        Ok((account.name(), account.descriptor(network, fingerprint, xpub)))
    };
    std::iter::once(first).chain(others).map(read).collect()
}

/// The device's key for a policy that others take part in.
///
/// # Errors
/// See [`DeviceError`].
pub fn account_key(
    device: &mut dyn Device,
    script: TemplateScript,
    number: DerivationIndex,
) -> Result<AccountKey, DeviceError> {
    let path = script.path(device.network(), number.to_u32());
    let xpub = device.xpub(&path)?;
    Ok(AccountKey { origin: Some((device.fingerprint(), path)), xpub })
}

/// Has the device keep the policy of an account; whether it did not keep it already.
///
/// # Errors
/// See [`RegisterError`].
pub fn register(
    device: &mut dyn Device,
    account: &Account,
    watch: &mut dyn Watch,
) -> Result<Registration, RegisterError> {
    let policy = policy_of(account)?;
    let name = policy.name().to_string();
    let new = !device.is_registered(&policy)?;
    if new {
        device.register(&policy, watch)?;
    }
    Ok(Registration { name, new })
}

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The name of the policy on the device.
    pub name: String,
    /// Whether the device did not keep it before.
    pub new: bool,
}

/// Has the device show an address of an account, and compares what it shows.
///
/// # Errors
/// See [`DisplayError`].
pub fn display(
    device: &mut dyn Device,
    account: &Account,
    branch: Branch,
    index: DerivationIndex,
    watch: &mut dyn Watch,
) -> Result<Displayed, DisplayError> {
    let shown = match account.kind() {
        AccountKind::SingleKey(script_type) => Shown::SingleKey {
            script: script(script_type),
            path: path_at(device.fingerprint(), account, branch, index)?,
        },
        AccountKind::Multisig { .. } | AccountKind::Policy => {
            let policy = policy_of(account)?;
            if !device.is_registered(&policy)? {
                return Err(DisplayError::NotRegistered(account.name().clone()));
            }
            let (branch, index) = (branch.number(), index.to_u32());
            Shown::Policy { policy, branch, index }
        }
    };
    let told = device.display(&shown, watch)?;
    same(account.address(branch, index), told)
}

/// An address of the wallet that the device has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Displayed {
    /// Which.
    pub address: Address,
    /// Whether the device said that it showed the same; if not, only the person has compared.
    pub compared: bool,
}

/// Has the device sign a PSBT that it has keys for. The PSBT as it was given, with the device's
/// signatures.
///
/// # Errors
/// See [`DeviceSigningError`].
pub fn sign(
    device: &mut dyn Device,
    drafted: &Psbt,
    watch: &mut dyn Watch,
) -> Result<Psbt, DeviceSigningError> {
    compare_keys(device, &signers_of(drafted))?;
    let signed = device.sign(drafted, watch)?;
    Ok(accept(signed, drafted)?)
}

/// What was drafted, with the signatures that a device gave back beside those that were there.
///
/// # Errors
/// See [`SigningProblem`]; [`SigningProblem::Incomplete`] if it gave none.
pub fn accept(mut signed: Psbt, drafted: &Psbt) -> Result<Psbt, SigningProblem> {
    keep_earlier(&mut signed, drafted);
    let signed = taken(&signed, drafted)?;
    if signatures::tally(&signed).iter().any(|tally| tally.wrong > 0) {
        return Err(SigningProblem::Invalid);
    }
    if signed == *drafted { Err(SigningProblem::Incomplete) } else { Ok(signed) }
}

/// The wallet's address, unless the device says that it shows another.
fn same(ours: Address, told: Option<String>) -> Result<Displayed, DisplayError> {
    match told {
        Some(told) if told != ours.to_string() => {
            Err(DisplayError::Differs { ours: ours.to_string(), told })
        }
        told => Ok(Displayed { address: ours, compared: told.is_some() }),
    }
}

/// The fingerprints of the master keys that a PSBT names for its inputs.
#[must_use]
pub fn signers_of(psbt: &Psbt) -> BTreeSet<Fingerprint> {
    let of = |input: &psbt::Input| {
        let ecdsa = input.bip32_derivation.values().map(|(signer, _)| *signer);
        let schnorr = input.tap_key_origins.values().map(|(_, (signer, _))| *signer);
        ecdsa.chain(schnorr).collect::<Vec<_>>()
    };
    psbt.inputs.iter().flat_map(of).collect()
}

/// Signatures of others that were there before: a device may leave them out, and can't take them
/// away.
fn keep_earlier(signed: &mut Psbt, drafted: &Psbt) {
    for (theirs, before) in signed.inputs.iter_mut().zip(&drafted.inputs) {
        theirs.partial_sigs.extend(&before.partial_sigs);
        theirs.tap_key_sig = before.tap_key_sig.or(theirs.tap_key_sig);
        theirs.tap_script_sigs.extend(&before.tap_script_sigs);
    }
}

fn compare_keys(device: &dyn Device, expected: &BTreeSet<Fingerprint>) -> Result<(), DeviceError> {
    let found = device.fingerprint();
    if expected.is_empty() || expected.contains(&found) {
        return Ok(());
    }
    Err(DeviceError::WrongKeys { expected: expected.iter().copied().collect(), found })
}

fn policy_of(account: &Account) -> Result<Policy, NoPolicy> {
    let WalletPolicy { template, keys } =
        WalletPolicy::new(account.descriptor()).filter(|_| !account.is_single_key()).ok_or_else(
            || NoPolicy { account: account.name().clone(), single_key: account.is_single_key() },
        )?;
    let keys = keys.iter().map(ToString::to_string).collect();
    Ok(Policy::new(account.name().as_str(), &template, keys))
}

/// The path of the device's key at a place of an account of one key.
fn path_at(
    signer: Fingerprint,
    account: &Account,
    branch: Branch,
    index: DerivationIndex,
) -> Result<DerivationPath, DeviceError> {
    let mut output = psbt::Output::default();
    account.annotate_output(branch, index, &mut output);
    let ecdsa = output.bip32_derivation.into_values();
    let schnorr = output.tap_key_origins.into_values().map(|(_, origin)| origin);
    let origins: Vec<_> = ecdsa.chain(schnorr).collect();
    let own = origins.iter().find(|(origin, _)| *origin == signer);
    own.map(|(_, path)| path.clone()).ok_or_else(|| DeviceError::WrongKeys {
        expected: origins.iter().map(|(origin, _)| *origin).collect(),
        found: signer,
    })
}

const fn script(script_type: ScriptType) -> SingleKeyScript {
    match script_type {
        ScriptType::Legacy => SingleKeyScript::Legacy,
        ScriptType::Nested => SingleKeyScript::Nested,
        ScriptType::Segwit => SingleKeyScript::Segwit,
        ScriptType::Taproot => SingleKeyScript::Taproot,
    }
}

/// An account has no policy for devices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", told(account, *single_key))]
pub struct NoPolicy {
    /// Which.
    pub account: AccountName,
    /// Whether devices know it without one.
    pub single_key: bool,
}

fn told(account: &AccountName, single_key: bool) -> String {
    if single_key {
        format!(
            "{account} has one key, and signers know such accounts: nothing is to be registered"
        )
    } else {
        format!("{account} has a key that is not an extended one: signers can't register it")
    }
}

/// Why a policy is not registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// There is none.
    #[error(transparent)]
    NoPolicy(#[from] NoPolicy),
    /// The device did not do it.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// Why an address was not shown, or is not to be paid at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DisplayError {
    /// The device can't know the account.
    #[error(transparent)]
    NoPolicy(#[from] NoPolicy),
    /// The device does not know the account yet.
    #[error("the signer does not know {0} yet: billfold signer register {0}")]
    NotRegistered(AccountName),
    /// The device shows another one.
    #[error(
        "the signer shows {told}, and this wallet has {ours}: don't use this address. One of the \
         two is not what it should be"
    )]
    Differs {
        /// What the wallet has.
        ours: String,
        /// What the device says that it shows.
        told: String,
    },
    /// What names the address is not a descriptor of one key of a known place.
    #[error(transparent)]
    Descriptor(#[from] DescriptorError),
    /// The device did not do it.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// Why a device did not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceSigningError {
    /// It did not do it.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// What came back is not taken.
    #[error("what the signer gave back is not taken: {0}")]
    Problem(#[from] SigningProblem),
}

#[cfg(test)]
mod tests;
