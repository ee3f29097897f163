//! Owns `AccountKind`: what a descriptor is, read from its policy.

use miniscript::descriptor::{Descriptor, DescriptorPublicKey, DescriptorType};
use miniscript::policy::{Liftable, Semantic};

use super::ScriptType;

/// What an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// One key signs.
    SingleKey(ScriptType),
    /// Some of several keys sign, whenever they like.
    Multisig {
        /// How many must sign.
        required: usize,
        /// How many could.
        keys: usize,
    },
    /// Anything else that miniscript can say.
    Policy,
}

impl AccountKind {
    /// What a branch of a descriptor is; `nobody` is the key in it with which no one can sign.
    pub(super) fn of(
        branch: &Descriptor<DescriptorPublicKey>,
        nobody: Option<&DescriptorPublicKey>,
    ) -> Self {
        if let Some(script_type) = single_key(branch) {
            return Self::SingleKey(script_type);
        }
        let Ok(policy) = branch.lift() else { return Self::Policy };
        let Semantic::Thresh(threshold) = &policy else { return Self::Policy };
        let is_nobody =
            |part: &Semantic<_>| matches!(part, Semantic::Key(key) if Some(key) == nobody);
        let mut parts = threshold.iter().filter(|part| !is_nobody(part));
        match (parts.next(), parts.next()) {
            // The leaf below a key that nobody has.
            (Some(leaf), None) if nobody.is_some() => multisig(leaf),
            _ => multisig(&policy),
        }
    }

    /// The name that the command line and JSON use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SingleKey(_) => "single_key",
            Self::Multisig { .. } => "multisig",
            Self::Policy => "policy",
        }
    }
}

/// The type of the addresses of a descriptor, whoever signs for it: Bitcoin Core's output type.
pub(super) fn script_type(descriptor: &Descriptor<DescriptorPublicKey>) -> ScriptType {
    match descriptor.desc_type() {
        DescriptorType::Tr => ScriptType::Taproot,
        DescriptorType::Wpkh | DescriptorType::Wsh | DescriptorType::WshSortedMulti => {
            ScriptType::Segwit
        }
        DescriptorType::ShWpkh | DescriptorType::ShWsh | DescriptorType::ShWshSortedMulti => {
            ScriptType::Nested
        }
        DescriptorType::Bare
        | DescriptorType::Pkh
        | DescriptorType::Sh
        | DescriptorType::ShSortedMulti => ScriptType::Legacy,
    }
}

/// The script type of a descriptor of a single key.
pub(super) fn single_key(descriptor: &Descriptor<DescriptorPublicKey>) -> Option<ScriptType> {
    match descriptor.desc_type() {
        DescriptorType::Pkh => Some(ScriptType::Legacy),
        DescriptorType::ShWpkh => Some(ScriptType::Nested),
        DescriptorType::Wpkh => Some(ScriptType::Segwit),
        DescriptorType::Tr => match descriptor {
            Descriptor::Tr(tr) if tr.tap_tree().is_none() => Some(ScriptType::Taproot),
            _ => None,
        },
        _ => None,
    }
}

fn multisig(policy: &Semantic<DescriptorPublicKey>) -> AccountKind {
    match policy {
        Semantic::Thresh(threshold)
            if threshold.iter().all(|part| matches!(**part, Semantic::Key(_))) =>
        {
            AccountKind::Multisig { required: threshold.k(), keys: threshold.n() }
        }
        _ => AccountKind::Policy,
    }
}
