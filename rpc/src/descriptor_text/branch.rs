//! Owns `Branch`: one path of a descriptor (BIP389), as it is written and derived down to its places.
//!
//! Refuses what takes private keys.

use std::sync::OnceLock;

use billfold_wallet_core::keychain::{definite, derived};
use miniscript::Descriptor;
use miniscript::descriptor::{DefiniteDescriptorKey, DescriptorPublicKey};

/// One path.
#[derive(Debug)]
pub(super) struct Branch {
    written: Descriptor<DescriptorPublicKey>,
    /// With its keys derived down to the branch, so that a place takes one step for each key and not the
    /// whole path; made when it is asked for, since that takes long.
    derived: OnceLock<Option<Descriptor<DescriptorPublicKey>>>,
}

impl Branch {
    pub(super) const fn new(written: Descriptor<DescriptorPublicKey>) -> Self {
        Self { written, derived: OnceLock::new() }
    }

    /// As it is written.
    pub(super) const fn written(&self) -> &Descriptor<DescriptorPublicKey> {
        &self.written
    }

    pub(super) fn is_ranged(&self) -> bool {
        self.written.has_wildcard()
    }

    /// The descriptor of a place; `None` if it takes private keys.
    pub(super) fn at(&self, index: u32) -> Option<Descriptor<DefiniteDescriptorKey>> {
        let derived = self.derived.get_or_init(|| derived(&self.written));
        definite(derived.as_ref()?, index)
    }
}
