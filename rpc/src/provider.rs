//! Owns `Provider`: how scripts are spent that descriptors of a caller stand for, and with which
//! keys (`EvalDescriptorStringOrObject` of Bitcoin Core's `src/rpc/util.cpp`).
//!
//! Refuses to repeat private keys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use billfold_wallet_core::signers::GivenKeys;
use bitcoin::bip32::DerivationPath;
use bitcoin::{Network, PrivateKey, ScriptBuf};
use miniscript::descriptor::{DefiniteDescriptorKey, DescriptorSecretKey};
use miniscript::{Descriptor, ForEachKey as _};

use crate::apart::{apart_while_awaited, check_awaited};
use crate::arguments;
use crate::descriptor::SECP;
use crate::descriptor_text::Read;
use crate::error::RpcError;
use crate::json::Value;
use crate::limits::SCRIPTS_AT_ONCE;

/// Descriptors that a caller gave.
pub struct Provider {
    network: Network,
    sources: Vec<Source>,
}

/// One of them.
struct Source {
    read: Read,
    first: u32,
    last: u32,
    secrets: Vec<DescriptorSecretKey>,
}

/// Reads the range of a descriptor, both ends in it.
pub type ReadRange = fn(&Value) -> Result<(u32, u32), RpcError>;

/// How some scripts are spent.
pub type Described = BTreeMap<ScriptBuf, Descriptor<DefiniteDescriptorKey>>;

impl Provider {
    /// Reads them; `range` reads the one of each.
    ///
    /// # Errors
    /// -8 for what is none, -5 for what can't be read.
    pub async fn read(
        values: &[Value],
        network: Network,
        range: ReadRange,
    ) -> Result<Self, RpcError> {
        let values = values.to_vec();
        apart_while_awaited(move |left| Self::of(&values, network, range, left)).await?
    }

    pub(crate) fn of(
        values: &[Value],
        network: Network,
        range: ReadRange,
        left: &AtomicBool,
    ) -> Result<Self, RpcError> {
        let source = |value: &Value| {
            check_awaited(left)?;
            Source::read(value, network, range)
        };
        Ok(Self { network, sources: values.iter().map(source).collect::<Result<_, _>>()? })
    }

    /// How those of these scripts are spent that a descriptor stands for, unless `left` says meanwhile
    /// that nobody waits for it.
    ///
    /// # Errors
    /// -5 if a script takes private keys; -8 if they are more than [`SCRIPTS_AT_ONCE`].
    pub fn described(
        &self,
        wanted: &BTreeSet<ScriptBuf>,
        left: &AtomicBool,
    ) -> Result<Described, RpcError> {
        self.check_places()?;
        let mut described = Described::new();
        for source in &self.sources {
            for branch in 0..source.read.branch_count() {
                for index in source.first..=source.last {
                    check_awaited(left)?;
                    for definite in source.read.definite(branch, index)? {
                        let public = definite.derived_descriptor(&SECP);
                        let public = public.map_err(|_| RpcError::bug())?;
                        let spk = public.script_pubkey();
                        if wanted.contains(&spk) {
                            described.entry(spk).or_insert(definite);
                        }
                    }
                }
            }
        }
        Ok(described)
    }

    /// All scripts that they stand for, unless `left` says meanwhile that nobody waits for them.
    ///
    /// # Errors
    /// -5 if one takes private keys; -8 if they are more than [`SCRIPTS_AT_ONCE`].
    pub fn scripts(&self, left: &AtomicBool) -> Result<BTreeSet<ScriptBuf>, RpcError> {
        self.check_places()?;
        let mut scripts = BTreeSet::new();
        for source in &self.sources {
            for branch in 0..source.read.branch_count() {
                for index in source.first..=source.last {
                    check_awaited(left)?;
                    scripts.extend(source.read.scripts(branch, index)?);
                }
            }
        }
        Ok(scripts)
    }

    fn check_places(&self) -> Result<(), RpcError> {
        let places = self.sources.iter().map(|one| one.read.places(one.first, one.last));
        check_places(places.fold(0, u64::saturating_add))
    }

    /// The first script of the first descriptor.
    #[cfg(test)]
    pub(crate) fn first_script(&self) -> Option<ScriptBuf> {
        let first = self.sources.first()?.read.definite(0, 0).ok()?;
        Some(first.last()?.derived_descriptor(&SECP).ok()?.script_pubkey())
    }

    /// The private keys of a descriptor, as far as they are known.
    #[must_use]
    pub fn keys(&self, descriptor: &Descriptor<DefiniteDescriptorKey>) -> GivenKeys {
        let mut keys = GivenKeys::default();
        descriptor.for_each_key(|public| {
            let mut secrets = self.sources.iter().flat_map(|source| &source.secrets);
            let found = secrets.find_map(|secret| private(secret, public, self.network));
            if let Some(found) = found {
                keys.push(found);
            }
            true
        });
        keys
    }
}

/// Whether so many places are worth their time.
///
/// # Errors
/// -8 if they are more than [`SCRIPTS_AT_ONCE`].
pub fn check_places(places: u64) -> Result<(), RpcError> {
    if places > SCRIPTS_AT_ONCE {
        let told = format!("More than {SCRIPTS_AT_ONCE} scripts at once: name shorter ranges");
        return Err(RpcError::parameter(told));
    }
    Ok(())
}

impl Source {
    fn read(value: &Value, network: Network, range: ReadRange) -> Result<Self, RpcError> {
        let (text, given) = match value {
            Value::String(text) => (text.as_str(), None),
            Value::Object(fields) => {
                let desc = fields.get("desc").filter(|desc| !desc.is_null()).ok_or_else(|| {
                    RpcError::parameter("Descriptor needs to be provided in scan object")
                })?;
                let given = fields.get("range").filter(|range| !range.is_null());
                (arguments::text(desc)?, given.map(range).transpose()?)
            }
            _ => {
                let message = "Scan object needs to be either a string or an object";
                return Err(RpcError::parameter(message));
            }
        };
        let read = Read::parse(text, network, false)?;
        let (first, last) = if read.is_ranged() { given.unwrap_or((0, USUAL_END)) } else { (0, 0) };
        let secrets = if read.has_private_keys() { secrets(text) } else { Vec::new() };
        Ok(Self { read, first, last, secrets })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        for secret in &mut self.secrets {
            match secret {
                DescriptorSecretKey::Single(one) => one.key.inner.non_secure_erase(),
                DescriptorSecretKey::XPrv(one) => one.xkey.private_key.non_secure_erase(),
                DescriptorSecretKey::MultiXPrv(one) => one.xkey.private_key.non_secure_erase(),
            }
        }
    }
}

/// The private keys that stand in a descriptor that was read before.
fn secrets(text: &str) -> Vec<DescriptorSecretKey> {
    let body = text.split('#').next().unwrap_or(text);
    // `combo` is no form of the library's.
    let known = match body.strip_prefix("combo(") {
        Some(rest) => format!("pkh({rest}"),
        None => body.to_owned(),
    };
    let parsed = Descriptor::parse_descriptor(&SECP, &known);
    parsed.map(|(_, keys)| keys.into_values().collect()).unwrap_or_default()
}

/// The private key of a public key, if it comes of this secret.
fn private(
    secret: &DescriptorSecretKey,
    public: &DefiniteDescriptorKey,
    network: Network,
) -> Option<PrivateKey> {
    let (origin, xkey) = match secret {
        DescriptorSecretKey::Single(one) => {
            let is_it = one.key.public_key(&SECP) == public.derive_public_key(&SECP).ok()?;
            return is_it.then_some(one.key);
        }
        DescriptorSecretKey::XPrv(one) => (&one.origin, &one.xkey),
        DescriptorSecretKey::MultiXPrv(one) => (&one.origin, &one.xkey),
    };
    let root = (xkey.fingerprint(&SECP), DerivationPath::master());
    let (fingerprint, before) = origin.as_ref().unwrap_or(&root);
    let path = public.full_derivation_path()?;
    let rest = path.as_ref().strip_prefix(before.as_ref())?;
    if *fingerprint != public.master_fingerprint() {
        return None;
    }
    let key = PrivateKey::new(xkey.derive_priv(&SECP, &rest).ok()?.private_key, network);
    (key.public_key(&SECP) == public.derive_public_key(&SECP).ok()?).then_some(key)
}

/// The last number that is looked at where none is given.
const USUAL_END: u32 = 1_000;

#[cfg(test)]
mod tests {
    use billfold_wallet_core::command::CommandError;

    use super::*;

    const KEY: &str = "tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp";

    fn scripts(descriptors: usize, left: bool) -> Result<usize, RpcError> {
        let one = serde_json::json!(format!("wpkh({KEY}/<0;1>/*)"));
        let values = vec![Value::from(one); descriptors];
        let provider =
            Provider::of(&values, Network::Regtest, |_| Ok((0, 9)), &AtomicBool::new(false))?;
        provider.scripts(&AtomicBool::new(left)).map(|scripts| scripts.len())
    }

    /// The same descriptor as often as it fits into a request would keep a thread for days.
    #[test]
    fn no_more_scripts_are_derived_than_are_worth_it_and_none_for_nobody() {
        assert_eq!(scripts(2, false), Ok(2 * (USUAL_END as usize + 1)));
        assert_eq!(scripts(2, true), Err(CommandError::Closing.into()));
        let told = scripts(500, true).expect_err("too many");
        assert_eq!(told.message, "More than 1000000 scripts at once: name shorter ranges");
    }
}
