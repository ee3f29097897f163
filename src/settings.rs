//! Owns what this run was told: command line over environment over `config.toml` over defaults.
//!
//! Refuses unknown keys, so that a typing error is never a silent default, and has no key for a
//! secret. clap has already put the command line over the environment.

use std::path::{Path, PathBuf};
use std::{fs, io};

use billfold_tui::config_file::{ConfigFile, Idle, ParseConfigError};
use billfold_wallet_core::config::{ParseWalletNameError, Settings, WalletName};
use billfold_wallet_core::limits::{DEFAULT_FILTERS_DISK, DEFAULT_IDLE_LOCK};
use bitcoin::Network;
use directories::ProjectDirs;

use crate::cli::{GlobalOptions, NetworkName};
use crate::failure::{Failure, Kind};

/// Everything that a command needs to know besides its own options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// Network, directory, wallet and peers.
    pub(crate) settings: Settings,
    /// Where the password comes from; `None`: a terminal is asked.
    pub(crate) password_file: Option<PathBuf>,
    /// Where the passphrase of keys that have one of their own comes from; `None`: a terminal is
    /// asked.
    pub(crate) keys_passphrase_file: Option<PathBuf>,
    /// How to speak.
    pub(crate) style: Style,
    /// Whether the screens listen to the mouse.
    pub(crate) mouse: bool,
}

/// How to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Style {
    /// One JSON value on standard output.
    pub(crate) json: bool,
    /// No cursor movement, no drawings.
    pub(crate) plain: bool,
    /// Only results and errors.
    pub(crate) quiet: bool,
    /// 0: no log; 1: what happens; 2 and more: everything.
    pub(crate) verbose: u8,
}

impl Style {
    /// What the command line and the environment say, for errors that come before the file is
    /// read.
    #[must_use]
    pub(crate) fn of(options: &GlobalOptions) -> Self {
        let GlobalOptions { json, plain, quiet, verbose, .. } = *options;
        Self { json, plain, quiet, verbose }
    }

    /// The same with what the file says besides.
    fn over(self, file: &ConfigFile) -> Self {
        Self {
            json: self.json || file.json,
            plain: self.plain || file.plain,
            quiet: self.quiet || file.quiet,
            verbose: self.verbose.max(file.verbose),
        }
    }
}

impl Run {
    /// Puts the options over `config.toml` and the defaults.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub(crate) fn resolve(options: &GlobalOptions) -> Result<Self, SettingsError> {
        let home = ProjectDirs::from("", "", "billfold");
        let file = match &home {
            Some(home) => read(&home.config_dir().join("config.toml"))?,
            None => ConfigFile::default(),
        };
        let default_data_dir = home.map(|home| home.data_dir().to_owned());
        Self::merge(options, file, default_data_dir)
    }

    fn merge(
        options: &GlobalOptions,
        mut file: ConfigFile,
        default_data_dir: Option<PathBuf>,
    ) -> Result<Self, SettingsError> {
        let network = options.network.map(NetworkName::network);
        let network = network.or(file.network).unwrap_or(Network::Bitcoin);
        let section = file.take_section(network);
        let style = Style::of(options).over(&file);
        let data_dir = options
            .data_dir
            .clone()
            .or(file.data_dir)
            .or(default_data_dir)
            .ok_or(SettingsError::NoDataDir)?;
        let wallet = match options.wallet.clone().or(section.wallet).or(file.wallet) {
            Some(name) => name.parse().map_err(|source| SettingsError::Wallet { name, source })?,
            None => WalletName::default(),
        };
        let connect =
            if options.connect.is_empty() { section.connect } else { options.connect.clone() };
        let proxy = options.proxy.or(section.proxy).or(file.proxy);
        let signet_challenge = options.signet_challenge.clone().or(section.signet_challenge);
        if signet_challenge.is_some() && network != Network::Signet {
            return Err(SettingsError::ChallengeElsewhere);
        }
        let filters = if section.filters.disk.is_some() { section.filters } else { file.filters };
        Ok(Self {
            settings: Settings {
                network,
                signet_challenge,
                from_genesis: options.validate_from_genesis || file.validate_from_genesis,
                data_dir,
                wallet,
                connect,
                proxy,
                filters_disk: filters.disk.unwrap_or(DEFAULT_FILTERS_DISK),
                idle_lock: match section.lock.idle.or(file.lock.idle) {
                    None => Some(DEFAULT_IDLE_LOCK),
                    Some(Idle::After(time)) => Some(time),
                    Some(Idle::Never) => None,
                },
                dust_limit: section.dust.or(file.dust).limit(),
                mempool: section.mempool.or(file.mempool).unwrap_or(true),
            },
            password_file: options
                .password_file
                .clone()
                .or(section.password_file)
                .or(file.password_file),
            keys_passphrase_file: options
                .keys_passphrase_file
                .clone()
                .or(section.keys_passphrase_file)
                .or(file.keys_passphrase_file),
            mouse: file.mouse.unwrap_or(true),
            style,
        })
    }
}

fn read(path: &Path) -> Result<ConfigFile, SettingsError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(ConfigFile::default()),
        Err(source) => return Err(SettingsError::Unreadable { path: path.to_owned(), source }),
    };
    let dir = path.parent().unwrap_or(Path::new(""));
    ConfigFile::parse(&text, dir)
        .map_err(|source| SettingsError::Malformed { path: path.to_owned(), source })
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The platform names no home, and none was given.
    #[error("this system names no home directory: say where to keep wallets with --data-dir DIR")]
    NoDataDir,
    /// The wallet's name is not one.
    #[error("{name:?} is {source}")]
    Wallet {
        /// What was given.
        name: String,
        /// What is wrong.
        source: ParseWalletNameError,
    },
    /// A challenge, and a network that has none.
    #[error("a signet's challenge is of no use on another network: add --network signet")]
    ChallengeElsewhere,
    /// The file is there and can't be read.
    #[error("{path} can't be read: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {source}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: ParseConfigError,
    },
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::new(Kind::BadConfig, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use billfold_wallet_core::config::SignetChallenge;

    use super::*;

    fn file(text: &str) -> ConfigFile {
        ConfigFile::parse(text, Path::new("/etc/billfold")).expect("a good file")
    }

    fn merge(options: &GlobalOptions, text: &str) -> Run {
        Run::merge(options, file(text), Some("/home/data".into())).expect("good settings")
    }

    #[test]
    fn without_anything_the_defaults_hold() {
        let run = merge(&GlobalOptions::default(), "");
        assert_eq!(run.settings.network, Network::Bitcoin);
        assert_eq!(run.settings.data_dir, Path::new("/home/data"));
        assert_eq!(run.settings.wallet.as_str(), "main");
        assert_eq!(run.settings.connect, []);
        assert_eq!(run.settings.proxy, None);
        assert_eq!(run.password_file, None);
        assert_eq!(run.style, Style::default());
    }

    #[test]
    fn the_file_is_over_the_defaults_and_its_section_over_its_head() {
        let run = merge(
            &GlobalOptions::default(),
            "network = 'regtest'\nwallet = 'a'\ndata-dir = 'd'\njson = true\n\
             proxy = '127.0.0.1:9050'\n\
             [regtest]\nwallet = 'b'\nconnect = ['127.0.0.1:18444']\npassword-file = '/p'\n\
             [mainnet]\nwallet = 'c'\nconnect = ['127.0.0.1:8333']\n",
        );
        assert_eq!(run.settings.network, Network::Regtest);
        assert_eq!(run.settings.wallet.as_str(), "b");
        assert_eq!(run.settings.data_dir, Path::new("/etc/billfold/d"));
        assert_eq!(run.settings.connect, ["127.0.0.1:18444".parse().expect("an address")]);
        assert_eq!(run.settings.proxy, "127.0.0.1:9050".parse().ok());
        assert_eq!(run.password_file, Some("/p".into()));
        assert!(run.style.json);
    }

    #[test]
    fn the_options_are_over_the_file() {
        let options = GlobalOptions {
            network: Some(NetworkName::Mainnet),
            wallet: Some("mine".to_owned()),
            data_dir: Some("/x".into()),
            connect: vec!["[::1]:1".parse().expect("an address")],
            proxy: "[::1]:9050".parse().ok(),
            password_file: Some("-".into()),
            ..GlobalOptions::default()
        };
        let run = merge(
            &options,
            "network = 'regtest'\nwallet = 'a'\ndata-dir = '/d'\npassword-file = '/p'\n\
             proxy = '127.0.0.1:1'\n\
             [mainnet]\nwallet = 'c'\nconnect = ['127.0.0.1:8333']\nproxy = '127.0.0.1:2'\n",
        );
        assert_eq!(run.settings.network, Network::Bitcoin);
        assert_eq!(run.settings.proxy, "[::1]:9050".parse().ok());
        assert_eq!(run.settings.wallet.as_str(), "mine");
        assert_eq!(run.settings.data_dir, Path::new("/x"));
        assert_eq!(run.settings.connect, ["[::1]:1".parse().expect("an address")]);
        assert_eq!(run.password_file, Some("-".into()));
    }

    #[test]
    fn a_challenge_is_for_a_signet_only() {
        let challenge: SignetChallenge = "51".parse().expect("a challenge");
        let run = merge(
            &GlobalOptions { network: Some(NetworkName::Signet), ..GlobalOptions::default() },
            "[signet]\nsignet-challenge = '51'\n",
        );
        assert_eq!(run.settings.signet_challenge.as_ref(), Some(&challenge));
        let options =
            GlobalOptions { signet_challenge: Some(challenge), ..GlobalOptions::default() };
        let error = Run::merge(&options, file(""), Some("/d".into())).expect_err("mainnet");
        assert!(matches!(error, SettingsError::ChallengeElsewhere), "{error}");
    }

    #[test]
    fn a_wallet_name_is_checked_wherever_it_comes_from() {
        let options = GlobalOptions { wallet: Some("../x".to_owned()), ..GlobalOptions::default() };
        let error = Run::merge(&options, file(""), Some("/d".into())).expect_err("a path");
        assert!(matches!(error, SettingsError::Wallet { .. }), "{error}");
        let error =
            Run::merge(&GlobalOptions::default(), file("wallet = 'a/b'"), Some("/d".into()))
                .expect_err("a path");
        assert!(matches!(error, SettingsError::Wallet { .. }), "{error}");
    }
}
