//! Owns `SoftwareSigner`: signatures by keys in memory.
//!
//! Refuses inputs whose key does not make the spent script, sighash types other than the one that
//! covers everything, and amounts without proof. ECDSA signatures have low R and low S (BIP146)
//! and nonces by RFC 6979, Schnorr signatures nonces without auxiliary randomness (BIP340): the
//! same payment signed twice is the same transaction, and no random source can betray a key.

use bitcoin::bip32::{Fingerprint, KeySource};
use bitcoin::hashes::Hash;
use bitcoin::key::{Keypair, TapTweak, XOnlyPublicKey};
use bitcoin::psbt::{Psbt, PsbtSighashType};
use bitcoin::secp256k1::{Message, PublicKey, SecretKey};
use bitcoin::sighash::{Prevouts, SighashCache};
use bitcoin::taproot::TapLeafHash;
use bitcoin::{EcdsaSighashType, Network, ScriptBuf, TapSighashType, TxOut, ecdsa, taproot};

use super::held::HeldKey;
use super::keys::Keys;
use super::locks::{ScriptCode, script_code};
use super::{Signer, spent_output};
use crate::command::SigningProblem;
use crate::keychain::{AccountDescriptor, SECP};
use crate::message;
use crate::psbt::spent_outputs;
use crate::seed::Seed;

/// Signs with keys in memory; holds them only as long as it lives.
#[derive(Debug)]
pub struct SoftwareSigner(Vec<HeldKey>);

impl SoftwareSigner {
    /// A signer for this seed.
    #[must_use]
    pub fn new(seed: Seed, network: Network) -> Self {
        Self::with_keys(Keys::Seed(seed, network))
    }

    /// A signer for these keys.
    #[must_use]
    pub fn with_keys(keys: Keys) -> Self {
        Self::holding(vec![HeldKey::master(keys)])
    }

    /// A signer for keys of several masters.
    #[must_use]
    pub const fn holding(keys: Vec<HeldKey>) -> Self {
        Self(keys)
    }

    /// The same with more keys.
    #[must_use]
    pub fn and(mut self, keys: Vec<HeldKey>) -> Self {
        self.0.extend(keys);
        self
    }

    /// Whether every extended key of a descriptor that names a key of this signer as its origin is
    /// derived from it: money that is received at any other could not be spent.
    #[must_use]
    pub fn owns(&self, descriptor: &AccountDescriptor) -> bool {
        descriptor.keys().iter().all(|key| {
            let own = key.origin.as_ref().filter(|origin| self.claims(origin));
            own.is_none_or(|origin| self.0.iter().any(|held| held.makes(origin, &key.xpub)))
        })
    }

    /// The fingerprints of the master keys.
    #[must_use]
    pub fn masters(&self) -> Vec<Fingerprint> {
        self.0.iter().map(|key| key.origin().0).collect()
    }

    /// Whether a key of this origin should be its own.
    #[must_use]
    pub fn claims(&self, origin: &KeySource) -> bool {
        self.0.iter().any(|key| key.below(origin).is_some())
    }

    /// Signs a message in the old form (BIP137) by the key of a P2PKH address.
    ///
    /// # Errors
    /// [`SigningProblem::ForeignKey`] if the key of this origin is not that of the script.
    pub fn sign_message(
        &self,
        origin: &KeySource,
        script: &ScriptBuf,
        text: &str,
    ) -> Result<String, SigningProblem> {
        let foreign = SigningProblem::ForeignKey { input: 0 };
        let signed = self.with(origin, |secret| {
            let inner = secret.public_key(&SECP);
            let mut forms = [true, false].into_iter();
            let makes = |compressed: &bool| {
                let key = bitcoin::PublicKey { compressed: *compressed, inner };
                ScriptBuf::new_p2pkh(&key.pubkey_hash()) == *script
            };
            let compressed = forms.find(makes)?;
            Some((SECP.sign_ecdsa_recoverable(&message::digest(text), secret), compressed))
        });
        let (signature, compressed) = signed.ok_or(foreign)?;
        Ok(message::written_legacy(&signature, compressed))
    }

    /// Lets `sign` use the key of an origin, if it is the one that `sign` wants.
    fn with<T>(
        &self,
        origin: &KeySource,
        mut sign: impl FnMut(&SecretKey) -> Option<T>,
    ) -> Option<T> {
        self.0.iter().find_map(|key| key.with(origin, &mut sign))
    }

    fn sign_ecdsa(&self, psbt: &mut Psbt, index: usize) -> Result<(), SigningProblem> {
        let foreign = SigningProblem::ForeignKey { input: index };
        for (public, origin) in self.ecdsa_origins(psbt, index) {
            let spent = spent_output(psbt, index)?;
            let input = &psbt.inputs[index];
            let (code, written) = script_code(input, spent, public).ok_or(foreign)?;
            let asked = input.sighash_type;
            if asked.is_some_and(|asked| asked.ecdsa_hash_ty() != Ok(EcdsaSighashType::All)) {
                return Err(SigningProblem::SighashType { input: index });
            }
            let message = ecdsa_message(psbt, index, &code, spent);
            let signed = self.with(&origin, |secret| {
                let ours = secret.public_key(&SECP) == public;
                ours.then(|| SECP.sign_ecdsa_low_r(&message, secret))
            });
            let signature = ecdsa::Signature {
                signature: signed.ok_or(foreign)?,
                sighash_type: EcdsaSighashType::All,
            };
            psbt.inputs[index].partial_sigs.insert(written, signature);
        }
        Ok(())
    }

    fn sign_taproot(&self, psbt: &mut Psbt, index: usize) -> Result<(), SigningProblem> {
        let origins = self.taproot_origins(psbt, index);
        if origins.is_empty() {
            return Ok(());
        }
        let sighash_type = taproot_sighash_type(psbt, index)?;
        for (key, leaves, origin) in origins {
            if psbt.inputs[index].tap_internal_key == Some(key) {
                self.sign_key_path(psbt, index, key, &origin, sighash_type)?;
            }
            for leaf in leaves {
                self.sign_leaf(psbt, index, (key, leaf), &origin, sighash_type)?;
            }
        }
        Ok(())
    }

    fn sign_key_path(
        &self,
        psbt: &mut Psbt,
        index: usize,
        internal: XOnlyPublicKey,
        origin: &KeySource,
        sighash_type: TapSighashType,
    ) -> Result<(), SigningProblem> {
        let foreign = SigningProblem::ForeignKey { input: index };
        let root = psbt.inputs[index].tap_merkle_root;
        let script = ScriptBuf::new_p2tr(&SECP, internal, root);
        if spent_output(psbt, index)?.script_pubkey != script {
            return Err(foreign);
        }
        let message = taproot_message(psbt, index, None, sighash_type)?;
        let signed = self.with(origin, |secret| {
            with_keypair(secret, internal, |untweaked| {
                let mut tweaked = untweaked.tap_tweak(&SECP, root).to_keypair();
                let signature = SECP.sign_schnorr_no_aux_rand(&message, &tweaked);
                tweaked.non_secure_erase();
                signature
            })
        });
        let signature = signed.ok_or(foreign)?;
        psbt.inputs[index].tap_key_sig = Some(taproot::Signature { signature, sighash_type });
        Ok(())
    }

    /// Signs for one leaf, whose script the input shows with the way to the output's key (BIP371).
    fn sign_leaf(
        &self,
        psbt: &mut Psbt,
        index: usize,
        (key, leaf): (XOnlyPublicKey, TapLeafHash),
        origin: &KeySource,
        sighash_type: TapSighashType,
    ) -> Result<(), SigningProblem> {
        let foreign = SigningProblem::ForeignKey { input: index };
        let output = spent_output(psbt, index)?.script_pubkey.as_bytes();
        let output_key = output.get(2..).and_then(|key| XOnlyPublicKey::from_slice(key).ok());
        let output_key = output_key.ok_or(foreign)?;
        let shown = psbt.inputs[index].tap_scripts.iter().any(|(block, (script, version))| {
            TapLeafHash::from_script(script, *version) == leaf
                && block.leaf_version == *version
                && block.verify_taproot_commitment(&SECP, output_key, script)
                && script.instructions().any(|push| {
                    push.is_ok_and(|push| {
                        push.push_bytes().is_some_and(|push| *push.as_bytes() == key.serialize())
                    })
                })
        });
        if !shown {
            return Err(foreign);
        }
        let message = taproot_message(psbt, index, Some(leaf), sighash_type)?;
        let signed = self.with(origin, |secret| {
            with_keypair(secret, key, |keys| SECP.sign_schnorr_no_aux_rand(&message, keys))
        });
        let signature = signed.ok_or(foreign)?;
        let signature = taproot::Signature { signature, sighash_type };
        psbt.inputs[index].tap_script_sigs.insert((key, leaf), signature);
        Ok(())
    }

    /// The keys of this signer that an input names outside taproot.
    fn ecdsa_origins(&self, psbt: &Psbt, index: usize) -> Vec<(PublicKey, KeySource)> {
        let origins = psbt.inputs[index].bip32_derivation.iter();
        let ours = origins.filter(|(_, origin)| self.claims(origin));
        ours.map(|(key, origin)| (*key, origin.clone())).collect()
    }

    /// The keys of this signer that an input names for taproot, with the leaves that have them.
    fn taproot_origins(
        &self,
        psbt: &Psbt,
        index: usize,
    ) -> Vec<(XOnlyPublicKey, Vec<TapLeafHash>, KeySource)> {
        let origins = psbt.inputs[index].tap_key_origins.iter();
        let ours = origins.filter(|(_, (_, origin))| self.claims(origin));
        ours.map(|(key, (leaves, origin))| (*key, leaves.clone(), origin.clone())).collect()
    }
}

impl Signer for SoftwareSigner {
    fn sign(&mut self, psbt: &mut Psbt) -> Result<(), SigningProblem> {
        if psbt.inputs.len() != psbt.unsigned_tx.input.len() {
            return Err(SigningProblem::Altered);
        }
        for index in 0..psbt.inputs.len() {
            self.sign_ecdsa(psbt, index)?;
            self.sign_taproot(psbt, index)?;
        }
        Ok(())
    }
}

/// Lets `sign` use a pair of keys, if it is the one that is meant, and wipes it.
fn with_keypair<T>(
    secret: &SecretKey,
    public: XOnlyPublicKey,
    sign: impl FnOnce(&Keypair) -> T,
) -> Option<T> {
    let mut keys = Keypair::from_secret_key(&SECP, secret);
    let signed = (keys.x_only_public_key().0 == public).then(|| sign(&keys));
    keys.non_secure_erase();
    signed
}

/// The type that is asked for, if it covers everything: either of the two that do.
fn taproot_sighash_type(psbt: &Psbt, index: usize) -> Result<TapSighashType, SigningProblem> {
    let refused = SigningProblem::SighashType { input: index };
    match psbt.inputs[index].sighash_type.map(PsbtSighashType::taproot_hash_ty) {
        None | Some(Ok(TapSighashType::Default)) => Ok(TapSighashType::Default),
        Some(Ok(TapSighashType::All)) => Ok(TapSighashType::All),
        Some(_) => Err(refused),
    }
}

fn ecdsa_message(psbt: &Psbt, index: usize, code: &ScriptCode, spent: &TxOut) -> Message {
    let mut cache = SighashCache::new(&psbt.unsigned_tx);
    let all = EcdsaSighashType::All;
    match code {
        ScriptCode::Legacy(script) => cache
            .legacy_signature_hash(index, script, all.to_u32())
            .expect("the index is of this transaction")
            .into(),
        ScriptCode::OneKey(program) => cache
            .p2wpkh_signature_hash(index, program, spent.value, all)
            .expect("the index is of this transaction and the script is P2WPKH")
            .into(),
        ScriptCode::Witness(script) => cache
            .p2wsh_signature_hash(index, script, spent.value, all)
            .expect("the index is of this transaction")
            .into(),
    }
}

/// What is signed for the key path, or for a leaf. It covers what every input spends, so a lie
/// about any of them makes a signature that does not hold.
fn taproot_message(
    psbt: &Psbt,
    index: usize,
    leaf: Option<TapLeafHash>,
    sighash_type: TapSighashType,
) -> Result<Message, SigningProblem> {
    let mut spent = Vec::new();
    for (input, output) in spent_outputs(psbt).into_iter().enumerate() {
        spent.push(output.ok_or(SigningProblem::SpentOutput { input })?);
    }
    let prevouts = Prevouts::All(&spent);
    let mut cache = SighashCache::new(&psbt.unsigned_tx);
    let sighash = match leaf {
        None => cache.taproot_key_spend_signature_hash(index, &prevouts, sighash_type),
        Some(leaf) => {
            cache.taproot_script_spend_signature_hash(index, &prevouts, leaf, sighash_type)
        }
    };
    let sighash = sighash.expect("there is a spent output for every input");
    Ok(Message::from_digest(sighash.to_byte_array()))
}
