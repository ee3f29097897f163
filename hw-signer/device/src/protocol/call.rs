//! Owns `Call`: what a host may ask for, each with its parameters.
//!
//! What is not here does not exist for a host: no PIN server, no updates, no Liquid, no way to set
//! up or to wipe the device.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::network::Chain;
use crate::path::Variant;
use crate::policy::{Multisig, MultisigKind, Signer};
use crate::protocol::code::ErrorCode;
use crate::protocol::params::{Params, ParamsError};

/// What a host asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Whether somebody is there, and busy.
    Ping,
    /// What the device is.
    Version,
    /// To mix bytes into the next words that are made.
    AddEntropy(Vec<u8>),
    /// To set the clock, which the device does not have.
    SetEpoch,
    /// To have the person unlock it.
    AuthUser(Chain),
    /// To lock it.
    Logout,
    /// To end what it is asking the person.
    Cancel,
    /// An extended public key.
    Xpub {
        /// For which chain.
        chain: Chain,
        /// Its path; the master key's is empty.
        path: Vec<u32>,
    },
    /// To show an address.
    Address {
        /// For which chain.
        chain: Chain,
        /// Whose.
        of: AddressOf,
    },
    /// To register a multisig wallet.
    RegisterMultisig {
        /// For which chain.
        chain: Chain,
        /// Its name.
        name: String,
        /// What it is.
        multisig: Multisig,
    },
    /// The multisig wallets that are registered.
    Multisigs,
    /// One of them.
    MultisigNamed(String),
    /// To register a policy (BIP388).
    RegisterDescriptor {
        /// For which chain.
        chain: Chain,
        /// Its name.
        name: String,
        /// Its template.
        template: String,
        /// Its keys, by number.
        keys: Vec<String>,
    },
    /// The policies that are registered.
    Descriptors,
    /// One of them.
    DescriptorNamed(String),
    /// To sign a message.
    SignMessage {
        /// The path of the key.
        path: Vec<u32>,
        /// The message.
        message: String,
    },
    /// To sign a transaction.
    SignPsbt {
        /// For which chain.
        chain: Chain,
        /// The PSBT.
        psbt: Vec<u8>,
    },
    /// The next piece of a long result.
    PieceRequest(PieceRequest),
    /// To take words without the person; only builds for tests know it.
    #[cfg(feature = "test-build")]
    DebugSetMnemonic {
        /// The words.
        words: String,
        /// The passphrase; empty for none.
        passphrase: String,
    },
}

/// Whose address is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressOf {
    /// One key's.
    Key {
        /// Its path.
        path: Vec<u32>,
        /// The form of the address.
        variant: Variant,
    },
    /// A registered multisig wallet's.
    Multisig {
        /// Its name.
        name: String,
        /// A path for each key.
        paths: Vec<Vec<u32>>,
    },
    /// A registered policy's.
    Descriptor {
        /// Its name.
        name: String,
        /// 0 to receive, 1 for change.
        branch: u32,
        /// Which.
        index: u32,
    },
}

/// Which piece of a long result is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceRequest {
    /// The id of the request whose result it is.
    pub origin: String,
    /// The method of that request.
    pub method: String,
    /// Which piece, counted from 1.
    pub number: u32,
    /// How many the host was told there are.
    pub of: u32,
}

impl Call {
    pub(super) fn read(method: &str, params: &Params<'_>) -> Result<Self, CallError> {
        Ok(match method {
            "ping" => Self::Ping,
            "get_version_info" => Self::Version,
            "add_entropy" => Self::AddEntropy(params.bytes("entropy")?.to_owned()),
            "set_epoch" => Self::SetEpoch,
            "auth_user" => Self::AuthUser(chain(params)?),
            "logout" => Self::Logout,
            "cancel" => Self::Cancel,
            "get_xpub" => Self::Xpub { chain: chain(params)?, path: params.path("path")? },
            "get_receive_address" => {
                Self::Address { chain: chain(params)?, of: address_of(params)? }
            }
            "register_multisig" => Self::RegisterMultisig {
                chain: chain(params)?,
                name: params.text("multisig_name")?.to_owned(),
                multisig: multisig(&params.map("descriptor")?)?,
            },
            "get_registered_multisigs" => Self::Multisigs,
            "get_registered_multisig" => {
                Self::MultisigNamed(params.text("multisig_name")?.to_owned())
            }
            "register_descriptor" => Self::RegisterDescriptor {
                chain: chain(params)?,
                name: params.text("descriptor_name")?.to_owned(),
                template: params.text("descriptor")?.to_owned(),
                keys: numbered_keys(params)?,
            },
            "get_registered_descriptors" => Self::Descriptors,
            "get_registered_descriptor" => {
                Self::DescriptorNamed(params.text("descriptor_name")?.to_owned())
            }
            "sign_message" => sign_message(params)?,
            "sign_psbt" => {
                Self::SignPsbt { chain: chain(params)?, psbt: params.bytes("psbt")?.to_owned() }
            }
            "get_extended_data" => Self::PieceRequest(PieceRequest {
                origin: params.text("origid")?.to_owned(),
                method: params.text("orig")?.to_owned(),
                number: params.number("seqnum")?,
                of: params.number("seqlen")?,
            }),
            #[cfg(feature = "test-build")]
            "debug_set_mnemonic" => Self::DebugSetMnemonic {
                words: params.text("mnemonic")?.to_owned(),
                passphrase: if params.has("passphrase") {
                    params.text("passphrase")?.to_owned()
                } else {
                    String::new()
                },
            },
            _ => return Err(CallError::UnknownMethod),
        })
    }
}

/// Why a request can't be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The device has no such method.
    #[error("the device does not know this method")]
    UnknownMethod,
    /// The parameters can't be read.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// A chain that is none of Bitcoin's.
    #[error("unknown network: mainnet, testnet and localtest are known")]
    Network,
    /// A form of address that the device doesn't know.
    #[error("unknown kind of address or script")]
    Variant,
    /// A fingerprint is not 4 bytes.
    #[error("a fingerprint has 4 bytes")]
    Fingerprint,
    /// The keys of a policy are not numbered from `@0` on.
    #[error("the keys must be named @0, @1, … without a gap")]
    Keys,
    /// Nonces that a host contributes to are not made.
    #[error("the device signs without anti-exfil: leave ae_host_commitment out")]
    AntiExfil,
}

impl CallError {
    /// Its number on the wire.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::UnknownMethod => ErrorCode::UnknownMethod,
            _ => ErrorCode::BadParameters,
        }
    }
}

fn chain(params: &Params<'_>) -> Result<Chain, CallError> {
    Chain::parse(params.text("network")?).ok_or(CallError::Network)
}

fn address_of(params: &Params<'_>) -> Result<AddressOf, CallError> {
    if params.has("multisig_name") {
        let name = params.text("multisig_name")?.to_owned();
        return Ok(AddressOf::Multisig { name, paths: params.paths("paths")? });
    }
    if params.has("descriptor_name") {
        let name = params.text("descriptor_name")?.to_owned();
        let (branch, index) = (params.number("branch")?, params.number("pointer")?);
        return Ok(AddressOf::Descriptor { name, branch, index });
    }
    let variant = Variant::parse(params.text("variant")?).ok_or(CallError::Variant)?;
    Ok(AddressOf::Key { path: params.path("path")?, variant })
}

fn multisig(descriptor: &Params<'_>) -> Result<Multisig, CallError> {
    let kind = MultisigKind::parse(descriptor.text("variant")?).ok_or(CallError::Variant)?;
    let signers = descriptor.maps("signers")?;
    Ok(Multisig {
        kind,
        sorted: descriptor.has("sorted") && descriptor.flag("sorted")?,
        threshold: descriptor.number("threshold")?,
        signers: signers.iter().map(signer).collect::<Result<_, _>>()?,
    })
}

fn signer(params: &Params<'_>) -> Result<Signer, CallError> {
    let fingerprint = params.bytes("fingerprint")?;
    Ok(Signer {
        fingerprint: fingerprint.try_into().map_err(|_| CallError::Fingerprint)?,
        derivation: params.path("derivation")?,
        xpub: params.text("xpub")?.to_owned(),
        path: if params.has("path") { params.path("path")? } else { Vec::new() },
    })
}

fn numbered_keys(params: &Params<'_>) -> Result<Vec<String>, CallError> {
    if !params.has("datavalues") {
        return Ok(Vec::new());
    }
    let mut keys = Vec::new();
    for (name, key) in params.map("datavalues")?.texts()? {
        let number = name.strip_prefix('@').and_then(|number| number.parse::<usize>().ok());
        keys.push((number.ok_or(CallError::Keys)?, key));
    }
    keys.sort_by_key(|(number, _)| *number);
    let whole = keys.iter().enumerate().all(|(place, (number, _))| place == *number);
    if !whole {
        return Err(CallError::Keys);
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

fn sign_message(params: &Params<'_>) -> Result<Call, CallError> {
    if params.has("ae_host_commitment") {
        return Err(CallError::AntiExfil);
    }
    let message = params.text("message")?.to_owned();
    Ok(Call::SignMessage { path: params.path("path")?, message })
}
