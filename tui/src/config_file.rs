//! Owns `config.toml`: its keys, a section per network, and where relative paths begin.
//!
//! Refuses unknown keys. An error names the line and the key, and never shows the line itself: a
//! secret may stand there by mistake.

use std::path::{Path, PathBuf};
use std::time::Duration;

use billfold_wallet_core::config::{ProxyAddress, SignetChallenge};
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::limits::DEFAULT_DUST_LIMIT;
use bitcoin::{Amount, Network};
use serde::{Deserialize, Deserializer, de};

/// The whole file; everything in it is optional.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct ConfigFile {
    /// Which network to use when none is given.
    #[serde(deserialize_with = "network")]
    pub network: Option<Network>,
    /// Where wallets and chain live.
    pub data_dir: Option<PathBuf>,
    /// The wallet's name, unless the network's section has one.
    pub wallet: Option<String>,
    /// The SOCKS5 proxy for everything, unless the network's section names another.
    #[serde(deserialize_with = "proxy")]
    pub proxy: Option<ProxyAddress>,
    /// Where the password is read from, unless the network's section says.
    pub password_file: Option<PathBuf>,
    /// Where the passphrase of keys is read from, unless the network's section says.
    pub keys_passphrase_file: Option<PathBuf>,
    /// Trust no later start than the first block.
    pub validate_from_genesis: bool,
    /// Always speak JSON.
    pub json: bool,
    /// Always speak plainly.
    pub plain: bool,
    /// Say only results and errors.
    pub quiet: bool,
    /// How much to log.
    pub verbose: u8,
    /// What is kept of filters, unless the network's section says.
    pub filters: Filters,
    /// Whether the screens listen to the mouse.
    pub mouse: Option<bool>,
    /// Whether to listen to transactions that no block holds, unless the network's section says.
    pub mempool: Option<bool>,
    /// When keys lock themselves, unless the network's section says.
    pub lock: Lock,
    /// What is frozen when it comes, unless the network's section says.
    pub dust: Dust,
    mainnet: Section,
    testnet3: Section,
    testnet4: Section,
    signet: Section,
    regtest: Section,
}

/// What may differ from network to network.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Section {
    /// The wallet's name.
    pub wallet: Option<String>,
    /// The only peers to use.
    #[serde(deserialize_with = "peers")]
    pub connect: Vec<PeerAddress>,
    /// The challenge of a signet of one's own.
    #[serde(deserialize_with = "challenge")]
    pub signet_challenge: Option<SignetChallenge>,
    /// The SOCKS5 proxy for everything.
    #[serde(deserialize_with = "proxy")]
    pub proxy: Option<ProxyAddress>,
    /// Where the password is read from.
    pub password_file: Option<PathBuf>,
    /// Where the passphrase of keys is read from.
    pub keys_passphrase_file: Option<PathBuf>,
    /// What is kept of filters.
    pub filters: Filters,
    /// Whether to listen to transactions that no block holds.
    pub mempool: Option<bool>,
    /// When keys lock themselves.
    pub lock: Lock,
    /// What is frozen when it comes.
    pub dust: Dust,
}

/// When the keys of an open wallet lock themselves.
#[derive(Debug, Default, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Lock {
    /// After nobody was there for so long.
    #[serde(deserialize_with = "idle")]
    pub idle: Option<Idle>,
}

/// How long nobody may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// So long.
    After(Duration),
    /// As long as the wallet is open.
    Never,
}

/// What payments from outside are frozen when they come to an address that was paid before.
#[derive(Debug, Default, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Dust {
    /// Those below so many satoshi; 0 freezes none.
    limit: Option<u32>,
}

impl Dust {
    /// This, or what the head of the file says where this says nothing.
    #[must_use]
    pub fn or(self, head: Self) -> Self {
        Self { limit: self.limit.or(head.limit) }
    }

    /// Below which amount.
    #[must_use]
    pub fn limit(self) -> Amount {
        Amount::from_sat(self.limit.map_or(DEFAULT_DUST_LIMIT, u64::from))
    }
}

/// What is kept of the filters that were downloaded.
#[derive(Debug, Default, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Filters {
    /// Bytes that they may take on disk; 0 keeps none.
    #[serde(deserialize_with = "byte_size")]
    pub disk: Option<u64>,
}

impl ConfigFile {
    /// Reads the file's text; relative paths in it begin at `dir`.
    ///
    /// # Errors
    /// See [`ParseConfigError`].
    pub fn parse(text: &str, dir: &Path) -> Result<Self, ParseConfigError> {
        let mut file: Self = toml::from_str(text).map_err(|error| ParseConfigError {
            line: error.span().map_or(1, |span| line_of(text, span.start)),
            what: without_value(error.message()),
        })?;
        let sections = [
            &mut file.mainnet,
            &mut file.testnet3,
            &mut file.testnet4,
            &mut file.signet,
            &mut file.regtest,
        ];
        let secrets = sections
            .into_iter()
            .flat_map(|section| [&mut section.password_file, &mut section.keys_passphrase_file]);
        let rest = [&mut file.data_dir, &mut file.password_file, &mut file.keys_passphrase_file];
        for path in secrets.chain(rest).flatten() {
            if *path != Path::new("-") {
                *path = dir.join(&*path);
            }
        }
        Ok(file)
    }

    /// Takes the section of a network out of the file.
    pub fn take_section(&mut self, network: Network) -> Section {
        std::mem::take(match network {
            Network::Bitcoin => &mut self.mainnet,
            Network::Testnet => &mut self.testnet3,
            Network::Testnet4 => &mut self.testnet4,
            Network::Signet => &mut self.signet,
            Network::Regtest => &mut self.regtest,
        })
    }
}

/// A network by the name of its section.
fn network<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Network>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Name {
        Mainnet,
        Testnet3,
        Testnet4,
        Signet,
        Regtest,
    }
    Ok(Some(match Name::deserialize(deserializer)? {
        Name::Mainnet => Network::Bitcoin,
        Name::Testnet3 => Network::Testnet,
        Name::Testnet4 => Network::Testnet4,
        Name::Signet => Network::Signet,
        Name::Regtest => Network::Regtest,
    }))
}

fn peers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PeerAddress>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(de::Error::custom)).collect()
}

fn proxy<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ProxyAddress>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(de::Error::custom)
}

fn challenge<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SignetChallenge>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(de::Error::custom)
}

/// A time such as `"90 s"` or `"5 min"`, or `"never"`.
fn idle<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Idle>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_idle(&text).map(Some).ok_or_else(|| {
        de::Error::custom("not a time: write for example \"90 s\", \"5 min\", \"1 h\" or \"never\"")
    })
}

fn parse_idle(text: &str) -> Option<Idle> {
    if text.trim() == "never" {
        return Some(Idle::Never);
    }
    let (number, unit) = text.trim().split_once(' ')?;
    let seconds = match unit.trim_start() {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        _ => return None,
    };
    let time = number.parse::<u64>().ok()?.checked_mul(seconds).filter(|time| *time > 0)?;
    Some(Idle::After(Duration::from_secs(time)))
}

/// A number of bytes, or a text such as `"2 GB"`.
fn byte_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Size {
        Bytes(u64),
        Text(String),
    }
    let bytes = match Size::deserialize(deserializer) {
        Ok(Size::Bytes(bytes)) => Some(bytes),
        Ok(Size::Text(text)) => bytes_of(&text),
        Err(_) => None,
    };
    bytes.map(Some).ok_or_else(|| de::Error::custom("a size is bytes, or like \"500 MB\""))
}

fn bytes_of(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match text[digits..].trim() {
        "" | "B" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(unit)
}

/// What serde says of a value without the value: it repeats a wrong one in quotes.
fn without_value(message: &str) -> String {
    let of_value = message.starts_with("invalid ") || message.starts_with("unknown variant");
    match message.rsplit_once(", expected ").filter(|_| of_value) {
        Some((what, expected)) => {
            let what = what.split(['"', '`']).next().unwrap_or_default().trim_end();
            format!("{what}, expected {expected}")
        }
        None => message.to_owned(),
    }
}

/// The line, counted from 1, that the byte at `offset` is in.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The text is not a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ParseConfigError {
    /// Which line, counted from 1.
    pub line: usize,
    /// What is wrong with it; names keys, never values.
    pub what: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        ConfigFile::parse(text, Path::new("/etc")).expect_err("must be refused").to_string()
    }

    #[test]
    fn unknown_keys_are_refused_with_their_line() {
        assert!(error("json = true\njsn = true\n").starts_with("line 2: unknown field `jsn`"));
        assert!(error("[regtest]\nwalet = 'a'\n").starts_with("line 2: unknown field `walet`"));
        assert!(error("[testnet]\n").starts_with("line 1: unknown field `testnet`"));
    }

    #[test]
    fn a_secret_put_there_by_mistake_is_not_repeated() {
        assert!(!error("password = 'hunter2'\n").contains("hunter2"));
        assert!(!error("password = hunter2\n").contains("hunter2"));
        for key in ["network", "verbose", "json", "mouse", "dust", "lock.idle", "proxy", "regtest"]
        {
            let told = error(&format!("{key} = 'hunter2'\n"));
            assert!(!told.contains("hunter2"), "{told}");
            assert!(told.starts_with("line 1: "), "{told}");
        }
        let told = error("[regtest]\nconnect = ['hunter2']\n");
        assert!(!told.contains("hunter2"), "{told}");
        assert_eq!(error("verbose = 'hunter2'"), "line 1: invalid type: string, expected u8");
    }

    #[test]
    fn a_size_is_bytes_or_has_a_unit() {
        for (text, bytes) in
            [("7", 7), ("0", 0), ("'3 GB'", 3_000_000_000), ("'500MB'", 500_000_000), ("'9'", 9)]
        {
            let text = format!("[filters]\ndisk = {text}\n[signet.filters]\ndisk = 1");
            let mut file = ConfigFile::parse(&text, Path::new("/etc")).expect("good");
            assert_eq!(file.filters.disk, Some(bytes));
            assert_eq!(file.take_section(Network::Signet).filters.disk, Some(1));
            assert_eq!(file.take_section(Network::Regtest).filters.disk, None);
        }
        for bad in ["-1", "'2 GiB'", "'many'", "1.5", "'99999999999 GB'", "true"] {
            assert!(error(&format!("[filters]\ndisk = {bad}")).contains("500 MB"), "{bad}");
        }
    }

    #[test]
    fn a_bad_peer_is_told() {
        let told = error("[regtest]\nconnect = ['localhost']\n");
        assert!(told.contains("HOST:PORT"), "{told}");
        let told = error("proxy = 'tor.example.org:9050'\n");
        assert!(told.contains("IP:PORT"), "{told}");
    }

    #[test]
    fn the_example_of_the_page_is_a_good_file() {
        let page = include_str!("../../docs/cli.md");
        let (_, example) = page.split_once("```toml").expect("an example");
        let (example, _) = example.split_once("```").expect("its end");
        let mut file = ConfigFile::parse(example, Path::new("/etc")).expect("good");
        assert_eq!(file.network, Some(Network::Signet));
        assert_eq!(file.take_section(Network::Bitcoin).connect.len(), 1);
    }

    #[test]
    fn standard_input_is_not_a_relative_path() {
        let file = ConfigFile::parse("password-file = '-'", Path::new("/etc")).expect("good");
        assert_eq!(file.password_file, Some("-".into()));
    }
}
