//! Owns a node's process: its ports, its directory, its end.
//!
//! btcd is given port 0 and says in its log which port it got, so no two nodes race for one.
//! Bitcoin Core can't do that and gets ports that were free a moment ago and are given to nobody else.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use billfold_wallet_core::light_client::dial::Wire;
use bitcoin::Address;
use serde_json::json;
use tempfile::TempDir;

use super::rpc::{PASSWORD, Rpc, USER};
use super::software::Software;
use crate::port::free_port;

/// A running node process.
#[derive(Debug)]
pub struct Launched {
    /// Where peers reach it.
    pub peer_address: SocketAddr,
    /// Where it takes calls.
    pub rpc: Rpc,
    rpc_address: SocketAddr,
    wire: Wire,
    process: Child,
    folder: TempDir,
}

impl Launched {
    /// Starts a node in a directory of its own and waits until it listens. Over [`Wire::V1`] it
    /// refuses the other transport; over [`Wire::V2`] it speaks both.
    ///
    /// # Errors
    /// What the program or the system said.
    pub fn start(software: &Software, wire: Wire, miner: &Address) -> Result<Self> {
        let folder = TempDir::with_prefix("billfold-node-")?;
        let (peers, rpc) = match software {
            Software::Btcd(_) => (
                SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ),
            Software::Core(_) => (free_port()?, free_port()?),
        };
        let (process, peer_address, rpc_address) =
            spawn(software, wire, miner, &folder, peers, rpc)?;
        let rpc = Rpc::new(rpc_address);
        Ok(Self { peer_address, rpc, rpc_address, wire, process, folder })
    }

    /// Stops it cleanly and starts it again on the same ports.
    ///
    /// # Errors
    /// What the program or the system said.
    pub fn restart(&mut self, software: &Software, miner: &Address) -> Result<()> {
        if self.process.try_wait()?.is_none() {
            self.rpc.call("stop", &json!([]))?;
            self.process.wait()?;
        }
        let (process, ..) =
            spawn(software, self.wire, miner, &self.folder, self.peer_address, self.rpc_address)?;
        self.process = process;
        Ok(())
    }

    /// Kills it.
    ///
    /// # Errors
    /// What the system said.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        // It may be dead already; there is nobody to tell.
        let _ = self.kill();
    }
}

fn spawn(
    software: &Software,
    wire: Wire,
    miner: &Address,
    folder: &TempDir,
    peers: SocketAddr,
    rpc: SocketAddr,
) -> Result<(Child, SocketAddr, SocketAddr)> {
    let mut command = match software {
        Software::Btcd(path) => {
            let mut command = Command::new(path);
            command.args(btcd_options(miner, folder, peers, rpc));
            if wire == Wire::V2 {
                command.arg("--v2transport");
            }
            command
        }
        Software::Core(path) => {
            let mut command = Command::new(path);
            command.args(core_options(folder, peers, rpc));
            command.arg(if wire == Wire::V2 { "-v2transport=1" } else { "-v2transport=0" });
            command
        }
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().with_context(|| format!("starting {software}"))?;
    let output = process.stdout.take().context("no output")?;
    let log = follow(output);
    let listening = match software {
        Software::Btcd(_) => btcd_addresses(&log),
        Software::Core(_) => await_line(&log, CORE_READY).map(|_| (peers, rpc)),
    };
    match listening {
        Ok((peers, rpc)) => Ok((process, peers, rpc)),
        Err(error) => {
            process.kill()?;
            process.wait()?;
            Err(error.context(format!("{software} did not start")))
        }
    }
}

fn btcd_options(
    miner: &Address,
    folder: &TempDir,
    peers: SocketAddr,
    rpc: SocketAddr,
) -> Vec<String> {
    let path = folder.path().display();
    let mut options: Vec<String> =
        ["--regtest", "--notls", "--nodnsseed", "--utxocachemaxsize=8"].map(str::to_owned).into();
    options.extend([
        format!("--configfile={path}/btcd.conf"),
        format!("--datadir={path}/chain"),
        format!("--logdir={path}/log"),
        format!("--listen={peers}"),
        format!("--rpclisten={rpc}"),
        format!("--rpcuser={USER}"),
        format!("--rpcpass={PASSWORD}"),
        format!("--miningaddr={miner}"),
    ]);
    options
}

fn core_options(folder: &TempDir, peers: SocketAddr, rpc: SocketAddr) -> Vec<String> {
    let mut options: Vec<String> = [
        "-regtest",
        "-printtoconsole",
        "-blockfilterindex=1",
        "-peerblockfilters=1",
        "-fallbackfee=0.00001",
        "-persistmempool=0",
        "-dnsseed=0",
        "-fixedseeds=0",
        "-listenonion=0",
    ]
    .map(str::to_owned)
    .into();
    options.extend([
        format!("-datadir={}", folder.path().display()),
        format!("-bind={peers}"),
        format!("-rpcbind={rpc}"),
        format!("-rpcport={}", rpc.port()),
        "-rpcallowip=127.0.0.1".to_owned(),
        format!("-rpcuser={USER}"),
        format!("-rpcpassword={PASSWORD}"),
    ]);
    options
}

/// Reads the log to its end in a thread, so that the node never blocks on a full pipe.
fn follow(output: ChildStdout) -> Receiver<String> {
    let (lines, log) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Nobody listens any more once the node is up.
            let _ = lines.send(line);
        }
    });
    log
}

fn btcd_addresses(log: &Receiver<String>) -> Result<(SocketAddr, SocketAddr)> {
    let (mut peers, mut rpc) = (None, None);
    loop {
        if let (Some(peers), Some(rpc)) = (peers, rpc) {
            return Ok((peers, rpc));
        }
        let line = await_line(log, BTCD_LISTENS)?;
        let address = line.rsplit(' ').next().unwrap_or_default().parse()?;
        if line.contains(BTCD_RPC_LISTENS) {
            rpc = Some(address);
        } else {
            peers = Some(address);
        }
    }
}

fn await_line(log: &Receiver<String>, wanted: &str) -> Result<String> {
    let mut said = Vec::new();
    loop {
        match log.recv_timeout(PATIENCE) {
            Ok(line) if line.contains(wanted) => return Ok(line),
            Ok(line) => said.push(line),
            Err(_) => bail!("it never said \"{wanted}\" but:\n{}", said.join("\n")),
        }
    }
}

const BTCD_LISTENS: &str = "erver listening on ";
const BTCD_RPC_LISTENS: &str = "RPC server listening";
const CORE_READY: &str = "init message: Done loading";
const PATIENCE: Duration = Duration::from_secs(60);
