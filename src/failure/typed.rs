//! Owns how errors in what a person typed are told: amounts, addresses, words.

use billfold_wallet_core::amount::{ParseAmountError, ParseFeeRateError};
use billfold_wallet_core::command::ParseReferenceError;
use billfold_wallet_core::labels::ReadLabelsError;
use billfold_wallet_core::psbt::ParsePsbtError;
use billfold_wallet_core::recipient::ParsePayeeError;
use billfold_wallet_core::seed::{DiceError, ParseWordsError};
use billfold_wallet_core::signers::ParseKeyError;
use billfold_wallet_core::vault::PasswordError;

use super::{Failure, Kind};

impl From<ParseAmountError> for Failure {
    fn from(error: ParseAmountError) -> Self {
        Self::new(Kind::BadAmount, error.to_string())
    }
}

impl From<ParseFeeRateError> for Failure {
    fn from(error: ParseFeeRateError) -> Self {
        Self::new(Kind::BadFeeRate, error.to_string())
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        Self::new(Kind::BadPassword, error.to_string())
    }
}

impl From<ParseWordsError> for Failure {
    fn from(error: ParseWordsError) -> Self {
        let message = error.to_string();
        match error {
            ParseWordsError::WordCount { found } => {
                Self::new(Kind::BadWords, message).with("found", found)
            }
            ParseWordsError::UnknownWord { position } => {
                Self::new(Kind::BadWords, message).with("position", position)
            }
            ParseWordsError::Checksum => Self::new(Kind::WrongChecksum, message),
        }
    }
}

impl From<DiceError> for Failure {
    fn from(error: DiceError) -> Self {
        let message = error.to_string();
        match error {
            DiceError::TooFew { found, needed } => {
                Self::new(Kind::BadDice, message).with("found", found).with("needed", needed)
            }
            DiceError::NotARoll { position } => {
                Self::new(Kind::BadDice, message).with("position", position)
            }
            DiceError::Entropy(_) => Self::new(Kind::NoEntropy, message),
        }
    }
}

impl From<ParseReferenceError> for Failure {
    fn from(error: ParseReferenceError) -> Self {
        let kind = match error {
            ParseReferenceError::WrongNetwork => Kind::WrongNetwork,
            ParseReferenceError::Malformed
            | ParseReferenceError::UnknownKind
            | ParseReferenceError::PrivateKey => Kind::BadReference,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<ReadLabelsError> for Failure {
    fn from(error: ReadLabelsError) -> Self {
        Self::new(Kind::BadLabels, error.to_string())
    }
}

impl From<ParseKeyError> for Failure {
    fn from(error: ParseKeyError) -> Self {
        Self::new(Kind::BadKey, error.to_string())
    }
}

impl From<ParsePsbtError> for Failure {
    fn from(error: ParsePsbtError) -> Self {
        Self::new(Kind::BadPsbt, error.to_string())
    }
}

impl From<ParsePayeeError> for Failure {
    fn from(error: ParsePayeeError) -> Self {
        let kind = match error {
            ParsePayeeError::WrongNetwork { .. } => Kind::WrongNetwork,
            ParsePayeeError::Amount(_) => Kind::BadAmount,
            ParsePayeeError::NoAddress { .. }
            | ParsePayeeError::NotAnAddress
            | ParsePayeeError::Repeated { .. }
            | ParsePayeeError::Encoding
            | ParsePayeeError::Required { .. } => Kind::InvalidAddress,
        };
        Self::new(kind, error.to_string())
    }
}
