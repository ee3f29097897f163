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

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use bitcoin::NetworkKind;
    use bitcoin::bip32::Xpriv;
    use miniscript::{Descriptor, DescriptorPublicKey};

    use super::*;

    fn account(script_type: ScriptType, network: Network) -> Account {
        let id = AccountId { script_type, number: DerivationIndex::new(3).expect("small") };
        let master = Xpriv::new_master(NetworkKind::from(network), &[7; 32]).expect("a seed");
        let private = master.derive_priv(&SECP, &id.path(network)).expect("a path");
        let xpub = Xpub::from_priv(&SECP, &private);
        Account::new(id, network, master.fingerprint(&SECP), xpub)
    }

    fn indexes() -> impl Iterator<Item = DerivationIndex> {
        [0, 1, 2, 199, (1 << 31) - 1].into_iter().filter_map(DerivationIndex::new)
    }

    /// Any wallet that reads the descriptor finds the same scripts.
    #[test]
    fn scripts_are_those_of_the_descriptor() {
        for script_type in ScriptType::ALL {
            let account = account(script_type, Network::Regtest);
            let descriptor = Descriptor::<DescriptorPublicKey>::from_str(&account.descriptor())
                .expect("a descriptor with a good checksum");
            let branches = descriptor.into_single_descriptors().expect("two branches");
            for (branch, descriptor) in [Branch::Receive, Branch::Change].iter().zip(branches) {
                for index in indexes() {
                    let expected =
                        descriptor.at_derivation_index(index.to_u32()).expect("not hardened");
                    let script = account.script(*branch, index);
                    assert_eq!(script, expected.script_pubkey(), "{script_type} {index}");
                    let address = expected.address(Network::Regtest).expect("an address");
                    assert_eq!(account.address(*branch, index), address);
                }
            }
        }
    }

    #[test]
    fn the_descriptor_names_origin_and_both_branches() {
        let segwit = account(ScriptType::Segwit, Network::Bitcoin);
        let (fingerprint, xpub) = (segwit.fingerprint(), segwit.xpub());
        let expected = format!("wpkh([{fingerprint}/84'/0'/3']{xpub}/<0;1>/*)#");
        assert!(segwit.descriptor().starts_with(&expected), "{}", segwit.descriptor());
        assert!(!segwit.descriptor().contains("prv"));
        let nested = account(ScriptType::Nested, Network::Signet);
        assert!(nested.descriptor().contains("/49'/1'/3']tpub"), "{}", nested.descriptor());
    }

    #[test]
    fn a_signer_is_told_the_path_and_what_hides_behind_the_script() {
        let index = DerivationIndex::new(5).expect("small");
        for script_type in ScriptType::ALL {
            let account = account(script_type, Network::Regtest);
            let (mut input, mut output) = (psbt::Input::default(), psbt::Output::default());
            account.annotate_input(Branch::Change, index, &mut input);
            account.annotate_output(Branch::Change, index, &mut output);
            assert_eq!(input.bip32_derivation, output.bip32_derivation);
            assert_eq!(input.tap_key_origins, output.tap_key_origins);
            assert_eq!(input.redeem_script, output.redeem_script);
            let path = format!("{}'/1'/3'/1/5", script_type.purpose()).parse().expect("a path");
            let origin = (account.fingerprint(), path);
            let script = account.script(Branch::Change, index);
            if script_type == ScriptType::Taproot {
                let key = input.tap_internal_key.expect("an internal key");
                assert_eq!(script, ScriptBuf::new_p2tr(&SECP, key, None));
                assert_eq!(input.tap_key_origins[&key], (vec![], origin));
                assert_eq!(output.tap_internal_key, Some(key));
            } else {
                assert!(input.bip32_derivation.values().eq([&origin]));
            }
            if let Some(redeem) = input.redeem_script {
                assert_eq!(redeem.to_p2sh(), script);
            }
        }
    }
}
