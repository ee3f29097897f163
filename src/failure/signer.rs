//! Owns how the errors of signing devices are told.

use billfold_wallet_core::command::{CommandError, SigningProblem};
use billfold_wallet_core::signer_host::problem::DeviceError;
use billfold_wallet_core::signers::device::{
    DeviceMessageError, DeviceSigningError, DisplayError, NoPolicy, RegisterError,
};
use serde_json::Value;

use super::{Failure, Kind};

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Self {
        let message = error.to_string();
        let new = |kind| Self::new(kind, message.clone());
        match error {
            DeviceError::NoDevice => new(Kind::NoSigner),
            DeviceError::NotThere(place) => new(Kind::NoSigner).with("place", place.to_string()),
            DeviceError::Several(places) => {
                let places: Vec<Value> = places.iter().map(|p| p.to_string().into()).collect();
                new(Kind::SeveralSigners).with("places", places)
            }
            DeviceError::NoPermission(place) => {
                new(Kind::SignerNoPermission).with("place", place.to_string())
            }
            DeviceError::Busy(place) => new(Kind::SignerBusy).with("place", place.to_string()),
            DeviceError::Silent(place)
            | DeviceError::Gone(place)
            | DeviceError::Io { place, .. } => {
                new(Kind::SignerUnreachable).with("place", place.to_string())
            }
            DeviceError::WrongApp(place) => {
                new(Kind::SignerWrongApp).with("place", place.to_string())
            }
            DeviceError::NotSetUp => new(Kind::SignerNotSetUp),
            DeviceError::Locked => new(Kind::SignerLocked),
            DeviceError::WrongNetwork { .. } => new(Kind::SignerWrongNetwork),
            DeviceError::WrongKeys { expected, found } => {
                let expected: Vec<Value> = expected.iter().map(|f| f.to_string().into()).collect();
                new(Kind::SignerWrongKeys)
                    .with("expected", expected)
                    .with("found", found.to_string())
            }
            DeviceError::Cancelled => new(Kind::SignerCancelled),
            DeviceError::Stopped => new(Kind::Interrupted),
            DeviceError::TimedOut => new(Kind::SignerTimeout),
            DeviceError::Refused { code, reason } => {
                new(Kind::SignerRefused).with("code", code).with("reason", reason)
            }
            DeviceError::Vendor { vendor, what } => {
                new(Kind::SignerRefused).with("vendor", vendor.name()).with("reason", what)
            }
            DeviceError::TooLarge { .. } => new(Kind::SignerRefused),
            DeviceError::NotBuiltIn(vendor) => {
                new(Kind::SignerUnsupported).with("vendor", vendor.name())
            }
            DeviceError::Unsupported(_) => new(Kind::SignerUnsupported),
            DeviceError::Protocol(_) => new(Kind::SignerProtocol),
        }
    }
}

impl From<NoPolicy> for Failure {
    fn from(error: NoPolicy) -> Self {
        Self::new(Kind::BadPolicy, error.to_string()).with("account", error.account.as_str())
    }
}

impl From<RegisterError> for Failure {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::NoPolicy(error) => error.into(),
            RegisterError::Device(error) => error.into(),
        }
    }
}

impl From<DisplayError> for Failure {
    fn from(error: DisplayError) -> Self {
        let message = error.to_string();
        match error {
            DisplayError::NoPolicy(error) => error.into(),
            DisplayError::Device(error) => error.into(),
            DisplayError::Descriptor(error) => error.into(),
            DisplayError::NotRegistered(account) => {
                Self::new(Kind::SignerNotRegistered, message).with("account", account.as_str())
            }
            DisplayError::Differs { ours, told } => Self::new(Kind::SignerAddressDiffers, message)
                .with("address", ours)
                .with("shown", told),
        }
    }
}

impl From<DeviceSigningError> for Failure {
    fn from(error: DeviceSigningError) -> Self {
        match error {
            DeviceSigningError::Device(error) => error.into(),
            DeviceSigningError::Problem(SigningProblem::Incomplete) => Self::new(
                Kind::SigningFailed,
                "the signer gave no signature back: is this its payment?",
            )
            .with("problem", "incomplete"),
            DeviceSigningError::Problem(problem) => CommandError::Signing(problem).into(),
        }
    }
}

impl From<DeviceMessageError> for Failure {
    fn from(error: DeviceMessageError) -> Self {
        let message = error.to_string();
        match error {
            DeviceMessageError::Device(error) => error.into(),
            DeviceMessageError::AddressType => Self::new(Kind::SignerUnsupported, message),
            DeviceMessageError::TooLong(bytes) => {
                Self::new(Kind::MessageTooLong, message).with("bytes", bytes)
            }
            DeviceMessageError::Invalid => {
                Self::new(Kind::SigningFailed, message).with("problem", "invalid")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use billfold_wallet_core::signer_host::place::Place;
    use billfold_wallet_core::signer_host::vendor::Vendor;
    use bitcoin::Network;
    use bitcoin::bip32::Fingerprint;

    use super::*;
    use crate::failure::Exit;

    #[test]
    fn names_are_those_of_the_device_and_each_ends_as_a_signers() {
        let place = || Place::Usb;
        let errors = [
            DeviceError::NoDevice,
            DeviceError::NotThere(place()),
            DeviceError::Several(vec![place()]),
            DeviceError::NoPermission(place()),
            DeviceError::Busy(place()),
            DeviceError::Silent(place()),
            DeviceError::Gone(place()),
            DeviceError::Io { place: place(), what: "odd".to_owned() },
            DeviceError::WrongApp(place()),
            DeviceError::NotSetUp,
            DeviceError::Locked,
            DeviceError::WrongNetwork { asked: Network::Signet },
            DeviceError::WrongKeys { expected: vec![], found: Fingerprint::default() },
            DeviceError::Cancelled,
            DeviceError::TimedOut,
            DeviceError::Refused { code: -32602, reason: "no".to_owned() },
            DeviceError::TooLarge { bytes: 2, most: 1 },
            DeviceError::Vendor { vendor: Vendor::Ledger, what: "no".to_owned() },
            DeviceError::Unsupported("sign_psbt"),
            DeviceError::NotBuiltIn(Vendor::Ledger),
            DeviceError::Protocol("odd"),
        ];
        for error in errors {
            let failure = Failure::from(error.clone());
            assert_eq!(failure.kind().name(), error.name());
            assert_eq!(failure.kind().exit(), Exit::Signer, "{error}");
        }
        let stopped = Failure::from(DeviceError::Stopped);
        assert_eq!(stopped.kind().name(), DeviceError::Stopped.name());
    }
}
