//! Owns the process that serves the chain: its start, what it is asked, its end.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result};
use billfold_tests::synthetic::chain::Chain;
use billfold_tests::synthetic::peer::Peer;

use crate::measured::{self, Served};
use crate::options::Options;

/// The first argument of that process.
pub(crate) const ROLE: &str = "as-peers";

/// The process, seen from outside.
pub(crate) struct Peers {
    /// Where the peers listen, with commas between.
    pub(crate) addresses: String,
    process: Child,
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Peers {
    /// Starts it, and waits until it has the chain.
    pub(crate) fn start(arguments: &[String]) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(ROLE)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ask = process.stdin.take();
        let mut answers = BufReader::new(process.stdout.take().context("no output")?);
        let mut addresses = String::new();
        answers.read_line(&mut addresses)?;
        Ok(Self { addresses: addresses.trim().to_owned(), process, ask, answers })
    }

    /// What all peers did since the start.
    pub(crate) fn served(&mut self) -> Result<Served> {
        self.ask.as_mut().context("it has ended")?.write_all(b"\n")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(serde_json::from_str(&answer)?)
    }
}

/// The process ends when nobody can ask it any more.
impl Drop for Peers {
    fn drop(&mut self) {
        self.ask = None;
        let _ = self.process.wait();
    }
}

/// Serves until nobody asks any more.
pub(crate) fn serve(options: &Options) -> Result<()> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let chain = Arc::new(Chain::load_or_make(dir, options.recipe()?)?);
    let start = |conduct| Peer::start(&chain, conduct, options.link(), options.encrypted);
    let peers = options.conducts().into_iter().map(start).collect::<Result<Vec<_>, _>>()?;
    let addresses: Vec<String> = peers.iter().map(|peer| peer.address.to_string()).collect();
    println!("{}", addresses.join(","));
    for line in std::io::stdin().lines() {
        line?;
        let bytes = peers.iter().map(Peer::served).sum::<u64>();
        let served = Served { bytes, cpu_seconds: measured::cpu_seconds() };
        println!("{}", serde_json::to_string(&served)?);
    }
    Ok(())
}
