//! Owns `Read`: a descriptor as callers give it (BIP380), with the forms that miniscript does not
//! know: `addr` and `raw` (BIP385), `combo` (BIP384) and `rawtr`.
//!
//! Refuses to keep private keys, and to repeat them.

mod branch;
mod outer;

use billfold_wallet_core::command::DescriptorText;
use billfold_wallet_core::keychain::{DescriptorError, PublicHalf};
use billfold_wallet_core::limits::DESCRIPTOR_BYTES;
use billfold_wallet_core::signers::{HeldKey, PrivateDescriptor, without_private_keys};
use bitcoin::hex::FromHex;
use bitcoin::{Address, Network, NetworkKind, ScriptBuf};
use miniscript::descriptor::checksum::desc_checksum;
use miniscript::descriptor::{DefiniteDescriptorKey, DescriptorPublicKey};
use miniscript::{Descriptor, ForEachKey as _};
use zeroize::Zeroizing;

use crate::arguments;
use crate::descriptor::SECP;
use crate::error::RpcError;

use branch::Branch;
use outer::Outer;

/// A descriptor that was read.
#[derive(Debug)]
pub struct Read {
    /// The checksum of what was given.
    pub checksum: String,
    network: Network,
    body: Body,
}

/// What it is.
#[derive(Debug)]
enum Body {
    /// Made of keys.
    Keys {
        outer: Outer,
        /// One for each path (BIP389).
        branches: Vec<Branch>,
        /// The same as they are told, with the steps below private keys that were given.
        told: Vec<Descriptor<DescriptorPublicKey>>,
        private: PrivateKeys,
        /// Whether hardened steps are spelled with an apostrophe.
        apostrophes: bool,
    },
    /// One script, and how it is written.
    Script { text: String, script: ScriptBuf },
}

/// Which of its keys came with their private halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PrivateKeys {
    None,
    Some,
    All,
}

impl Read {
    /// Reads a text.
    ///
    /// # Errors
    /// -5.
    pub fn parse(text: &str, network: Network, needs_checksum: bool) -> Result<Self, RpcError> {
        let (body, given) = match text.split_once('#') {
            Some((body, given)) => (body, Some(given)),
            None if needs_checksum => return Err(RpcError::address_or_key("Missing checksum")),
            None => (text, None),
        };
        let wrong = |error: miniscript::Error| RpcError::address_or_key(error.to_string());
        let checksum = desc_checksum(body).map_err(wrong)?;
        match given {
            Some(given) if given.len() != checksum.len() => {
                return Err(RpcError::address_or_key(format!(
                    "Expected 8 character checksum, not {} characters",
                    given.len()
                )));
            }
            Some(given) if given != checksum => {
                return Err(RpcError::address_or_key(format!(
                    "Provided checksum '{given}' does not match computed checksum '{checksum}'"
                )));
            }
            _ => {}
        }
        Ok(Self { checksum, network, body: Body::parse(body, network)? })
    }

    /// How many paths it has (BIP389).
    #[must_use]
    pub fn branch_count(&self) -> usize {
        match &self.body {
            Body::Keys { branches, .. } => branches.len(),
            Body::Script { .. } => 1,
        }
    }

    /// At how many places it stands for scripts, with these indices, both ends in it.
    #[must_use]
    pub fn places(&self, first: u32, last: u32) -> u64 {
        let length = u64::from(last.saturating_sub(first)) + 1;
        length.saturating_mul(self.branch_count() as u64)
    }

    /// Whether it makes more than one address.
    #[must_use]
    pub fn is_ranged(&self) -> bool {
        match &self.body {
            Body::Keys { branches, .. } => branches.iter().any(Branch::is_ranged),
            Body::Script { .. } => false,
        }
    }

    /// Whether it tells how its scripts are spent.
    #[must_use]
    pub const fn is_solvable(&self) -> bool {
        matches!(self.body, Body::Keys { .. })
    }

    /// Why no account is made of it, and what to do instead, where that is seen from its form.
    #[must_use]
    pub const fn no_account(&self) -> Option<&'static str> {
        match self.body {
            Body::Keys { outer: Outer::RawTr, .. } => Some(NO_RAWTR),
            Body::Script { .. } => Some(NO_SCRIPT),
            Body::Keys { outer: Outer::Usual | Outer::Combo, .. } => None,
        }
    }

    /// Whether it is `combo`, which stands for several scripts of each key (BIP384).
    #[must_use]
    pub const fn is_combo(&self) -> bool {
        matches!(self.body, Body::Keys { outer: Outer::Combo, .. })
    }

    /// The descriptors of accounts that stand for `text`, from which this was read: itself, or of `combo` those whose
    /// scripts have an address, with the private keys that were given.
    #[must_use]
    pub fn accounts(&self, text: &str) -> Vec<DescriptorText> {
        let Body::Keys { outer: Outer::Combo, branches, .. } = &self.body else {
            return vec![DescriptorText::new(text)];
        };
        let key = text.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
        let key = key.map_or("", |(key, _)| key);
        let has_segwit = branches.iter().all(|branch| match branch.written() {
            Descriptor::Pkh(pkh) => Descriptor::new_wpkh(pkh.as_inner().clone()).is_ok(),
            _ => false,
        });
        let forms: &[_] = if has_segwit {
            &[("pkh(", ")"), ("sh(wpkh(", "))"), ("wpkh(", ")")]
        } else {
            &[("pkh(", ")")]
        };
        let written = |(name, end): &(&str, &str)| Zeroizing::new([name, key, end].concat());
        forms.iter().map(|form| DescriptorText::new(&written(form))).collect()
    }

    /// Whether there are private keys in it.
    #[must_use]
    pub const fn has_private_keys(&self) -> bool {
        matches!(self.body, Body::Keys { private: PrivateKeys::Some | PrivateKeys::All, .. })
    }

    /// Whether every key in it is a private one.
    #[must_use]
    pub const fn has_all_private_keys(&self) -> bool {
        matches!(self.body, Body::Keys { private: PrivateKeys::All, .. })
    }

    /// Each path as it is written, without private keys and checksums.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        match &self.body {
            Body::Script { text, .. } => vec![text.clone()],
            Body::Keys { outer, told, apostrophes, .. } => told
                .iter()
                .map(|branch| {
                    let text = outer.written(&branch.to_string());
                    if *apostrophes { text } else { text.replace('\'', "h") }
                })
                .collect(),
        }
    }

    /// What pays at a place of a path; nothing where it does not tell how that is spent, and of
    /// `rawtr`.
    ///
    /// # Errors
    /// -5 if it takes private keys.
    pub fn definite(
        &self,
        branch: usize,
        index: u32,
    ) -> Result<Vec<Descriptor<DefiniteDescriptorKey>>, RpcError> {
        let Body::Keys { outer, branches, .. } = &self.body else { return Ok(Vec::new()) };
        let Some(branch) = branches.get(branch) else { return Ok(Vec::new()) };
        let definite = branch.at(index).ok_or_else(|| {
            let text = outer.written(&branch.written().to_string()).replace('\'', "h");
            let message = format!("Cannot derive script without private keys: '{text}'");
            RpcError::address_or_key(message)
        })?;
        Ok(outer.definite(definite))
    }

    /// The scripts at a place of a path.
    ///
    /// # Errors
    /// -5 if it takes private keys.
    pub fn scripts(&self, branch: usize, index: u32) -> Result<Vec<ScriptBuf>, RpcError> {
        match &self.body {
            Body::Script { script, .. } => Ok(vec![script.clone()]),
            Body::Keys { outer: Outer::RawTr, .. } => {
                let addresses = self.addresses(branch, index)?;
                Ok(addresses.iter().map(Address::script_pubkey).collect())
            }
            Body::Keys { .. } => {
                let public = |one: &Descriptor<DefiniteDescriptorKey>| {
                    let public = one.derived_descriptor(&SECP).map_err(|_| RpcError::bug())?;
                    Ok(public.script_pubkey())
                };
                self.definite(branch, index)?.iter().map(public).collect()
            }
        }
    }

    /// The addresses at a place of a path.
    ///
    /// # Errors
    /// -5 if there is none.
    pub fn addresses(&self, branch: usize, index: u32) -> Result<Vec<Address>, RpcError> {
        let refused =
            || RpcError::address_or_key("Descriptor does not have a corresponding address");
        match &self.body {
            Body::Script { script, .. } => {
                let address = Address::from_script(script, self.network);
                Ok(vec![address.map_err(|_| refused())?])
            }
            Body::Keys { outer, branches, .. } => {
                let branch = branches.get(branch).ok_or_else(refused)?;
                let definite = branch.at(index).ok_or_else(|| {
                    RpcError::address_or_key("Cannot derive script without private keys")
                })?;
                outer.addresses(&definite, self.network).ok_or_else(refused)
            }
        }
    }
}

/// An extended key of another network, as it is written without its private part.
fn foreign(
    descriptor: &Descriptor<DescriptorPublicKey>,
    secrets: &[HeldKey],
    network: Network,
) -> Option<String> {
    let (kind, mut found) = (NetworkKind::from(network), None);
    descriptor.for_any_key(|key| {
        let xkey = match key {
            DescriptorPublicKey::XPub(key) => Some(key.xkey),
            DescriptorPublicKey::MultiXPub(key) => Some(key.xkey),
            DescriptorPublicKey::Single(_) => None,
        };
        found = xkey.filter(|xkey| xkey.network != kind).map(|xkey| xkey.to_string());
        found.is_some()
    });
    let single = |held: &HeldKey| match held.name().public {
        PublicHalf::Single(key) if held.keys().network() != kind => Some(key.to_string()),
        _ => None,
    };
    found.or_else(|| secrets.iter().find_map(single))
}

/// The innermost name around a part of a descriptor.
fn name_around<'a>(body: &'a str, part: &str) -> &'a str {
    let before = body.find(part).map_or(body, |at| &body[..at]);
    let before = before.rsplit_once('(').map_or("", |(before, _)| before);
    before.rsplit(['(', ',', '{', ':']).next().unwrap_or_default()
}

impl Body {
    fn parse(body: &str, network: Network) -> Result<Self, RpcError> {
        let within = |name: &str| {
            let rest = body.strip_prefix(name)?.strip_prefix('(')?;
            rest.strip_suffix(')')
        };
        if let Some(text) = within("addr") {
            let address = arguments::address(text, network, "")
                .map_err(|_| RpcError::address_or_key("Address is not valid"))?;
            let text = format!("addr({address})");
            return Ok(Self::Script { text, script: address.script_pubkey() });
        }
        if let Some(hex) = within("raw") {
            let bytes = Vec::from_hex(hex)
                .map_err(|_| RpcError::address_or_key("Raw script is not hex"))?;
            let script = ScriptBuf::from_bytes(bytes);
            let text = format!("raw({})", script.to_hex_string());
            return Ok(Self::Script { text, script });
        }
        if body.len() > DESCRIPTOR_BYTES {
            let told = DescriptorError::TooLong { most: DESCRIPTOR_BYTES };
            return Err(RpcError::address_or_key(told.to_string()));
        }
        let (outer, known) = match (within("combo"), within("rawtr")) {
            (Some(key), _) => (Outer::Combo, format!("pkh({key})")),
            (_, Some(key)) => (Outer::RawTr, format!("tr({key})")),
            (None, None) => (Outer::Usual, body.to_owned()),
        };
        let wrong = |error: miniscript::Error| RpcError::address_or_key(error.to_string());
        let PrivateDescriptor { public: descriptor, keys, is_complete } =
            PrivateDescriptor::parse_body(&known).map_err(wrong)?;
        descriptor.sanity_check().map_err(wrong)?;
        if outer == Outer::RawTr && known.contains(',') {
            return Err(RpcError::address_or_key("rawtr(): only one key expected."));
        }
        if let Some(key) = foreign(&descriptor, &keys, network) {
            let name = name_around(body, &key);
            return Err(RpcError::address_or_key(format!("{name}(): key '{key}' is not valid")));
        }
        let branches = descriptor.into_single_descriptors().map_err(wrong)?;
        let branches = branches.into_iter().map(Branch::new).collect();
        let told = without_private_keys(&known, &keys);
        let told: Descriptor<DescriptorPublicKey> = told.parse().map_err(wrong)?;
        let told = told.into_single_descriptors().map_err(wrong)?;
        let private = match (keys.is_empty(), is_complete) {
            (true, _) => PrivateKeys::None,
            (false, false) => PrivateKeys::Some,
            (false, true) => PrivateKeys::All,
        };
        Ok(Self::Keys { outer, branches, told, private, apostrophes: body.contains('\'') })
    }
}

const NO_RAWTR: &str =
    "rawtr() is not imported: import tr() of the key from which its own was made";
const NO_SCRIPT: &str = "addr() and raw() do not tell how they are spent: import the descriptor with the \
                         keys";
