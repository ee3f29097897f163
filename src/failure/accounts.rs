//! Owns how the errors of descriptors and policies are told.

use billfold_wallet_core::import::ImportError;
use billfold_wallet_core::keychain::{DescriptorError, TemplateError};

use super::{Failure, Kind};

impl From<DescriptorError> for Failure {
    fn from(error: DescriptorError) -> Self {
        let kind = match error {
            DescriptorError::PrivateKey => Kind::PrivateKey,
            DescriptorError::Checksum => Kind::WrongChecksum,
            DescriptorError::WrongNetwork { .. } => Kind::WrongNetwork,
            DescriptorError::TooLong { .. }
            | DescriptorError::Malformed
            | DescriptorError::MalformedKey
            | DescriptorError::Unsupported
            | DescriptorError::Unsafe
            | DescriptorError::TwoOrigins
            | DescriptorError::TooManyKeys { .. }
            | DescriptorError::NotRanged
            | DescriptorError::Hardened
            | DescriptorError::OneBranch
            | DescriptorError::NotTwoBranches
            | DescriptorError::TooDeep => Kind::BadDescriptor,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let message = error.to_string();
        match error {
            ImportError::Descriptor(error) => error.into(),
            ImportError::NeedsType | ImportError::NeedsOthers => Self::new(Kind::BadXpub, message),
            ImportError::OtherType { found } => {
                Self::new(Kind::BadXpub, message).with("found", found.name())
            }
            ImportError::Field { field } => {
                Self::new(Kind::BadImport, message).with("field", field)
            }
            ImportError::TooLong { .. }
            | ImportError::Unknown
            | ImportError::TooMany { .. }
            | ImportError::FirstAddress => Self::new(Kind::BadImport, message),
        }
    }
}

impl From<TemplateError> for Failure {
    fn from(error: TemplateError) -> Self {
        let message = error.to_string();
        match error {
            TemplateError::Descriptor(error) => error.into(),
            TemplateError::Keys { least, most, found } => Self::new(Kind::BadPolicy, message)
                .with("least", least)
                .with("most", most)
                .with("found", found),
            TemplateError::Required { .. } | TemplateError::NoWait | TemplateError::SameKey => {
                Self::new(Kind::BadPolicy, message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use billfold_wallet_core::keychain::ScriptType;
    use bitcoin::Network;

    use super::*;

    #[test]
    fn names_are_those_of_the_wallet() {
        for error in [
            DescriptorError::PrivateKey,
            DescriptorError::Checksum,
            DescriptorError::WrongNetwork { network: Network::Signet },
            DescriptorError::Malformed,
            DescriptorError::OneBranch,
        ] {
            assert_eq!(Failure::from(error.clone()).kind().name(), error.name());
        }
        for error in [
            ImportError::Unknown,
            ImportError::NeedsType,
            ImportError::OtherType { found: ScriptType::Segwit },
            ImportError::Field { field: "xfp" },
            ImportError::Descriptor(DescriptorError::Checksum),
        ] {
            assert_eq!(Failure::from(error.clone()).kind().name(), error.name());
        }
    }
}
