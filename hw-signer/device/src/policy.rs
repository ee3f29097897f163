//! Owns wallet policies (BIP388): what a person registers once, so that the device knows the
//! addresses, and the change, of a wallet with several keys or with conditions.
//!
//! Refuses a policy without a key of this device, with a key twice, or whose keys nobody could
//! check; and one that was registered for another seed, passphrase or network.

use alloc::string::String;
use alloc::vec::Vec;

use crate::address::{AddressError, ShownAddress};
use crate::keys::Keys;
use crate::network::Chain;
use crate::screen::Screen;

/// A policy that can be registered: checked, and explained in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    name: String,
    template: String,
    keys: Vec<String>,
}

impl Policy {
    /// Takes a policy as it came: a name of printable ASCII, a template with `@0`, `@1`, … for its
    /// keys and `/**` for `/<0;1>/*`, and the keys with their origins, by number.
    ///
    /// # Errors
    /// See [`PolicyError`].
    pub fn parse(
        name: &str,
        template: &str,
        policy_keys: &[String],
        keys: &Keys,
    ) -> Result<Self, PolicyError> {
        todo!("{name} {template} {policy_keys:?} {keys:?}")
    }

    /// The policy of a multisig wallet, in the form that hosts register with a Jade.
    ///
    /// # Errors
    /// See [`PolicyError`].
    pub fn multisig(name: &str, multisig: &Multisig, keys: &Keys) -> Result<Self, PolicyError> {
        todo!("{name} {multisig:?} {keys:?}")
    }

    /// The name under which it is registered.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The template, as it came.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The keys, as they came.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The multisig that it was registered as, if it was.
    #[must_use]
    pub fn as_multisig(&self) -> Option<&Multisig> {
        todo!()
    }

    /// The pages to show before it is registered, the last one to agree to: who can spend, after
    /// how long, every key.
    #[must_use]
    pub fn screens(&self) -> Vec<Screen> {
        todo!()
    }

    /// One of its addresses: branch 0 to receive, 1 for change.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn address(
        &self,
        chain: Chain,
        branch: u32,
        index: u32,
    ) -> Result<ShownAddress, AddressError> {
        todo!("{chain:?} {branch} {index}")
    }
}

/// A multisig wallet as hosts register it with a Jade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multisig {
    /// Which script.
    pub kind: MultisigKind,
    /// Whether the keys are sorted in the script (BIP67).
    pub sorted: bool,
    /// How many signatures it takes.
    pub threshold: u32,
    /// The keys, in their order.
    pub signers: Vec<Signer>,
}

/// The script of a multisig wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MultisigKind {
    /// `sh(multi(k))`
    Sh,
    /// `wsh(multi(k))`
    Wsh,
    /// `sh(wsh(multi(k)))`
    ShWsh,
}

impl MultisigKind {
    /// By the name that hosts send.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Sh, Self::Wsh, Self::ShWsh].into_iter().find(|kind| kind.name() == name)
    }

    /// The name that hosts send.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sh => "sh(multi(k))",
            Self::Wsh => "wsh(multi(k))",
            Self::ShWsh => "sh(wsh(multi(k)))",
        }
    }
}

/// A key of a multisig wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The fingerprint of its master key.
    pub fingerprint: [u8; 4],
    /// The path from there to the extended key.
    pub derivation: Vec<u32>,
    /// The extended key.
    pub xpub: String,
    /// The path from there to what the branch and the index follow; nearly always empty.
    pub path: Vec<u32>,
}

/// The policies that were registered for one seed, passphrase and network.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Policies {
    list: Vec<Policy>,
}

impl Policies {
    /// What registering would do.
    #[must_use]
    pub fn novelty(&self, policy: &Policy) -> Novelty {
        todo!("{policy:?}")
    }

    /// Registers a policy that the person agreed to, in place of one with the same name.
    ///
    /// # Errors
    /// [`TooManyPolicies`], if it is one too many.
    pub fn register(&mut self, policy: Policy) -> Result<(), TooManyPolicies> {
        todo!("{policy:?}")
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
        todo!("{records:?} {keys:?}")
    }

    /// Reads what was kept. Records of another seed, passphrase or network are left out: they
    /// stay where they are kept and are of no use here.
    #[must_use]
    pub fn of_records(records: &[Record], keys: &Keys) -> Self {
        todo!("{records:?} {keys:?}")
    }
}

/// A registered policy, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    name: String,
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
#[error("{most} policies are registered: remove one on the device", most = crate::limits::POLICIES)]
pub struct TooManyPolicies;

/// Why a policy can't be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// To be written.
    #[error("the policy is refused")]
    Refused,
}
