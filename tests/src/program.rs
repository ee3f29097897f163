//! Owns the billfold program as a user runs it: a data directory, a password file, arguments in,
//! exit code and JSON out; and its sudden death.
//!
//! Refuses the user's own environment: home, configuration and data are temporary.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fs, iter};

use anyhow::{Context, Result, bail, ensure};
use portable_pty::CommandBuilder;
use serde_json::Value;
use tempfile::TempDir;

use crate::cheap_keys;
use crate::typist::Typist;

/// The program with one data directory.
#[derive(Debug)]
pub struct Program {
    executable: PathBuf,
    home: TempDir,
    network: &'static str,
    peers: Vec<String>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The exit code; `None` if it was killed.
    pub code: Option<i32>,
    /// Standard output as JSON; `Null` if it is empty.
    pub json: Value,
    /// Standard error.
    pub stderr: String,
}

impl Program {
    /// The program at a path (`env!("CARGO_BIN_EXE_billfold")`), with an empty data directory.
    ///
    /// # Errors
    /// What the system said.
    pub fn new(executable: &str) -> Result<Self> {
        Self::of(executable, "regtest")
    }

    /// The same, on another network than regtest.
    ///
    /// # Errors
    /// What the system said.
    pub fn of(executable: &str, network: &'static str) -> Result<Self> {
        let home = TempDir::with_prefix("billfold-test-")?;
        fs::write(home.path().join("password"), format!("{PASSWORD}\n"))?;
        Ok(Self { executable: executable.into(), home, network, peers: Vec::new() })
    }

    /// The same, with peers to connect to.
    ///
    /// # Errors
    /// What the system said.
    pub fn connected(executable: &str, peer: SocketAddr) -> Result<Self> {
        let mut program = Self::new(executable)?;
        program.peers = vec![peer.to_string()];
        Ok(program)
    }

    /// Connects to this peer only, from the next run on.
    pub fn connect_to(&mut self, peer: SocketAddr) {
        self.peers = vec![peer.to_string()];
    }

    /// A file beside the data directory, where tests put words and passwords.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.file("data")
    }

    /// What it keeps of its network, within the data directory.
    #[must_use]
    pub fn network_dir(&self) -> PathBuf {
        self.data_dir().join(self.network)
    }

    /// A second data directory with the same content, as after restoring a backup of the disk.
    ///
    /// # Errors
    /// What the system said.
    pub fn copy(&self) -> Result<Self> {
        let home = TempDir::with_prefix("billfold-test-")?;
        copy_folder(self.home.path(), home.path())?;
        let (executable, peers) = (self.executable.clone(), self.peers.clone());
        Ok(Self { executable, home, network: self.network, peers })
    }

    /// From here on opening a wallet that is there takes no time for its password.
    ///
    /// # Errors
    /// What the system said.
    pub fn ease(&self) -> Result<()> {
        cheap_keys::ease(&self.network_dir(), PASSWORD, &mut BTreeSet::new())
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// What the system said, or that the output is not JSON.
    pub fn run(&self, arguments: &[&str]) -> Result<Outcome> {
        self.spawn(arguments)?.finish()
    }

    /// Runs a command that must succeed, and returns its JSON.
    ///
    /// # Errors
    /// The program's own error.
    pub fn ok(&self, arguments: &[&str]) -> Result<Value> {
        let outcome = self.run(arguments)?;
        ensure!(outcome.code == Some(0), "billfold {}: {outcome:?}", arguments.join(" "));
        Ok(outcome.json)
    }

    /// Runs a command that must fail with an exit code and an error of this name, and returns the
    /// error object.
    ///
    /// # Errors
    /// That it ended otherwise.
    pub fn refused(&self, code: i32, name: &str, arguments: &[&str]) -> Result<Value> {
        self.run(arguments)?.refused(code, name)
    }

    /// Starts a command.
    ///
    /// # Errors
    /// What the system said.
    pub fn spawn(&self, arguments: &[&str]) -> Result<Running> {
        Running::start(self.command(arguments))
    }

    /// Starts a command as a person does, who is asked for passwords and shown text.
    ///
    /// # Errors
    /// What the system said.
    pub fn at_terminal(&self, arguments: &[&str]) -> Result<Typist> {
        self.at_terminal_with(&[], arguments)
    }

    /// The same, with variables in its environment.
    ///
    /// # Errors
    /// What the system said.
    pub fn at_terminal_with(
        &self,
        variables: &[(&str, &str)],
        arguments: &[&str],
    ) -> Result<Typist> {
        let mut command = CommandBuilder::new(&self.executable);
        command.env_clear();
        command.env("HOME", self.home.path());
        command.env("TERM", "xterm");
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(self.home.path());
        command.args(["--network", self.network, "--data-dir"]);
        command.arg(self.data_dir());
        for peer in &self.peers {
            command.args(["--connect", peer]);
        }
        command.args(arguments);
        Typist::start(command)
    }

    /// The command as it would be run, to be changed before [`Running::start`].
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.executable);
        command.env_clear().env("HOME", self.home.path()).current_dir(self.home.path());
        command.args(["--network", self.network, "--json", "--data-dir"]).arg(self.data_dir());
        command.arg("--password-file").arg(self.file("password"));
        for peer in &self.peers {
            command.args(["--connect", peer]);
        }
        command.args(arguments);
        command
    }
}

impl Outcome {
    /// The error object, if the run ended with this code and name.
    ///
    /// # Errors
    /// How it ended otherwise.
    pub fn refused(mut self, code: i32, name: &str) -> Result<Value> {
        let error = self.json["error"].take();
        ensure!(
            self.code == Some(code) && error["name"] == name,
            "wanted {name} ({code}): {:?} {error} {}",
            self.code,
            self.stderr
        );
        Ok(error)
    }
}

/// A started command.
#[derive(Debug)]
pub struct Running {
    process: Child,
    output: Option<JoinHandle<String>>,
    errors: Receiver<String>,
    said: Vec<String>,
}

impl Running {
    /// Starts a command without input.
    ///
    /// # Errors
    /// What the system said.
    pub fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn()?;
        let mut stdout = process.stdout.take().context("no standard output")?;
        let stderr = process.stderr.take().context("no standard error")?;
        let output = thread::spawn(move || {
            let mut text = String::new();
            // A cut output shows as text that is not JSON.
            let _ = stdout.read_to_string(&mut text);
            text
        });
        let (lines, errors) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { process, output: Some(output), errors, said: Vec::new() })
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The most bytes of memory that it had up to now, as Linux counts them.
    ///
    /// # Errors
    /// That the system does not tell.
    pub fn peak_memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let peak =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak")?;
        let kib: u64 = peak.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024)
    }

    /// Waits for a line on standard error that contains a text.
    ///
    /// # Errors
    /// That the program ended, or waited too long, without it.
    pub fn await_line(&mut self, wanted: &str) -> Result<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.errors.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(wanted) {
                        return Ok(line);
                    }
                }
                Err(_) => bail!("it never said \"{wanted}\" but:\n{}", self.said.join("\n")),
            }
        }
    }

    /// Kills it (`SIGKILL`) at a moment, or finds it ended by then.
    ///
    /// # Errors
    /// What the system said, or that it never said the line that the strike waits for.
    pub fn strike(mut self, strike: Strike) -> Result<()> {
        let moment = match strike {
            Strike::AfterStart(moment) => moment,
            Strike::AfterLine(line, moment) => {
                self.await_line(line)?;
                moment
            }
        };
        // Standard error closes when the program ends, so this waits for whichever comes first.
        let deadline = Instant::now() + moment;
        while self.errors.recv_timeout(deadline.saturating_duration_since(Instant::now())).is_ok() {
        }
        self.kill()
    }

    /// Kills it (`SIGKILL`) now.
    ///
    /// # Errors
    /// What the system said.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// That it did not end in time, or that its output is not JSON.
    pub fn finish(mut self) -> Result<Outcome> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.errors.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.kill()?;
                    bail!("it did not end within {PATIENCE:?}:\n{}", self.said.join("\n"));
                }
            }
        }
        let code = self.process.wait()?.code();
        let reader = self.output.take().context("the output was read")?;
        let text = reader.join().ok().context("the reader of the output died")?;
        let stderr = self.said.join("\n");
        let json = if text.trim().is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).with_context(|| format!("not JSON: {text}\n{stderr}"))?
        };
        Ok(Outcome { code, json, stderr })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; there is nobody to tell.
        let _ = self.kill();
    }
}

/// When to strike a run with `SIGKILL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// This long after its start.
    AfterStart(Duration),
    /// This long after standard error said a text.
    AfterLine(&'static str, Duration),
}

/// Strikes over all of a run, and as many over what comes after a line of it: most of a run is the
/// password's derivation, and what matters comes after it.
///
/// # Errors
/// That the run, undisturbed, did not say the line or did not succeed.
pub fn strikes(run: Running, line: &'static str, count: u32) -> Result<Vec<Strike>> {
    let started = Instant::now();
    let mut run = run;
    run.await_line(line)?;
    let said = started.elapsed();
    let outcome = run.finish()?;
    ensure!(outcome.code == Some(0), "{outcome:?}");
    let whole = started.elapsed();
    let early = moments(whole, count).map(Strike::AfterStart);
    let late =
        moments(whole.saturating_sub(said), count).map(|moment| Strike::AfterLine(line, moment));
    Ok(early.chain(late).collect())
}

/// Moments spread evenly over a time, the first at its beginning, the last at its end.
fn moments(over: Duration, count: u32) -> impl Iterator<Item = Duration> {
    let mut step = 0;
    iter::from_fn(move || {
        let moment = (step < count).then(|| over * step / (count - 1).max(1));
        step += 1;
        moment
    })
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The password of all test wallets. Its words stand nowhere else, so finding them is a leak.
pub const PASSWORD: &str = "quagga-zeppelin-xylophone";

/// No command of a test takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(180);
