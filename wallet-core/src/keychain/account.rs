//! Owns `Account`: scripts, addresses, descriptor and PSBT fields of one account's xpub.
//!
//! Refuses private keys. BIP32 for derivation, BIP44, BIP49, BIP84 and BIP86 for paths and
//! scripts, BIP380 and BIP389 for the descriptor, BIP174 and BIP371 for the PSBT fields.

use std::sync::LazyLock;

use bitcoin::bip32::{ChildNumber, DerivationPath, Fingerprint, Xpub};
use bitcoin::key::CompressedPublicKey;
use bitcoin::secp256k1::{All, PublicKey, Secp256k1};
use bitcoin::{Address, Network, ScriptBuf, psbt};
use miniscript::descriptor::checksum::desc_checksum;

use super::{AccountId, Branch, DerivationIndex, ScriptType};

/// The curve's tables, made once: they are the costly part of deriving one key.
pub(crate) static SECP: LazyLock<Secp256k1<All>> = LazyLock::new(Secp256k1::new);

/// The watch-only half of an account: its xpub and where that comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    id: AccountId,
    network: Network,
    fingerprint: Fingerprint,
    xpub: Xpub,
    /// The xpubs one level below, by [`Branch::number`].
    branches: [Xpub; 2],
}

impl Account {
    /// An account from its xpub and the fingerprint of the master key above it.
    #[must_use]
    pub fn new(id: AccountId, network: Network, fingerprint: Fingerprint, xpub: Xpub) -> Self {
        let branches = [Branch::Receive, Branch::Change].map(|b| child(&xpub, b.number()));
        Self { id, network, fingerprint, xpub, branches }
    }

    /// Which account.
    #[must_use]
    pub const fn id(&self) -> AccountId {
        self.id
    }

    /// The network of its addresses.
    #[must_use]
    pub const fn network(&self) -> Network {
        self.network
    }

    /// The fingerprint of the master key (BIP32).
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The account's xpub.
    #[must_use]
    pub const fn xpub(&self) -> &Xpub {
        &self.xpub
    }

    /// The script at a place of one of its chains.
    #[must_use]
    pub fn script(&self, branch: Branch, index: DerivationIndex) -> ScriptBuf {
        self.address(branch, index).script_pubkey()
    }

    /// The address at a place of one of its chains.
    #[must_use]
    pub fn address(&self, branch: Branch, index: DerivationIndex) -> Address {
        let key = self.public_key(branch, index);
        let compressed = CompressedPublicKey(key);
        match self.id.script_type {
            ScriptType::Legacy => Address::p2pkh(compressed, self.network),
            ScriptType::Nested => Address::p2shwpkh(&compressed, self.network),
            ScriptType::Segwit => Address::p2wpkh(&compressed, self.network),
            ScriptType::Taproot => Address::p2tr(&SECP, key.into(), None, self.network),
        }
    }

    /// The descriptor of both branches (BIP389) with its checksum (BIP380).
    #[must_use]
    pub fn descriptor(&self) -> String {
        let (fingerprint, xpub) = (self.fingerprint, self.xpub);
        let key = format!("[{fingerprint}/{:#}]{xpub}/<0;1>/*", self.id.path(self.network));
        let body = match self.id.script_type {
            ScriptType::Legacy => format!("pkh({key})"),
            ScriptType::Nested => format!("sh(wpkh({key}))"),
            ScriptType::Segwit => format!("wpkh({key})"),
            ScriptType::Taproot => format!("tr({key})"),
        };
        with_checksum(&body)
    }

    /// The path from the master key to a place of one of its chains.
    #[must_use]
    pub fn path(&self, branch: Branch, index: DerivationIndex) -> DerivationPath {
        let below = [branch.number(), index.to_u32()].map(|index| ChildNumber::Normal { index });
        self.id.path(self.network).extend(below)
    }

    /// Fills what a signer must know of an input that spends a script of this account: key
    /// origin, redeem script, internal key. The spent output is for the caller to add.
    pub fn annotate_input(&self, branch: Branch, index: DerivationIndex, input: &mut psbt::Input) {
        let key = self.public_key(branch, index);
        let origin = (self.fingerprint, self.path(branch, index));
        if self.id.script_type == ScriptType::Taproot {
            input.tap_internal_key = Some(key.into());
            input.tap_key_origins.insert(key.into(), (Vec::new(), origin));
        } else {
            input.bip32_derivation.insert(key, origin);
            input.redeem_script = self.redeem_script(key);
        }
    }

    /// Fills what a signer must know to recognise an output of this account as its own.
    pub fn annotate_output(
        &self,
        branch: Branch,
        index: DerivationIndex,
        output: &mut psbt::Output,
    ) {
        let key = self.public_key(branch, index);
        let origin = (self.fingerprint, self.path(branch, index));
        if self.id.script_type == ScriptType::Taproot {
            output.tap_internal_key = Some(key.into());
            output.tap_key_origins.insert(key.into(), (Vec::new(), origin));
        } else {
            output.bip32_derivation.insert(key, origin);
            output.redeem_script = self.redeem_script(key);
        }
    }

    fn public_key(&self, branch: Branch, index: DerivationIndex) -> PublicKey {
        let parent = match branch {
            Branch::Receive => &self.branches[0],
            Branch::Change => &self.branches[1],
        };
        child(parent, index.to_u32()).public_key
    }

    fn redeem_script(&self, key: PublicKey) -> Option<ScriptBuf> {
        let nested = self.id.script_type == ScriptType::Nested;
        nested.then(|| ScriptBuf::new_p2wpkh(&CompressedPublicKey(key).wpubkey_hash()))
    }
}

impl AccountId {
    /// The path from the master key to the account (BIP44): purpose, coin type, account number.
    #[must_use]
    pub fn path(self, network: Network) -> DerivationPath {
        let coin_type = u32::from(network != Network::Bitcoin);
        let indexes = [self.script_type.purpose(), coin_type, self.number.to_u32()];
        indexes.map(|index| ChildNumber::Hardened { index }).as_slice().into()
    }
}

fn with_checksum(body: &str) -> String {
    let checksum = desc_checksum(body).expect("every character is of the descriptor's set");
    format!("{body}#{checksum}")
}

fn child(parent: &Xpub, index: u32) -> Xpub {
    parent
        .ckd_pub(&SECP, ChildNumber::Normal { index })
        .expect("the index is below 2^31, and no one can find an index without a key (2^-127)")
}
