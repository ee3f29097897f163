//! Owns how the errors of backups are told.

use billfold_wallet_core::service::{BackupError, RestoreError};

use super::{Failure, Kind};

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let message = error.to_string();
        let new = |kind| Self::new(kind, message.clone());
        match error {
            BackupError::Exists { path } => new(Kind::FileExists).with("path", path),
            BackupError::Foreign { path } => new(Kind::NotABackup).with("path", path),
            BackupError::Damaged { path } | BackupError::Content { path, .. } => {
                new(Kind::BackupDamaged).with("path", path)
            }
            BackupError::Newer { path } => new(Kind::StoreNewer).with("path", path),
            BackupError::WrongPassword => new(Kind::WrongPassword),
            BackupError::OutOfMemory { kib } => new(Kind::OutOfMemory).with("kib", kib),
            BackupError::Unsettled { path, .. } => new(Kind::Io).with("path", path),
            BackupError::Entropy(_) => new(Kind::NoEntropy),
            BackupError::Store(problem) => problem.into(),
        }
    }
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Self {
        let message = error.to_string();
        match error {
            RestoreError::NetworkMismatch { found, .. } => {
                Self::new(Kind::NetworkMismatch, message).with("found", found.to_string())
            }
            RestoreError::Account { name, .. } | RestoreError::ForeignKey { name } => {
                Self::new(Kind::BackupDamaged, message).with("account", name)
            }
            RestoreError::Create(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use billfold_wallet_core::backup::ParseBackupError;
    use billfold_wallet_core::command::StoreProblem;
    use billfold_wallet_core::entropy::EntropyError;
    use billfold_wallet_core::keychain::DescriptorError;
    use billfold_wallet_core::service::CreateError;
    use bitcoin::Network;

    use super::*;

    #[test]
    fn names_are_those_of_the_service() {
        let path = || "x.backup".to_owned();
        for error in [
            BackupError::Exists { path: path() },
            BackupError::Foreign { path: path() },
            BackupError::Damaged { path: path() },
            BackupError::Newer { path: path() },
            BackupError::Content { path: path(), problem: ParseBackupError::ForeignSeed },
            BackupError::WrongPassword,
            BackupError::OutOfMemory { kib: 65_536 },
            BackupError::Unsettled { path: path(), what: "it failed".to_owned() },
            BackupError::Entropy(EntropyError),
            BackupError::Store(StoreProblem::Full),
        ] {
            assert_eq!(Failure::from(error.clone()).kind().name(), error.name());
        }
        let name = || "taproot".to_owned();
        for error in [
            RestoreError::NetworkMismatch { found: Network::Signet, asked: Network::Bitcoin },
            RestoreError::Account { name: name(), problem: DescriptorError::Malformed },
            RestoreError::ForeignKey { name: name() },
            RestoreError::Create(CreateError::BadAccounts),
        ] {
            assert_eq!(Failure::from(error.clone()).kind().name(), error.name());
        }
    }
}
