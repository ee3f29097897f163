//! Owns the place where a page is played: a directory that is a home, a node, a shell that finds
//! `billfold`, and the names of what was printed last.
//!
//! Refuses the user's own environment, and to wait for passwords: a wallet that a page makes is
//! given a derivation that costs nothing, once its making was shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, pipe};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use bitcoin::address::NetworkUnchecked;
use bitcoin::{Address, Amount, Network, OutPoint, Txid};
use serde_json::Value;
use tempfile::TempDir;

use super::page::{Act, Typed};
use super::pattern;
use crate::cheap_keys;
use crate::node::Node;
use crate::node::software::Software;
use crate::program::{PASSWORD, Running};
use crate::signer::{Signer, free_port};
use crate::socks::{ONION, Proxy};
use crate::vector_wallet;

/// Where one page is played.
#[derive(Debug)]
pub struct Stage {
    home: TempDir,
    node: Node,
    names: BTreeMap<String, String>,
    /// Wallets whose keys cost nothing to derive any more.
    eased: BTreeSet<PathBuf>,
    /// Runs until the page ends.
    signer: Option<Signer>,
    /// Runs until the page ends, or ends it.
    daemon: Option<Running>,
    /// What the last command said.
    said: String,
    /// Whether this machine has `curl`, which not every one has.
    has_curl: bool,
}

impl Stage {
    /// An empty data directory, and a node with blocks to pay from.
    ///
    /// # Errors
    /// What the system or the node said.
    pub fn build(executable: &Path, software: Software) -> Result<Self> {
        let home = TempDir::with_prefix("billfold-manual-")?;
        fs::write(home.path().join("password"), format!("{PASSWORD}\n"))?;
        fs::create_dir(home.path().join(PROGRAMS))?;
        symlink(executable, home.path().join(PROGRAMS).join("billfold"))?;
        let node = Node::funded(software, PURSE)?;
        let (names, eased) = (BTreeMap::new(), BTreeSet::new());
        let has_curl = Command::new("curl").arg("--version").output().is_ok();
        let said = String::new();
        Ok(Self { home, node, names, eased, signer: None, daemon: None, said, has_curl })
    }

    /// Does one thing; with `told`, what was said is shown as well.
    ///
    /// # Errors
    /// How what happened differs from what is written, or what the system or the node said.
    pub fn act(&mut self, act: &Act, told: bool) -> Result<()> {
        match act {
            Act::Type(typed) => self.type_in(typed, told),
            Act::Mine(count) => {
                self.node.mine(*count)?;
                self.await_daemon()
            }
            Act::Pay { amount, to, confirmed } => self.pay(*amount, to, *confirmed),
            Act::File { name, text } => {
                Ok(fs::write(self.home.path().join(name), self.filled(text))?)
            }
            Act::Signer => {
                let signer = Signer::agreeing(free_port()?, vector_wallet::WORDS)?;
                self.names.insert(SIGNER.to_owned(), format!("tcp:{}", signer.address()));
                self.signer = Some(signer);
                Ok(())
            }
            Act::Proxy => {
                let node = self.node.address();
                let ways = [(node.to_string(), node), (ONION.to_owned(), node)];
                let proxy = Proxy::start(ways.into())?;
                self.names.insert("proxy".to_owned(), proxy.address.to_string());
                self.names.insert("onion".to_owned(), ONION.to_owned());
                Ok(())
            }
            Act::Daemon => {
                let mut command = Command::new(self.home.path().join(PROGRAMS).join("billfold"));
                self.dress(&mut command);
                let address = free_port()?;
                let port = address.port().to_string();
                command.args(["daemon", "--rpc-port", &port, "--fallback-fee", "0.00002"]);
                self.names.insert("daemon".to_owned(), address.to_string());
                command.env_remove(QUIET);
                let mut running = Running::start(command)?;
                running.await_line("JSON-RPC is served at ")?;
                self.daemon = Some(running);
                self.await_daemon()
            }
            Act::Keep { value, name } => {
                let value = match value.strip_prefix('.') {
                    Some(field) => self.field(field)?,
                    None => self.filled(value),
                };
                ensure!(!value.contains('$'), "{value} stands for nothing yet");
                self.names.insert(name.clone(), value);
                Ok(())
            }
        }
    }

    fn pay(&mut self, amount: u64, to: &str, confirmed: bool) -> Result<()> {
        let to = self.filled(to);
        let address: Address<_> = to.parse().with_context(|| format!("{to} is no address"))?;
        let script = address.require_network(Network::Regtest)?.script_pubkey();
        let outputs = [(script, Amount::from_sat(amount))];
        let txid = if confirmed {
            self.node.pay_confirmed(&outputs)
        } else {
            self.node.pay_many(&outputs)
        };
        self.names.insert("txid".to_owned(), txid?.to_string());
        if confirmed { self.await_daemon() } else { Ok(()) }
    }

    /// A field of what was said last.
    fn field(&self, name: &str) -> Result<String> {
        let said: Value = serde_json::from_str(&self.said).context("no JSON was said")?;
        let field = said.get(name).with_context(|| format!("no field {name} was said"))?;
        Ok(field.as_str().map_or_else(|| field.to_string(), str::to_owned))
    }

    /// Waits until the daemon, if there is one, has seen the node's last block.
    fn await_daemon(&self) -> Result<()> {
        if self.daemon.is_none() {
            return Ok(());
        }
        let height = format!("{}\n", self.node.tip()?.0);
        for _ in 0..QUESTIONS {
            if self.shell("billfold rpc getblockcount")?.0 == height {
                return Ok(());
            }
        }
        bail!("the daemon never saw block {height}")
    }

    #[expect(
        clippy::print_stderr,
        reason = "whoever writes a page asked for it, and what is not run is told"
    )]
    fn type_in(&mut self, typed: &Typed, told: bool) -> Result<()> {
        if typed.command.starts_with("curl ") && !self.has_curl {
            eprintln!("not run without curl: {}", typed.command);
            return Ok(());
        }
        let (said, code) = self.shell(&typed.command)?;
        if told {
            eprintln!("$ {}\n{}(exit code {code})", typed.command, said);
        }
        let written: Vec<_> = typed.output.iter().map(|line| self.filled(line)).collect();
        let written: Vec<_> = written.iter().map(String::as_str).collect();
        let lines: Vec<_> = said.lines().collect();
        ensure!(
            code == typed.code && pattern::holds(&written, &lines),
            "{}\nwritten:\n{}\n(exit code {})\nsaid:\n{said}\n(exit code {code})",
            typed.command,
            written.join("\n"),
            typed.code
        );
        self.remember(&said);
        self.said = said;
        cheap_keys::ease(&self.home.path().join(DATA).join("regtest"), PASSWORD, &mut self.eased)
    }

    /// What a command says on both streams, and its exit code.
    fn shell(&self, command: &str) -> Result<(String, i32)> {
        let (mut reader, writer) = pipe()?;
        let mut shell = Command::new("timeout");
        shell.args([PATIENCE, "sh", "-c", command]);
        self.dress(&mut shell);
        shell.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let mut process = shell.spawn()?;
        // The command holds the last ends of the pipe for writing, so that reading ends with it.
        drop(shell);
        let mut said = String::new();
        reader.read_to_string(&mut said)?;
        let code = process.wait()?.code().context("it was killed")?;
        Ok((said, code))
    }

    /// Where a command runs, and all that it knows.
    fn dress(&self, command: &mut Command) {
        let home = self.home.path();
        command.current_dir(home).env_clear();
        command.env("PATH", format!("{}:/usr/bin:/bin", home.join(PROGRAMS).display()));
        command.envs([("LC_ALL", "C.UTF-8"), ("TZ", "UTC")]).env("HOME", home);
        command.envs([("BILLFOLD_NETWORK", "regtest"), (QUIET, "1")]);
        command.env("BILLFOLD_CONNECT", self.node.address().to_string());
        command.env("BILLFOLD_DATA_DIR", home.join(DATA));
        command.env("BILLFOLD_PASSWORD_FILE", home.join("password"));
        command.envs(&self.names);
    }

    /// The last address, transaction and coin that were printed have names.
    fn remember(&mut self, said: &str) {
        for word in said.split(|c: char| !c.is_alphanumeric() && c != ':') {
            let name = match () {
                () if word.parse().is_ok_and(|hash| self.node.has_block(hash)) => continue,
                () if word.parse::<Txid>().is_ok() => "txid",
                () if word.parse::<OutPoint>().is_ok() => "coin",
                () if is_address(word) => "address",
                () => continue,
            };
            self.names.insert(name.to_owned(), word.to_owned());
        }
    }

    /// A text with names replaced by what they stand for.
    fn filled(&self, text: &str) -> String {
        // Longer names first: one may begin with another.
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        names
            .into_iter()
            .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${name}"), value))
    }
}

fn is_address(word: &str) -> bool {
    let address = word.parse::<Address<NetworkUnchecked>>();
    address.is_ok_and(|address| address.is_valid_for_network(Network::Regtest))
}

/// The setting that says where a signer is.
const SIGNER: &str = "BILLFOLD_SIGNER";

/// The setting that keeps everything unsaid that nobody needs.
const QUIET: &str = "BILLFOLD_QUIET";

/// Questions to a daemon before a block is taken for lost.
const QUESTIONS: u32 = 2_000;

/// Where the shell looks first.
const PROGRAMS: &str = "bin";

const DATA: &str = "data";

/// No command of a page takes as many seconds unless it hangs; then its exit code is 124.
const PATIENCE: &str = "300";

/// How many payments the purse can make before a page mines more.
const PURSE: u32 = 30;
