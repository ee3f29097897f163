//! Owns `SoftwareSigner`: signatures by a seed in memory.
//!
//! Refuses inputs whose key does not make the spent script, sighash types other than the one that
//! covers everything, and amounts without proof. ECDSA signatures have low R and low S (BIP146)
//! and nonces by RFC 6979, Schnorr signatures nonces without auxiliary randomness (BIP340): the
//! same payment signed twice is the same transaction, and no random source can betray a key.

use bitcoin::bip32::{DerivationPath, Fingerprint};
use bitcoin::key::{CompressedPublicKey, Keypair, TapTweak, XOnlyPublicKey};
use bitcoin::psbt::Psbt;
use bitcoin::secp256k1::{Message, PublicKey};
use bitcoin::sighash::{Prevouts, SighashCache};
use bitcoin::{EcdsaSighashType, Network, ScriptBuf, TapSighashType, TxOut, ecdsa, taproot};

use super::{Signer, is_nested, spent_output};
use crate::command::SigningProblem;
use crate::keychain::SECP;
use crate::limits::KEY_PATH_STEPS;
use crate::seed::{PrivateKey, Seed};

/// Signs with a seed in memory; holds it only as long as it lives.
#[derive(Debug)]
pub struct SoftwareSigner {
    seed: Seed,
    network: Network,
    fingerprint: Fingerprint,
}

impl SoftwareSigner {
    /// A signer for this seed.
    #[must_use]
    pub fn new(seed: Seed, network: Network) -> Self {
        let fingerprint = seed.fingerprint();
        Self { seed, network, fingerprint }
    }

    fn sign_ecdsa(&self, psbt: &mut Psbt, index: usize) -> Result<(), SigningProblem> {
        for (public, path) in self.ecdsa_origins(psbt, index) {
            let spent = spent_output(psbt, index)?;
            let code = script_code(psbt, index, spent, public)?;
            let sighash_type = psbt.inputs[index].sighash_type;
            if sighash_type.is_some_and(|asked| asked.ecdsa_hash_ty() != Ok(EcdsaSighashType::All))
            {
                return Err(SigningProblem::SighashType { input: index });
            }
            let private = self.private_key(&path, index)?;
            if private.secret().public_key(&SECP) != public {
                return Err(SigningProblem::ForeignKey { input: index });
            }
            let message = ecdsa_message(psbt, index, &code, spent);
            let signature = ecdsa::Signature {
                signature: SECP.sign_ecdsa_low_r(&message, private.secret()),
                sighash_type: EcdsaSighashType::All,
            };
            psbt.inputs[index].partial_sigs.insert(public.into(), signature);
        }
        Ok(())
    }

    fn sign_taproot(&self, psbt: &mut Psbt, index: usize) -> Result<(), SigningProblem> {
        let Some((internal, path)) = self.taproot_origin(psbt, index) else { return Ok(()) };
        let spent = spent_output(psbt, index)?;
        let input = &psbt.inputs[index];
        let script = ScriptBuf::new_p2tr(&SECP, internal, None);
        if spent.script_pubkey != script || input.tap_merkle_root.is_some() {
            return Err(SigningProblem::ForeignKey { input: index });
        }
        if input
            .sighash_type
            .is_some_and(|asked| asked.taproot_hash_ty() != Ok(TapSighashType::Default))
        {
            return Err(SigningProblem::SighashType { input: index });
        }
        let private = self.private_key(&path, index)?;
        let mut untweaked = Keypair::from_secret_key(&SECP, private.secret());
        if untweaked.x_only_public_key().0 != internal {
            return Err(SigningProblem::ForeignKey { input: index });
        }
        let message = taproot_message(psbt, index)?;
        let mut tweaked = untweaked.tap_tweak(&SECP, None).to_keypair();
        let signature = SECP.sign_schnorr_no_aux_rand(&message, &tweaked);
        untweaked.non_secure_erase();
        tweaked.non_secure_erase();
        psbt.inputs[index].tap_key_sig =
            Some(taproot::Signature { signature, sighash_type: TapSighashType::Default });
        Ok(())
    }

    /// The keys of this seed that an input names outside taproot.
    fn ecdsa_origins(&self, psbt: &Psbt, index: usize) -> Vec<(PublicKey, DerivationPath)> {
        let origins = psbt.inputs[index].bip32_derivation.iter();
        let ours = origins.filter(|(_, (fingerprint, _))| *fingerprint == self.fingerprint);
        ours.map(|(key, (_, path))| (*key, path.clone())).collect()
    }

    /// The internal key of an input, if it is of this seed.
    fn taproot_origin(
        &self,
        psbt: &Psbt,
        index: usize,
    ) -> Option<(XOnlyPublicKey, DerivationPath)> {
        let input = &psbt.inputs[index];
        let internal = input.tap_internal_key?;
        let (_, (fingerprint, path)) = input.tap_key_origins.get(&internal)?;
        (*fingerprint == self.fingerprint).then(|| (internal, path.clone()))
    }

    fn private_key(
        &self,
        path: &DerivationPath,
        input: usize,
    ) -> Result<PrivateKey, SigningProblem> {
        if path.len() > KEY_PATH_STEPS {
            return Err(SigningProblem::ForeignKey { input });
        }
        Ok(self.seed.private_key(path, self.network))
    }
}

impl Signer for SoftwareSigner {
    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

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

/// How the script that an ECDSA signature stands for is hashed.
enum ScriptCode {
    Legacy(ScriptBuf),
    SegwitV0(ScriptBuf),
}

/// The script that a key signs for, if the key makes the spent script.
fn script_code(
    psbt: &Psbt,
    index: usize,
    spent: &TxOut,
    key: PublicKey,
) -> Result<ScriptCode, SigningProblem> {
    let key = CompressedPublicKey(key);
    let witness_program = ScriptBuf::new_p2wpkh(&key.wpubkey_hash());
    let script = &spent.script_pubkey;
    let nested = is_nested(&psbt.inputs[index], spent) && witness_program.to_p2sh() == *script;
    if *script == witness_program || nested {
        Ok(ScriptCode::SegwitV0(witness_program))
    } else if *script == ScriptBuf::new_p2pkh(&key.pubkey_hash()) {
        Ok(ScriptCode::Legacy(script.clone()))
    } else {
        Err(SigningProblem::ForeignKey { input: index })
    }
}

fn ecdsa_message(psbt: &Psbt, index: usize, code: &ScriptCode, spent: &TxOut) -> Message {
    let mut cache = SighashCache::new(&psbt.unsigned_tx);
    match code {
        ScriptCode::Legacy(script) => cache
            .legacy_signature_hash(index, script, EcdsaSighashType::All.to_u32())
            .expect("the index is of this transaction")
            .into(),
        ScriptCode::SegwitV0(program) => cache
            .p2wpkh_signature_hash(index, program, spent.value, EcdsaSighashType::All)
            .expect("the index is of this transaction and the script is P2WPKH")
            .into(),
    }
}

fn taproot_message(psbt: &Psbt, index: usize) -> Result<Message, SigningProblem> {
    let spent: Vec<_> =
        (0..psbt.inputs.len()).map(|input| spent_output(psbt, input)).collect::<Result<_, _>>()?;
    let sighash = SighashCache::new(&psbt.unsigned_tx)
        .taproot_key_spend_signature_hash(index, &Prevouts::All(&spent), TapSighashType::Default)
        .expect("there is a spent output for every input");
    Ok(sighash.into())
}
