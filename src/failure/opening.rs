//! Owns how the errors of creating and opening a wallet are told.

use billfold_wallet_core::config::WalletName;
use billfold_wallet_core::service::{CreateError, OpenError};
use billfold_wallet_core::store::lock::Holder;

use super::{Failure, Kind};

impl From<CreateError> for Failure {
    fn from(error: CreateError) -> Self {
        let message = error.to_string();
        let new = |kind| Self::new(kind, message.clone());
        match error {
            CreateError::WalletExists(name) => {
                new(Kind::WalletExists).with("wallet", name.as_str())
            }
            CreateError::DirInUse(holder) => in_use(message, holder),
            CreateError::Closing => new(Kind::Closing),
            CreateError::BadAccounts => new(Kind::BadAccounts),
            CreateError::OutOfMemory { kib } => new(Kind::OutOfMemory).with("kib", kib),
            CreateError::Entropy(_) => new(Kind::NoEntropy),
            CreateError::Store(problem) => problem.into(),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let message = error.to_string();
        let new = |kind| Self::new(kind, message.clone());
        match error {
            OpenError::NoSuchWallet { name, existing } => {
                let existing: Vec<_> = existing.iter().map(WalletName::as_str).collect();
                new(Kind::NoSuchWallet).with("wallet", name.as_str()).with("existing", existing)
            }
            OpenError::WrongPassword => new(Kind::WrongPassword),
            OpenError::TooSoon { wait } => {
                new(Kind::TooManyTries).with("wait_seconds", wait.as_secs())
            }
            OpenError::Loaded(name) => new(Kind::WalletLoaded).with("wallet", name.as_str()),
            OpenError::NotLoaded(name) => new(Kind::WalletNotLoaded).with("wallet", name.as_str()),
            OpenError::Closing => new(Kind::Closing),
            OpenError::DirInUse(holder) => in_use(message, holder),
            OpenError::NetworkMismatch { found, .. } => {
                new(Kind::NetworkMismatch).with("found", found.to_string())
            }
            OpenError::OutOfMemory { kib } => new(Kind::OutOfMemory).with("kib", kib),
            OpenError::Entropy(_) => new(Kind::NoEntropy),
            OpenError::Store(problem) => problem.into(),
        }
    }
}

fn in_use(message: String, holder: Holder) -> Failure {
    Failure::new(Kind::DirInUse, message).with("pid", holder.pid).with("program", holder.program)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use billfold_wallet_core::command::StoreProblem;
    use billfold_wallet_core::entropy::EntropyError;
    use bitcoin::Network;
    use serde_json::json;

    use super::*;

    fn holder() -> Holder {
        Holder { pid: Some(17), program: Some("billfold".to_owned()) }
    }

    #[test]
    fn names_are_those_of_the_service() {
        let wallet = WalletName::default;
        for error in [
            CreateError::WalletExists(wallet()),
            CreateError::DirInUse(holder()),
            CreateError::BadAccounts,
            CreateError::OutOfMemory { kib: 65_536 },
            CreateError::Entropy(EntropyError),
            CreateError::Store(StoreProblem::Full),
        ] {
            assert_eq!(Failure::from(error.clone()).kind().name(), error.name());
        }
        for error in [
            OpenError::NoSuchWallet { name: wallet(), existing: vec![] },
            OpenError::WrongPassword,
            OpenError::TooSoon { wait: Duration::from_secs(4) },
            OpenError::DirInUse(holder()),
            OpenError::NetworkMismatch {
                wallet: wallet(),
                found: Network::Signet,
                asked: Network::Bitcoin,
            },
            OpenError::OutOfMemory { kib: 65_536 },
            OpenError::Entropy(EntropyError),
            OpenError::Store(StoreProblem::Full),
        ] {
            assert_eq!(Failure::from(error.clone()).kind().name(), error.name());
        }
    }

    #[test]
    fn who_holds_the_directory_is_told() {
        let told = serde_json::to_value(Failure::from(OpenError::DirInUse(holder())).form());
        let told = told.expect("JSON");
        assert_eq!(told["error"]["data"], json!({"pid": 17, "program": "billfold"}));
        assert!(told["error"]["message"].as_str().is_some_and(|text| text.contains("17")));
    }
}
