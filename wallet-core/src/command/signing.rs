//! Owns what a device is asked to sign by an operation, so that whoever asked learns what came of it, also later.
//!
//! Refuses to ask the device: whoever begins one does that, and tells how it ended.

use bitcoin::bip32::Fingerprint;
use bitcoin::psbt::Psbt;

use super::{Operation, OperationId};

/// What is asked about one.
#[derive(Debug, Clone, PartialEq)]
pub enum SigningCommand {
    /// Begin one: hold the coins that a PSBT spends, and count what it takes against the caller's limits, before a
    /// device is asked. While the same device is asked to sign the same PSBT, it is that operation.
    Begin {
        /// What is to be signed.
        psbt: Box<Psbt>,
        /// The fingerprint of the device's master key.
        signer: Fingerprint,
    },
    /// What a device gave back. Of it nothing is taken but signatures of what was begun, and these only if its coins
    /// can be held for them.
    End {
        /// Which.
        id: OperationId,
        /// The PSBT.
        signed: Box<Psbt>,
    },
    /// Nothing came back.
    Fail {
        /// Which.
        id: OperationId,
        /// Why.
        why: String,
    },
    /// How it is.
    Of(OperationId),
}

/// What a device is asked to sign.
#[derive(Debug, Clone, PartialEq)]
pub struct Signing {
    /// The operation.
    pub operation: Operation,
    /// What is to be signed; once it is done, with the signatures.
    pub psbt: Psbt,
    /// Why nothing came of it.
    pub problem: Option<String>,
    /// On whose behalf: as [`Asker`](super::Asker) is written.
    pub askers: Vec<String>,
    /// Whether it went on already when it was to begin.
    pub repeated: bool,
}
