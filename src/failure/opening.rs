//! Owns how the errors of creating and opening a wallet are told.

use billfold_wallet_core::config::WalletName;
use billfold_wallet_core::service::{CreateError, OpenError};
use billfold_wallet_core::store::lock::Holder;

use super::Failure;

impl From<CreateError> for Failure {
    fn from(error: CreateError) -> Self {
        let told = Self::new(error.kind(), error.to_string());
        match error {
            CreateError::WalletExists(name) => told.with("wallet", name.as_str()),
            CreateError::DirInUse(holder) => in_use(told, holder),
            CreateError::OutOfMemory { kib } => told.with("kib", kib),
            CreateError::Closing
            | CreateError::DaemonLost
            | CreateError::BadAccounts
            | CreateError::Entropy(_) => told,
            CreateError::Store(problem) => problem.into(),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let told = Self::new(error.kind(), error.to_string());
        match error {
            OpenError::NoSuchWallet { name, existing } => {
                let existing: Vec<_> = existing.iter().map(WalletName::as_str).collect();
                told.with("wallet", name.as_str()).with("existing", existing)
            }
            OpenError::TooSoon { wait } => told.with("wait_seconds", wait.as_secs()),
            OpenError::Loaded(name) | OpenError::NotLoaded(name) => {
                told.with("wallet", name.as_str())
            }
            OpenError::DirInUse(holder) => in_use(told, holder),
            OpenError::NetworkMismatch { found, .. } => told.with("found", found.to_string()),
            OpenError::OutOfMemory { kib } => told.with("kib", kib),
            OpenError::WrongPassword
            | OpenError::Closing
            | OpenError::DaemonLost
            | OpenError::Entropy(_) => told,
            OpenError::Store(problem) => problem.into(),
        }
    }
}

fn in_use(told: Failure, holder: Holder) -> Failure {
    told.with("pid", holder.pid).with("program", holder.program)
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
