//! Owns the Bitcoin Core that is asked the same as billfold: a node that is given the same blocks,
//! with a wallet of the same keys.
//!
//! Refuses to be there where `BITCOIND_EXE` names none.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use billfold_devnet::Devnet;
use billfold_tests::daemon::Asker;
use billfold_tests::port::free_port;
use bitcoin::consensus::encode::serialize_hex;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::Client;
use crate::timed;

/// A running node with a wallet.
pub(crate) struct Core {
    process: Child,
    /// Who asks it.
    pub(crate) asker: Asker,
    folder: TempDir,
    program: PathBuf,
}

impl Core {
    /// Starts a node, gives it the network's blocks and a wallet of these descriptors, all but one
    /// of which have to be found in the blocks. `None` without a program.
    pub(crate) fn follow(network: &Devnet, descriptors: &[String]) -> Result<Option<Self>> {
        let Some(program) = env::var_os("BITCOIND_EXE").map(PathBuf::from) else { return Ok(None) };
        let core = Self::start(program, TempDir::with_prefix("billfold-core-")?)?;
        let mut client = Client::enter(&core.asker)?;
        for height in 1..=network.tip().0 {
            let block = network.block_at(height).context("a block of the chain")?;
            let refused = client.call("submitblock", &json!([serialize_hex(&block)]))?;
            ensure!(refused.is_null(), "block {height}: {refused}");
        }
        let wallet = json!({"wallet_name": "load", "blank": true, "load_on_startup": true});
        client.call("createwallet", &wallet)?;
        let mut imports = Vec::new();
        for (number, text) in descriptors.iter().enumerate() {
            let told = client.call("getdescriptorinfo", &json!([text]))?;
            let desc = format!("{text}#{}", told["checksum"].as_str().context("no checksum")?);
            imports.push(json!({
                "desc": desc, "timestamp": 0, "active": true, "internal": number == 1,
                "range": [0, 999],
            }));
        }
        let told = client.call("importdescriptors", &json!([imports]))?;
        let failed = told.as_array().is_none_or(|all| all.iter().any(|one| one["success"] != true));
        ensure!(!failed, "{told}");
        Ok(Some(core))
    }

    /// Ends it and starts it again; how long it takes until its wallet is there.
    pub(crate) fn restart(mut self) -> Result<(Self, Duration)> {
        Client::enter(&self.asker)?.call("stop", &json!([]))?;
        self.process.wait()?;
        let (folder, program) =
            (std::mem::replace(&mut self.folder, TempDir::new()?), self.program.clone());
        timed(|| Self::start(program, folder))
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    fn start(program: PathBuf, folder: TempDir) -> Result<Self> {
        let address = free_port()?;
        let mut process = Command::new(&program)
            .args(["-regtest", "-printtoconsole", "-listen=0", "-connect=0", "-dnsseed=0"])
            .args(["-rpcuser=load", "-rpcpassword=load", "-rpcthreads=16", "-rpcworkqueue=64"])
            .args(["-addresstype=bech32", "-changetype=bech32"])
            .arg(format!("-datadir={}", folder.path().display()))
            .arg(format!("-rpcport={}", address.port()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let log = BufReader::new(process.stdout.take().context("no output")?);
        let asker = Asker { address, login: "load:load".to_owned() };
        let (ready, is_ready) = mpsc::channel();
        // To its end, so that the node never waits for room to write.
        thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if line.contains("init message: Done loading") {
                    let _ = ready.send(());
                }
            }
        });
        let core = Self { process, asker, folder, program };
        match is_ready.recv_timeout(PATIENCE) {
            Ok(()) => Ok(core),
            Err(_) => bail!("{} did not start", core.program.display()),
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What it is, as it calls itself.
pub(crate) fn name(client: &mut Client) -> Result<String> {
    let told: Value = client.call("getnetworkinfo", &json!([]))?;
    Ok(told["subversion"].as_str().unwrap_or("Bitcoin Core").trim_matches('/').to_owned())
}

const PATIENCE: Duration = Duration::from_secs(600);
