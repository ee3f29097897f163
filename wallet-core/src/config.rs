//! Owns the settings of one run, the checked names of wallets and every path in a data directory.
//!
//! Refuses to read files or the environment: the program does that, once, and hands over
//! [`Settings`].

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use bitcoin::p2p::Magic;
use bitcoin::{Amount, Network};

use crate::light_client::params::Params;
use crate::light_client::peer_id::PeerAddress;
use crate::limits::DEFAULT_FILTERS_DISK;

pub use crate::wallet_name::{ParseWalletNameError, WalletName};
pub use signet_challenge::{ParseSignetChallengeError, SignetChallenge};

mod signet_challenge;

/// What the program was told: which network, where its files are, which wallet, which peers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The network.
    pub network: Network,
    /// The challenge of a signet that is not the default one; unused on other networks.
    pub signet_challenge: Option<SignetChallenge>,
    /// Whether headers are checked from the first block on, instead of a trusted later start.
    pub from_genesis: bool,
    /// The data directory; mainnet's files are in it, the others' in a directory of their own.
    pub data_dir: PathBuf,
    /// The wallet.
    pub wallet: WalletName,
    /// If not empty, the only peers to use.
    pub connect: Vec<PeerAddress>,
    /// The SOCKS5 proxy through which every connection and every look-up of a name goes.
    pub proxy: Option<ProxyAddress>,
    /// Bytes that kept filters may take on disk; 0 keeps none.
    pub filters_disk: u64,
    /// Whether to listen to transactions that no block holds.
    pub mempool: bool,
    /// How long nobody may be there before the keys are locked; `None`: never.
    pub idle_lock: Option<Duration>,
    /// Below this, a payment from outside to an address that was paid before is frozen when it
    /// comes; zero freezes none.
    pub dust_limit: Amount,
}

impl Settings {
    /// The default wallet of a data directory, and nothing else said: no peers or proxy named,
    /// filters kept, unconfirmed payments heard, no idle lock, no dust frozen.
    #[must_use]
    pub fn new(network: Network, data_dir: PathBuf) -> Self {
        Self {
            network,
            signet_challenge: None,
            from_genesis: false,
            data_dir,
            wallet: WalletName::default(),
            connect: Vec::new(),
            proxy: None,
            filters_disk: DEFAULT_FILTERS_DISK,
            mempool: true,
            idle_lock: None,
            dust_limit: Amount::ZERO,
        }
    }

    /// The rules of the chain.
    #[must_use]
    pub fn params(&self) -> Params {
        match &self.signet_challenge {
            Some(challenge) if self.network == Network::Signet => {
                Params::signet_with_challenge(challenge.script())
            }
            _ => Params::new(self.network),
        }
    }

    /// Whether there is any way to peers: named ones, or DNS seeds to find some by.
    #[must_use]
    pub fn has_peers(&self) -> bool {
        !self.connect.is_empty() || !self.params().dns_seeds.is_empty()
    }

    /// Where the files of this chain are. Signets don't share theirs: each but the default one
    /// has a directory named for its magic.
    #[must_use]
    pub fn paths(&self) -> Paths {
        let magic = self.params().magic;
        if self.network == Network::Signet && magic != Magic::SIGNET {
            return Paths { dir: self.data_dir.join(format!("signet-{magic}")) };
        }
        Paths::new(&self.data_dir, self.network)
    }
}

/// Where a SOCKS5 proxy listens: an IP address and a port, since looking up its name would go
/// around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProxyAddress(SocketAddr);

impl ProxyAddress {
    /// The socket to connect to.
    #[must_use]
    pub const fn to_socket_address(self) -> SocketAddr {
        self.0
    }
}

impl fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ProxyAddress {
    type Err = ParseProxyAddressError;

    /// Reads `IP:PORT`; `localhost`, which by RFC 6761 needs no look-up, is `127.0.0.1`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        let address: SocketAddr =
            local.as_deref().unwrap_or(text).parse().map_err(|_| ParseProxyAddressError)?;
        if address.port() == 0 { Err(ParseProxyAddressError) } else { Ok(Self(address)) }
    }
}

/// The text does not say where a proxy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not the address of a proxy: write IP:PORT, for example 127.0.0.1:9050 for Tor; a name would \
     have to be looked up outside the proxy"
)]
pub struct ParseProxyAddressError;

/// How many unused addresses beyond the last used one are watched for payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookAhead {
    /// On the chain of addresses that are given out (BIP44's gap limit).
    pub receive: u32,
    /// On the chain of change.
    pub change: u32,
}

impl LookAhead {
    /// For a new wallet, whose every address this program gives out.
    pub const NEW: Self = Self { receive: 25, change: 25 };

    /// For a restored wallet, whose addresses other programs may have given out.
    pub const RESTORED: Self = Self { receive: 200, change: 50 };
}

/// Every path that one network uses inside a data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    dir: PathBuf,
}

impl Paths {
    /// The paths of `network` in `data_dir`.
    #[must_use]
    pub fn new(data_dir: &Path, network: Network) -> Self {
        let dir = match network {
            Network::Bitcoin => data_dir.to_owned(),
            Network::Testnet => data_dir.join("testnet3"),
            Network::Testnet4 => data_dir.join("testnet4"),
            Network::Signet => data_dir.join("signet"),
            Network::Regtest => data_dir.join("regtest"),
        };
        Self { dir }
    }

    /// The directory that holds all the others.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Held by the one process that uses the directory.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.dir.join("lock")
    }

    /// Headers and filter headers.
    #[must_use]
    pub fn chain(&self) -> PathBuf {
        self.dir.join("chain.db")
    }

    /// The directory of kept filters.
    #[must_use]
    pub fn filters(&self) -> PathBuf {
        self.dir.join("filters")
    }

    /// Addresses of peers.
    #[must_use]
    pub fn peers(&self) -> PathBuf {
        self.dir.join("peers.db")
    }

    /// The program's log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.dir.join("billfold.log")
    }

    /// The directory of the wallets.
    #[must_use]
    pub fn wallets(&self) -> PathBuf {
        self.dir.join("wallets")
    }

    /// The names of the wallets that a daemon opens when it starts.
    #[must_use]
    pub fn startup(&self) -> PathBuf {
        self.wallets().join("startup")
    }

    /// A wallet's encrypted file.
    #[must_use]
    pub fn wallet(&self, name: &WalletName) -> PathBuf {
        self.wallets().join(format!("{name}.db"))
    }

    /// A wallet's header file: its keys, wrapped under its password.
    #[must_use]
    pub fn header(&self, name: &WalletName) -> PathBuf {
        self.wallets().join(format!("{name}.key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signets_never_share_a_file() {
        let on = |challenge: Option<&str>| {
            let settings = Settings {
                signet_challenge: challenge.map(|text| text.parse().expect("a challenge")),
                ..Settings::new(Network::Signet, "/data".into())
            };
            settings.paths().dir().to_owned()
        };
        assert_eq!(on(None), Path::new("/data/signet"));
        let default = Params::signet().signet_challenge.expect("a signet has one");
        assert_eq!(on(Some(&default.to_hex_string())), on(None));
        // The example of BIP325, "Message Start".
        let example = "512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be43051ae";
        assert_eq!(on(Some(example)), Path::new("/data/signet-7ec653a5"));
        assert_ne!(on(Some("51")), on(Some(example)));
    }

    #[test]
    fn networks_never_share_a_file() {
        let dir = Path::new("/data");
        let networks = [
            Network::Bitcoin,
            Network::Testnet,
            Network::Testnet4,
            Network::Signet,
            Network::Regtest,
        ];
        let mut dirs: Vec<_> =
            networks.iter().map(|n| Paths::new(dir, *n).dir().to_owned()).collect();
        dirs.sort();
        dirs.dedup();
        assert_eq!(dirs.len(), networks.len());
        let name = WalletName::default();
        assert_eq!(
            Paths::new(dir, Network::Regtest).wallet(&name),
            Path::new("/data/regtest/wallets/main.db")
        );
        assert_eq!(
            Paths::new(dir, Network::Bitcoin).header(&name),
            Path::new("/data/wallets/main.key")
        );
    }
}
