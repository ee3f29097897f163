//! Owns `Duty`: one signature to make, and what it stands for.
//!
//! Refuses nothing: whoever makes a duty has derived the script, and found that the coin has it.

use alloc::vec;
use alloc::vec::Vec;

use bitcoin::bip32::DerivationPath;
use bitcoin::secp256k1::PublicKey;
use bitcoin::{ScriptBuf, TapLeafHash, TapNodeHash, Weight, XOnlyPublicKey};

use crate::keys::Keys;
use crate::path::Variant;

/// One signature to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Duty {
    /// The path of the key that signs.
    pub(crate) path: DerivationPath,
    /// What is signed with it.
    pub(crate) target: Target,
}

/// What a signature is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A script before segwit, as it is hashed.
    Legacy { key: PublicKey, code: ScriptBuf },
    /// A script of segwit version 0, as it is hashed (BIP143).
    Segwit { key: PublicKey, code: ScriptBuf },
    /// A taproot output's own key: the internal one, tweaked by the root of its scripts (BIP341).
    KeyPath { internal: XOnlyPublicKey, root: Option<TapNodeHash> },
    /// A leaf of a taproot output (BIP342).
    Leaf { key: XOnlyPublicKey, leaf: TapLeafHash },
}

/// How the coins of one script are spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spending {
    pub(crate) script: ScriptBuf,
    pub(crate) era: Era,
    /// The signatures to make.
    pub(crate) duties: Vec<Duty>,
    /// What the signed input weighs more than the unsigned one, at most.
    pub(crate) satisfaction: Weight,
}

/// What a signature of an input commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// No amount at all.
    Legacy,
    /// The amount of its own input (BIP143).
    Segwit,
    /// The amounts of all inputs (BIP341).
    Taproot,
}

impl Spending {
    /// How a coin of one key of the seed is spent.
    pub(crate) fn of_key(
        keys: &Keys,
        path: &DerivationPath,
        key: PublicKey,
        variant: Variant,
    ) -> Self {
        let compressed = bitcoin::CompressedPublicKey(key);
        let pkh = ScriptBuf::new_p2pkh(&compressed.pubkey_hash());
        let (era, target, weight) = match variant {
            Variant::Pkh => (Era::Legacy, Target::Legacy { key, code: pkh }, 4 * 107),
            Variant::Wpkh => (Era::Segwit, Target::Segwit { key, code: pkh }, 107),
            Variant::ShWpkh => (Era::Segwit, Target::Segwit { key, code: pkh }, 4 * 23 + 107),
            Variant::Tr => {
                let internal = key.x_only_public_key().0;
                (Era::Taproot, Target::KeyPath { internal, root: None }, 65)
            }
        };
        Self {
            script: crate::address::script(keys, key, variant),
            era,
            duties: vec![Duty { path: path.clone(), target }],
            satisfaction: Weight::from_wu(weight),
        }
    }
}
