//! Owns the registered policies of one seed, passphrase and network, and the form in which they
//! are kept: with the device's MAC over name, policy, fingerprint and network.
//!
//! Refuses a record that was made for other keys, or changed by whoever had the card.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Multisig, MultisigKind, Policy, Signer};
use crate::keys::Keys;
use crate::limits::POLICIES;
use crate::wire::{Reader, put, put_number};

/// The policies that were registered for one seed, passphrase and network.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Policies {
    list: Vec<Policy>,
}

impl Policies {
    /// What registering would do.
    #[must_use]
    pub fn novelty(&self, policy: &Policy) -> Novelty {
        match self.find(policy.name()) {
            None => Novelty::New,
            Some(known) if known == policy => Novelty::Known,
            Some(_) => Novelty::Overwrites,
        }
    }

    /// Registers a policy that the person agreed to, in place of one with the same name.
    ///
    /// # Errors
    /// [`TooManyPolicies`], if it is one too many.
    pub fn register(&mut self, policy: Policy) -> Result<(), TooManyPolicies> {
        if let Some(known) = self.list.iter_mut().find(|known| known.name() == policy.name()) {
            *known = policy;
            return Ok(());
        }
        if self.list.len() >= POLICIES {
            return Err(TooManyPolicies);
        }
        self.list.push(policy);
        Ok(())
    }

    /// Removes the policy of a name; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.list.len();
        self.list.retain(|policy| policy.name() != name);
        self.list.len() < before
    }

    /// The policy of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Policy> {
        self.list.iter().find(|policy| policy.name() == name)
    }

    /// All, in the order in which they were registered.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.list.iter()
    }

    /// Puts them, in place of those that were there for these keys, into what is kept: each with
    /// the device's MAC over its name, policy, fingerprint and network. Records of other seeds,
    /// passphrases and networks stay.
    pub fn keep_in(&self, records: &mut Vec<Record>, keys: &Keys) {
        records.retain(|record| !record.is_of(keys));
        records.extend(self.list.iter().map(|policy| Record::new(policy, keys)));
    }

    /// Reads what was kept. Records of another seed, passphrase or network are left out: they
    /// stay where they are kept and are of no use here.
    #[must_use]
    pub fn of_records(records: &[Record], keys: &Keys) -> Self {
        let ours = records.iter().filter(|record| record.is_of(keys));
        Self { list: ours.filter_map(|record| record.policy(keys)).take(POLICIES).collect() }
    }
}

/// A registered policy, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub(crate) body: Vec<u8>,
    pub(crate) mac: [u8; 32],
}

impl Record {
    fn new(policy: &Policy, keys: &Keys) -> Self {
        let mut body = Vec::new();
        put(&mut body, policy.name.as_bytes());
        if let Some(multisig) = &policy.multisig {
            put_number(&mut body, MULTISIG);
            put_multisig(&mut body, multisig);
        } else {
            put_number(&mut body, TEMPLATE);
            put(&mut body, policy.template.as_bytes());
            put_number(&mut body, count(policy.key_texts.len()));
            for key in &policy.key_texts {
                put(&mut body, key.as_bytes());
            }
        }
        let mac = mac(&body, keys);
        Self { body, mac }
    }

    /// Nobody who could time this comparison could not read the card.
    fn is_of(&self, keys: &Keys) -> bool {
        mac(&self.body, keys) == self.mac
    }

    fn policy(&self, keys: &Keys) -> Option<Policy> {
        let mut reader = Reader::new(&self.body);
        let name = reader.text()?;
        match reader.number()? {
            MULTISIG => Policy::multisig(name, &multisig(&mut reader)?, keys).ok(),
            TEMPLATE => {
                let template = reader.text()?;
                let count = reader.number()?;
                let texts = (0..count).map(|_| reader.text().map(ToString::to_string));
                let texts = texts.collect::<Option<Vec<String>>>()?;
                Policy::parse(name, template, &texts, keys).ok()
            }
            _ => None,
        }
    }
}

/// What registering a policy would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// There is none with that name.
    New,
    /// It is registered as it is: nothing to ask.
    Known,
    /// Another with the same name would be gone: the person is warned.
    Overwrites,
}

/// No more policies can be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{POLICIES} wallets are registered: remove one on the device")]
pub struct TooManyPolicies;

fn mac(body: &[u8], keys: &Keys) -> [u8; 32] {
    let fingerprint = keys.fingerprint().to_bytes();
    keys.mac(&[b"policy 1", body, &fingerprint, &keys.network().coin_type().to_le_bytes()])
}

fn put_multisig(body: &mut Vec<u8>, multisig: &Multisig) {
    put(body, multisig.kind.name().as_bytes());
    put_number(body, u32::from(multisig.sorted));
    put_number(body, multisig.threshold);
    put_number(body, count(multisig.signers.len()));
    for signer in &multisig.signers {
        put(body, &signer.fingerprint);
        put(body, signer.xpub.as_bytes());
        for path in [&signer.derivation, &signer.path] {
            put_number(body, count(path.len()));
            for number in path {
                put_number(body, *number);
            }
        }
    }
}

fn multisig(reader: &mut Reader<'_>) -> Option<Multisig> {
    let kind = MultisigKind::parse(reader.text()?)?;
    let sorted = reader.number()? == 1;
    let threshold = reader.number()?;
    let signers = reader.number()?;
    let signer = |reader: &mut Reader<'_>| {
        let fingerprint = reader.bytes()?.try_into().ok()?;
        let xpub = reader.text()?.to_string();
        let mut path = || {
            let steps = reader.number()?;
            (0..steps).map(|_| reader.number()).collect::<Option<Vec<_>>>()
        };
        Some(Signer { fingerprint, xpub, derivation: path()?, path: path()? })
    };
    let signers = (0..signers).map(|_| signer(reader)).collect::<Option<_>>()?;
    Some(Multisig { kind, sorted, threshold, signers })
}

fn count(length: usize) -> u32 {
    u32::try_from(length).expect("policies are bounded")
}

const TEMPLATE: u32 = 0;
const MULTISIG: u32 = 1;
