//! Owns `DescriptorError`: why a text is neither the descriptor of an account nor a key for one.

use bitcoin::Network;

/// Why a text is not the descriptor of an account. None repeats the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// Too long.
    #[error("the descriptor is longer than {most} bytes")]
    TooLong {
        /// The most bytes.
        most: usize,
    },
    /// There is a private key in it.
    #[error(
        "the descriptor holds a private key: give the one with public keys, and treat this one as \
         money"
    )]
    PrivateKey,
    /// The checksum is another.
    #[error("the descriptor's checksum is wrong: copy it again, whole")]
    Checksum,
    /// No descriptor.
    #[error("this is not a descriptor (BIP380): copy it again, whole")]
    Malformed,
    /// No key.
    #[error(
        "this is not an extended public key, with or without its origin ([fingerprint/path]xpub…): \
         copy it again, whole"
    )]
    MalformedKey,
    /// A script that this wallet does not spend.
    #[error(
        "scripts of this kind are not supported: use pkh, wpkh, sh(wpkh), wsh, sh(wsh), sh(multi) \
         or tr, without hash locks"
    )]
    Unsupported,
    /// Somebody could spend without a signature, or change a payment on its way.
    #[error(
        "the script is not safe: it can be spent without a signature, repeats a key or breaks a \
         limit of the network"
    )]
    Unsafe,
    /// The same key under two names.
    #[error(
        "a key of the descriptor comes with two origins, so one signer is shown as two: ask whoever \
         made it"
    )]
    TwoOrigins,
    /// Too many keys.
    #[error("the descriptor has more than {most} keys")]
    TooManyKeys {
        /// The most keys.
        most: usize,
    },
    /// A key is of another network.
    #[error("a key of the descriptor is not of {network}: check --network")]
    WrongNetwork {
        /// The network of the wallet.
        network: Network,
    },
    /// Addresses can't be derived from it.
    #[error("the descriptor stands for one address only: give the one whose keys end in /<0;1>/*")]
    NotRanged,
    /// A step can't be derived from a public key.
    #[error("the descriptor has a hardened step below an xpub, which nobody can derive")]
    Hardened,
    /// Below the last level of BIP32.
    #[error(
        "the descriptor has a key more than 255 steps below its master key, which nobody can \
         derive: ask whoever made it"
    )]
    TooDeep,
    /// There is no branch for change.
    #[error(
        "the descriptor has one branch: write <0;1>/* for /0/*, or give the one for change with it"
    )]
    OneBranch,
    /// Not two branches.
    #[error(
        "the descriptor must have two different branches, as <0;1>/*: for addresses and for change"
    )]
    NotTwoBranches,
}

impl DescriptorError {
    /// The stable name, as in `docs/errors.md`, JSON and JSON-RPC.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PrivateKey => "private_key",
            Self::Checksum => "wrong_checksum",
            Self::WrongNetwork { .. } => "wrong_network",
            Self::TooLong { .. }
            | Self::Malformed
            | Self::MalformedKey
            | Self::Unsupported
            | Self::Unsafe
            | Self::TwoOrigins
            | Self::TooManyKeys { .. }
            | Self::NotRanged
            | Self::Hardened
            | Self::OneBranch
            | Self::NotTwoBranches
            | Self::TooDeep => "bad_descriptor",
        }
    }
}
