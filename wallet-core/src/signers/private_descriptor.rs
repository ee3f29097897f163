//! Owns descriptors with private keys in them (BIP380, BIP389): taken apart into the descriptor of
//! the public halves and the keys, and put together again.
//!
//! Hardened steps are derived on the way, as Bitcoin Core writes its descriptors. Refuses branches
//! that begin with hardened steps, which no public key can take, a step that stands twice for two
//! branches, and paths that are not signed for.

use std::fmt::Write;

use bitcoin::bip32::{ChildNumber, DerivationPath, KeySource, Xpriv, Xpub};
use bitcoin::{Network, NetworkKind, XOnlyPublicKey};
use miniscript::descriptor::{
    DerivPaths, Descriptor, DescriptorMultiXKey, DescriptorPublicKey, DescriptorSecretKey,
    DescriptorXKey, SinglePriv, SinglePub, SinglePubKey, Wildcard,
};
use miniscript::{Error, ForEachKey, TranslatePk, Translator, hash256};
use zeroize::Zeroizing;

use super::held::{HeldKey, LONGEST, origin_of, origin_text};
use super::keys::{ExtendedKey, Keys, SingleKey};
use crate::keychain::{
    AccountKey, DescriptorError, HeldKeyName, PublicHalf, body_of, check_bounds, has_repeated_step,
};
use crate::limits::{DESCRIPTOR_BRANCHES, DESCRIPTOR_WORD_BYTES};
use crate::residue::wipe_stack;

/// A descriptor that was taken apart.
#[derive(Debug)]
pub struct PrivateDescriptor {
    /// The public halves.
    pub public: Descriptor<DescriptorPublicKey>,
    /// The private keys, each once; none where there were none.
    pub keys: Vec<HeldKey>,
    /// Whether each key of the descriptor came with its private half.
    pub is_complete: bool,
}

impl PrivateDescriptor {
    /// Takes a descriptor apart. What stands in it, and whether it can be an account's, is not
    /// looked at.
    ///
    /// # Errors
    /// [`DescriptorError::TooLong`], [`DescriptorError::Checksum`], [`DescriptorError::Malformed`],
    /// or [`DescriptorError::WrongNetwork`] of a private key.
    pub fn parse(text: &str, network: Network) -> Result<Self, DescriptorError> {
        let body = body_of(text)?;
        let apart = Self::parse_body(body).map_err(|_| DescriptorError::Malformed)?;
        let kind = NetworkKind::from(network);
        if apart.keys.iter().any(|key| key.keys().network() != kind) {
            return Err(DescriptorError::WrongNetwork { network });
        }
        Ok(apart)
    }

    /// The same without a checksum, of any network.
    ///
    /// # Errors
    /// What the library found wrong with the descriptor.
    pub fn parse_body(body: &str) -> Result<Self, Error> {
        check_bounds(body).map_err(|_| out_of_bounds())?;
        let mut apart = Apart::new(is_taproot(body));
        let written: Descriptor<String> = body.parse()?;
        let public = written.translate_pk(&mut apart);
        wipe_stack();
        let public = public.map_err(miniscript::TranslateErr::flatten)?;
        if public.for_any_key(has_repeated_step) {
            return Err(repeated_step());
        }
        Ok(Self { public, keys: apart.keys, is_complete: apart.is_complete })
    }
}

/// The text of a descriptor with the public halves of these keys in their places, as Bitcoin Core
/// tells it: no hardened step is derived.
#[must_use]
pub fn without_private_keys(body: &str, keys: &[HeldKey]) -> String {
    keys.iter().fold(body.to_owned(), |text, key| {
        let mut private = Zeroizing::new(String::with_capacity(LONGEST));
        key.keys().write(&mut private);
        let public = match key.name().public {
            PublicHalf::Single(public) if is_taproot(body) => {
                XOnlyPublicKey::from(public.inner).to_string()
            }
            public => public.to_string(),
        };
        text.replace(&**private, &public)
    })
}

/// Whether its keys are written without their sign (BIP341).
fn is_taproot(body: &str) -> bool {
    body.starts_with("tr(")
}

/// Puts private keys into a descriptor, each in the place of its public half, as Bitcoin Core
/// writes them; without a checksum. Keys that are not there stay public.
#[must_use]
pub fn with_private_keys(descriptor: &str, keys: &[HeldKey]) -> Option<Zeroizing<String>> {
    let body = descriptor.split('#').next()?;
    let read: Descriptor<DescriptorPublicKey> = body.parse().ok()?;
    let mut text = Zeroizing::new(body.to_owned());
    read.for_each_key(|public| {
        let with = keys.iter().find_map(|key| private_form(public, key));
        if let Some((own, private)) = with {
            text = Zeroizing::new(text.replace(&own, &private));
        }
        true
    });
    Some(text)
}

/// The private half of an extended key, if one of these keys makes it.
#[must_use]
pub fn private_half(key: &AccountKey, keys: &[HeldKey]) -> Option<Zeroizing<String>> {
    let origin = key.origin.clone();
    let origin = origin.unwrap_or_else(|| (key.xpub.fingerprint(), DerivationPath::master()));
    let held = keys.iter().find(|held| held.makes(&origin, &key.xpub))?;
    held.half_at(&origin)
}

/// What stands for a public key, as far as its path below, and what stands there with this private key.
fn private_form(
    public: &DescriptorPublicKey,
    key: &HeldKey,
) -> Option<(String, Zeroizing<String>)> {
    let (own, origin) = match public {
        DescriptorPublicKey::XPub(DescriptorXKey { origin, xkey, .. })
        | DescriptorPublicKey::MultiXPub(DescriptorMultiXKey { origin, xkey, .. }) => {
            let own = AccountKey { origin: origin.clone(), xpub: *xkey };
            (
                own.to_string(),
                origin.clone().unwrap_or((xkey.fingerprint(), DerivationPath::master())),
            )
        }
        DescriptorPublicKey::Single(single) => {
            let path = public.full_derivation_path()?;
            (
                public.to_string(),
                single.origin.clone().unwrap_or((public.master_fingerprint(), path)),
            )
        }
    };
    let below = key.below(&origin)?;
    let makes = match (public, key.keys()) {
        (DescriptorPublicKey::Single(single), Keys::Single(own)) => match single.key {
            SinglePubKey::FullKey(key) => key == own.public(),
            SinglePubKey::XOnly(key) => key == XOnlyPublicKey::from(own.public().inner),
        },
        (
            DescriptorPublicKey::XPub(DescriptorXKey { xkey, .. })
            | DescriptorPublicKey::MultiXPub(DescriptorMultiXKey { xkey, .. }),
            _,
        ) => key.makes(&origin, xkey),
        _ => false,
    };
    let mut private = Zeroizing::new(String::with_capacity(LONGEST));
    // A key that is its own master needs no origin.
    if key.origin() != &(key.keys().fingerprint(), DerivationPath::master())
        && !matches!(public, DescriptorPublicKey::Single(SinglePub { origin: None, .. }))
    {
        private.push_str(&origin_text(key.origin()));
    }
    key.keys().write(&mut private);
    for step in &below {
        write!(private, "/{step}").ok()?;
    }
    makes.then_some((own, private))
}

/// Takes keys out of a descriptor.
struct Apart {
    /// Whether keys are written without their sign (BIP341).
    taproot: bool,
    keys: Vec<HeldKey>,
    /// To make one takes as long as to derive a key.
    names: Vec<HeldKeyName>,
    is_complete: bool,
}

impl Apart {
    const fn new(taproot: bool) -> Self {
        Self { taproot, keys: Vec::new(), names: Vec::new(), is_complete: true }
    }

    fn take(&mut self, secret: DescriptorSecretKey) -> Result<DescriptorPublicKey, Error> {
        let (public, key) = match secret {
            DescriptorSecretKey::Single(single) => {
                let key = SingleKey::new(single.key);
                let origin = single.origin;
                let public =
                    self.single(SinglePub { origin, key: SinglePubKey::FullKey(key.public()) });
                let path = public.full_derivation_path().unwrap_or_default();
                let origin = (public.master_fingerprint(), path);
                (public, HeldKey::new(origin, Keys::Single(key)))
            }
            DescriptorSecretKey::XPrv(DescriptorXKey {
                origin,
                xkey,
                derivation_path,
                wildcard,
            }) => {
                let steps = last_hardened(&derivation_path);
                let (hardened, rest) = derivation_path[..].split_at(steps);
                let steps = derivation_path.len() + usize::from(wildcard != Wildcard::None);
                let (key, origin, xkey) = below(xkey, origin.as_ref(), hardened, steps)?;
                let derivation_path = rest.into();
                let public = DescriptorXKey { origin, xkey, derivation_path, wildcard };
                (DescriptorPublicKey::XPub(public), key)
            }
            DescriptorSecretKey::MultiXPrv(DescriptorMultiXKey {
                origin,
                xkey,
                derivation_paths,
                wildcard,
            }) => {
                let paths = derivation_paths.into_paths();
                let steps = paths.iter().map(last_hardened).max().unwrap_or_default();
                let hardened: DerivationPath = paths[0][..steps.min(paths[0].len())].into();
                let rest = paths
                    .iter()
                    .map(|path| path[..].strip_prefix(&hardened[..]).map(DerivationPath::from));
                let rest: Option<Vec<DerivationPath>> = rest.collect();
                let rest = rest.and_then(DerivPaths::new).ok_or_else(hardened_branches)?;
                let steps = paths.iter().map(DerivationPath::len).max().unwrap_or_default();
                let steps = steps + usize::from(wildcard != Wildcard::None);
                let (key, origin, xkey) = below(xkey, origin.as_ref(), &hardened[..], steps)?;
                let public = DescriptorMultiXKey { origin, xkey, derivation_paths: rest, wildcard };
                (DescriptorPublicKey::MultiXPub(public), key)
            }
        };
        let name = key.name();
        if !self.names.contains(&name) {
            self.names.push(name);
            self.keys.push(key);
        }
        Ok(public)
    }

    /// A key that stands by itself, in the form that its script has.
    fn single(&self, mut single: SinglePub) -> DescriptorPublicKey {
        if let (true, SinglePubKey::FullKey(key)) = (self.taproot, &single.key) {
            single.key = SinglePubKey::XOnly(key.inner.into());
        }
        DescriptorPublicKey::Single(single)
    }
}

impl Translator<String, DescriptorPublicKey, Error> for Apart {
    fn pk(&mut self, text: &String) -> Result<DescriptorPublicKey, Error> {
        match text.parse() {
            // The library leaves the origin of a single key out.
            Ok(DescriptorSecretKey::Single(single)) => {
                let origin = origin_of(text).map(|(origin, _)| origin);
                return self.take(DescriptorSecretKey::Single(SinglePriv { origin, ..single }));
            }
            Ok(extended) => return self.take(extended),
            Err(_) => {}
        }
        self.is_complete = false;
        match text.parse().map_err(|_| no_key())? {
            DescriptorPublicKey::Single(single) => Ok(self.single(single)),
            extended => Ok(extended),
        }
    }

    fn sha256(&mut self, hash: &String) -> Result<bitcoin::hashes::sha256::Hash, Error> {
        hash.parse().map_err(|_| no_hash())
    }

    fn hash256(&mut self, hash: &String) -> Result<hash256::Hash, Error> {
        hash.parse().map_err(|_| no_hash())
    }

    fn ripemd160(&mut self, hash: &String) -> Result<bitcoin::hashes::ripemd160::Hash, Error> {
        hash.parse().map_err(|_| no_hash())
    }

    fn hash160(&mut self, hash: &String) -> Result<bitcoin::hashes::hash160::Hash, Error> {
        hash.parse().map_err(|_| no_hash())
    }
}

/// The key as it is held, and its public half after hardened steps with the origin that it has then;
/// so many steps are below it in all.
fn below(
    mut xkey: Xpriv,
    origin: Option<&KeySource>,
    hardened: &[ChildNumber],
    steps: usize,
) -> Result<(HeldKey, Option<KeySource>, Xpub), Error> {
    let keys = Keys::Extended(ExtendedKey::new(xkey));
    xkey.private_key.non_secure_erase();
    let public = keys.public(&hardened.into()).filter(|_| keys.reaches(steps));
    let public = public.ok_or_else(too_far)?;
    let fingerprint = keys.fingerprint();
    let own = origin.cloned().unwrap_or_else(|| (fingerprint, DerivationPath::master()));
    let named = origin.is_some() || !hardened.is_empty();
    let origin = named.then(|| (own.0, own.1.extend(hardened)));
    Ok((HeldKey::new(own, keys), origin, public))
}

/// How many steps there are up to the last hardened one.
fn last_hardened(path: &DerivationPath) -> usize {
    path[..].iter().rposition(ChildNumber::is_hardened).map_or(0, |at| at + 1)
}

fn hardened_branches() -> Error {
    Error::Unexpected("branches that differ in hardened steps have no public form".to_owned())
}

/// As Bitcoin Core says it, without the step.
fn repeated_step() -> Error {
    Error::Unexpected("Duplicated key path value in multipath specifier".to_owned())
}

fn too_far() -> Error {
    Error::Unexpected("a path below a private key has more steps than are signed for".to_owned())
}

fn out_of_bounds() -> Error {
    Error::Unexpected(format!(
        "a key has a word of more than {DESCRIPTOR_WORD_BYTES} letters, more than 510 steps or more than \
         {DESCRIPTOR_BRANCHES} branches"
    ))
}

fn no_key() -> Error {
    Error::Unexpected("a key is not one".to_owned())
}

fn no_hash() -> Error {
    Error::Unexpected("a hash is not one".to_owned())
}

#[cfg(test)]
mod tests;
