//! Owns what is told of a signed message.
//!
//! Refuses keys.

/// How a message is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageForm {
    /// A signature that the key is recovered from (BIP137): what all software knows.
    Legacy,
    /// The witness of a transaction that can't be sent (BIP322).
    Simple,
    /// That transaction whole (BIP322).
    Full,
    /// That transaction with further inputs, whose outputs the signer can spend too (BIP322).
    ProofOfFunds,
}

impl MessageForm {
    /// The name that the command line and JSON use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Simple => "simple",
            Self::Full => "full",
            Self::ProofOfFunds => "proof_of_funds",
        }
    }
}

/// A message that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedMessage {
    /// How.
    pub form: MessageForm,
    /// The signature as it is handed over.
    pub signature: String,
}
