//! Owns the options that every command takes, and the names of networks.

use std::path::PathBuf;

use billfold_wallet_core::config::{ProxyAddress, SignetChallenge};
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use clap::{ArgAction, Args, ValueEnum};

/// Options that every command takes. Each is also an environment variable and a key of
/// `config.toml`; the command line wins, then the environment, then the file.
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(next_help_heading = "Global options")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct GlobalOptions {
    /// mainnet, testnet3, testnet4, signet or regtest [default: mainnet]
    #[arg(
        long,
        global = true,
        env = "BILLFOLD_NETWORK",
        hide_env = true,
        value_name = "NETWORK",
        hide_possible_values = true
    )]
    pub(crate) network: Option<NetworkName>,
    /// The challenge of a signet of one's own, its script in hexadecimal (with --network signet)
    #[arg(
        long,
        global = true,
        env = "BILLFOLD_SIGNET_CHALLENGE",
        hide_env = true,
        value_name = "HEX"
    )]
    pub(crate) signet_challenge: Option<SignetChallenge>,
    /// Check every header from the first block on, and trust no later start
    #[arg(long, global = true, env = "BILLFOLD_VALIDATE_FROM_GENESIS", hide_env = true,
          value_parser = switch())]
    pub(crate) validate_from_genesis: bool,
    /// Where wallets and chain live [default: the platform's data directory]
    #[arg(long, global = true, env = "BILLFOLD_DATA_DIR", hide_env = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The wallet's name [default: main]
    #[arg(long, global = true, env = "BILLFOLD_WALLET", hide_env = true, value_name = "NAME")]
    pub(crate) wallet: Option<String>,
    /// Use only this peer; may be given several times
    #[arg(
        long,
        global = true,
        env = "BILLFOLD_CONNECT", hide_env = true,
        value_name = "HOST:PORT",
        value_delimiter = ',',
        action = ArgAction::Append
    )]
    pub(crate) connect: Vec<PeerAddress>,
    /// Make every connection and name look-up through this SOCKS5 proxy, for example Tor's
    #[arg(long, global = true, env = "BILLFOLD_PROXY", hide_env = true, value_name = "IP:PORT")]
    pub(crate) proxy: Option<ProxyAddress>,
    /// Read the password from the first line of FILE; `-` is standard input
    #[arg(
        long,
        global = true,
        env = "BILLFOLD_PASSWORD_FILE",
        hide_env = true,
        value_name = "FILE"
    )]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the passphrase of keys that have one of their own from the first line of FILE
    #[arg(
        long,
        global = true,
        env = "BILLFOLD_KEYS_PASSPHRASE_FILE",
        hide_env = true,
        value_name = "FILE"
    )]
    pub(crate) keys_passphrase_file: Option<PathBuf>,
    /// One JSON object or array on standard output; all else goes to standard error
    #[arg(long, global = true, env = "BILLFOLD_JSON", hide_env = true, value_parser = switch())]
    pub(crate) json: bool,
    /// No cursor movement and no drawings: one line at a time
    #[arg(long, global = true, env = "BILLFOLD_PLAIN", hide_env = true, value_parser = switch())]
    pub(crate) plain: bool,
    /// Say only results and errors
    #[arg(short, long, global = true, env = "BILLFOLD_QUIET", hide_env = true, value_parser = switch())]
    pub(crate) quiet: bool,
    /// Log what happens to standard error; twice for more
    #[arg(short, long, global = true, env = "BILLFOLD_VERBOSE", hide_env = true,
          action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// A network by the name that people type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NetworkName {
    /// Bitcoin with value.
    Mainnet,
    /// The third test network.
    Testnet3,
    /// The fourth test network (BIP94).
    Testnet4,
    /// The signed test network (BIP325).
    Signet,
    /// A chain of one's own.
    Regtest,
}

impl NetworkName {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Mainnet, Self::Testnet3, Self::Testnet4, Self::Signet, Self::Regtest];

    /// The name of a network.
    #[must_use]
    pub(crate) const fn of(network: bitcoin::Network) -> Self {
        match network {
            bitcoin::Network::Bitcoin => Self::Mainnet,
            bitcoin::Network::Testnet => Self::Testnet3,
            bitcoin::Network::Testnet4 => Self::Testnet4,
            bitcoin::Network::Signet => Self::Signet,
            bitcoin::Network::Regtest => Self::Regtest,
        }
    }

    /// As people type it.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mainnet => "mainnet",
            Self::Testnet3 => "testnet3",
            Self::Testnet4 => "testnet4",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
        }
    }

    /// The network itself.
    #[must_use]
    pub(crate) const fn network(self) -> bitcoin::Network {
        match self {
            Self::Mainnet => bitcoin::Network::Bitcoin,
            Self::Testnet3 => bitcoin::Network::Testnet,
            Self::Testnet4 => bitcoin::Network::Testnet4,
            Self::Signet => bitcoin::Network::Signet,
            Self::Regtest => bitcoin::Network::Regtest,
        }
    }
}

/// Reads the environment's form of a switch: `0`, `false`, `no`, `off` and nothing are off.
fn switch() -> clap::builder::FalseyValueParser {
    clap::builder::FalseyValueParser::new()
}
