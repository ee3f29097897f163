//! Owns what is told of an output of a PSBT.

use bitcoin::psbt::{Output, raw};
use bitcoin::taproot::TapTree;
use serde::Serialize;

use super::{BareScriptForm, KeyForm, LeafKeyForm, ParticipantsForm, ProprietaryForm, unknown};
use crate::json::Object;
use crate::psbt::MUSIG_OUTPUT_PARTICIPANTS;

/// What is told of an output.
#[derive(Debug, Serialize)]
pub(super) struct OutputForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    redeem_script: Option<BareScriptForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness_script: Option<BareScriptForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bip32_derivs: Vec<KeyForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taproot_internal_key: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taproot_tree: Vec<TreeLeafForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taproot_bip32_derivs: Vec<LeafKeyForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    musig2_participant_pubkeys: Vec<ParticipantsForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    proprietary: Vec<ProprietaryForm>,
    #[serde(skip_serializing_if = "Object::is_empty")]
    unknown: Object,
}

#[derive(Debug, Serialize)]
struct TreeLeafForm {
    depth: u8,
    leaf_ver: u8,
    script: String,
}

impl OutputForm {
    /// What is told of this one.
    pub(super) fn new(output: &Output) -> Self {
        let leaves = output.tap_tree.iter().flat_map(TapTree::script_leaves);
        let tree = leaves.map(|leaf| TreeLeafForm {
            depth: u8::try_from(leaf.merkle_branch().len()).unwrap_or(u8::MAX),
            leaf_ver: leaf.version().to_consensus(),
            script: leaf.script().to_hex_string(),
        });
        let is_musig = |key: &raw::Key| key.type_value == MUSIG_OUTPUT_PARTICIPANTS;
        let fields = || output.unknown.iter();
        Self {
            redeem_script: output.redeem_script.as_deref().and_then(BareScriptForm::new),
            witness_script: output.witness_script.as_deref().and_then(BareScriptForm::new),
            bip32_derivs: output.bip32_derivation.iter().map(KeyForm::new).collect(),
            taproot_internal_key: output.tap_internal_key.map(|key| key.to_string()),
            taproot_tree: tree.collect(),
            taproot_bip32_derivs: output.tap_key_origins.iter().map(LeafKeyForm::new).collect(),
            musig2_participant_pubkeys: fields()
                .filter(|(key, _)| is_musig(key))
                .map(ParticipantsForm::new)
                .collect(),
            proprietary: output.proprietary.iter().map(ProprietaryForm::new).collect(),
            unknown: unknown(fields().filter(|(key, _)| !is_musig(key))),
        }
    }
}
