//! Owns `ParseBackupError`: why a text is not a backup.
//!
//! Refuses to repeat what it could not read: a seed may be in it.

/// Why a text is not a backup. It was authenticated, so whoever made it made the mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseBackupError {
    /// A newer version wrote it.
    #[error("a newer version of billfold wrote it: use that version")]
    Newer,
    /// A line is none that is known.
    #[error("line {number} is not understood")]
    Line {
        /// Which, counted from 1.
        number: usize,
    },
    /// A number is beyond what any wallet comes to.
    #[error("line {number} has a number that is too large for a wallet")]
    TooLarge {
        /// Which line, counted from 1.
        number: usize,
    },
    /// Too many accounts.
    #[error("it holds more than {most} accounts")]
    TooManyAccounts {
        /// The most accounts.
        most: usize,
    },
    /// Two accounts have one name.
    #[error("two of its accounts have the same name")]
    SameName,
    /// A payment was asked for at an address that its account did not give out.
    #[error("it asks for a payment to an address that its account did not give out")]
    NotGivenOut,
    /// An account is named that is not there.
    #[error("it names an account that it does not hold")]
    NoSuchAccount,
    /// The seed is not that of the fingerprint.
    #[error("its seed is of another wallet")]
    ForeignSeed,
}
