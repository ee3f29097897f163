//! Owns `SpendRule`: who may spend an account and when, as a tree that a face can put into words.
//!
//! Read from the policy of a descriptor. Refuses to be spent by: ways and weights are in `spend`.

use bitcoin::bip32::Fingerprint;
use bitcoin::{Sequence, absolute, relative};
use miniscript::descriptor::DescriptorPublicKey;
use miniscript::policy::Semantic;

/// What it takes to spend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpendRule {
    /// A signature below this master key.
    Key(Fingerprint),
    /// The coin is so old (BIP68).
    Age(relative::LockTime),
    /// The chain is so far (BIP65).
    Time(absolute::LockTime),
    /// What hashes to something (a hash lock).
    Secret,
    /// So many of these.
    Of {
        /// How many.
        required: usize,
        /// Of which.
        rules: Vec<Self>,
    },
}

impl SpendRule {
    /// What a policy asks for, without the key of `nobody`; `None`: nothing, or what nobody has.
    pub(super) fn new(
        policy: &Semantic<DescriptorPublicKey>,
        nobody: Option<&DescriptorPublicKey>,
    ) -> Option<Self> {
        Some(match policy {
            Semantic::Unsatisfiable | Semantic::Trivial => return None,
            Semantic::Key(key) if Some(key) == nobody => return None,
            Semantic::Key(key) => Self::Key(key.master_fingerprint()),
            Semantic::Older(age) => {
                Self::Age(Sequence(age.to_consensus_u32()).to_relative_lock_time()?)
            }
            Semantic::After(time) => Self::Time((*time).into()),
            Semantic::Thresh(threshold) => {
                let rules: Vec<Self> =
                    threshold.iter().filter_map(|part| Self::new(part, nobody)).collect();
                Self::of(threshold.k(), rules)
            }
            Semantic::Sha256(_)
            | Semantic::Hash256(_)
            | Semantic::Ripemd160(_)
            | Semantic::Hash160(_) => Self::Secret,
        })
    }

    /// Any of these: the rules of which one is enough.
    #[must_use]
    pub fn alternatives(&self) -> &[Self] {
        match self {
            Self::Of { required: 1, rules } if !rules.iter().all(Self::is_key) => rules,
            rule => std::slice::from_ref(rule),
        }
    }

    const fn is_key(&self) -> bool {
        matches!(self, Self::Key(_))
    }

    fn of(required: usize, mut rules: Vec<Self>) -> Self {
        match (required, rules.len()) {
            (1, 1) => rules.remove(0),
            _ => Self::Of { required, rules },
        }
    }
}
