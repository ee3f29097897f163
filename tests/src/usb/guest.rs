//! Owns a booted machine: how its USB is wired, what it is told to run, its end.
//!
//! It sees this machine's files, read-only, at the same places, but has a kernel, devices and a
//! `/run` of its own, and no network. Orders go over a serial line, files over a shared folder; see
//! `tests/usb/init`. When a test fails, that folder stays, with what the kernel said.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::Machine;

/// A booted machine.
#[derive(Debug)]
pub struct Guest {
    qemu: Child,
    orders: ChildStdin,
    answers: Receiver<String>,
    folder: Option<TempDir>,
    bridge: Option<PathBuf>,
    commands: u32,
}

/// What hangs on the machine's USB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wiring {
    /// The machine itself, by a controller that the kernel emulates: `setup-gadget` in it makes
    /// `/dev/ttyGS0`, and `/dev/ttyACM0` at the other end.
    Gadget,
    /// An FT232 whose serial side is a terminal of this machine: `/dev/ttyUSB0` in it.
    Bridge,
}

/// A command that goes on while others run.
#[derive(Debug)]
pub struct Started(u32);

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The exit code, or 128 and the signal.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Guest {
    /// Boots a machine.
    ///
    /// # Errors
    /// What QEMU, the kernel or the system said.
    pub fn boot(machine: &Machine, wiring: Wiring) -> Result<Self> {
        let folder = TempDir::with_prefix("billfold-guest-")?;
        fs::create_dir(folder.path().join(SHARE))?;
        let mut qemu = machine.qemu();
        qemu.args(OPTIONS).args(["-serial", &format!("file:{}", in_option(&folder, CONSOLE)?)]);
        qemu.args(["-serial", "stdio"]);
        for (tag, path, readonly) in
            [("machine", "/".to_owned(), "on"), ("share", in_option(&folder, SHARE)?, "off")]
        {
            let export = format!("local,id={tag},path={path},security_model=none");
            qemu.args(["-fsdev", &format!("{export},multidevs=remap,readonly={readonly}")]);
            qemu.args(["-device", &format!("virtio-9p-pci,fsdev={tag},mount_tag={tag}")]);
        }
        if wiring == Wiring::Bridge {
            qemu.args(BRIDGE);
        }
        qemu.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut qemu = qemu.spawn().context("starting QEMU")?;
        let orders = qemu.stdin.take().context("no standard input")?;
        let answers = follow(&mut qemu)?;
        let folder = Some(folder);
        let mut guest = Self { qemu, orders, answers, folder, bridge: None, commands: 0 };
        if wiring == Wiring::Bridge {
            let told = guest.await_answer(PTY)?;
            guest.bridge = told.split_whitespace().next().map(PathBuf::from);
        }
        guest.await_answer("ready")?;
        Ok(guest)
    }

    /// The terminal of this machine that is the serial side of the bridge.
    ///
    /// # Errors
    /// That it is not wired so.
    pub fn bridge(&self) -> Result<&Path> {
        self.bridge.as_deref().context("this machine has no bridge")
    }

    /// A file that both sides see: its path here and its path in the machine.
    ///
    /// # Errors
    /// That the machine is off.
    pub fn file(&self, name: &str) -> Result<(PathBuf, String)> {
        Ok((self.share()?.join(name), format!("/run/share/{name}")))
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// That it did not end in time, or what the system said.
    pub fn run(&mut self, command: &[&str]) -> Result<Outcome> {
        let number = self.write(command)?;
        self.order(&format!("run {number}"))?;
        self.ended(number)
    }

    /// Runs a command that must succeed, and returns its standard output.
    ///
    /// # Errors
    /// How it ended.
    pub fn ok(&mut self, command: &[&str]) -> Result<String> {
        let outcome = self.run(command)?;
        ensure!(outcome.code == 0, "{}: {outcome:?}", command.join(" "));
        Ok(outcome.stdout)
    }

    /// The same, of a command that says JSON.
    ///
    /// # Errors
    /// How it ended, or that it said something else.
    pub fn json(&mut self, command: &[&str]) -> Result<Value> {
        let said = self.ok(command)?;
        serde_json::from_str(&said).with_context(|| format!("{}: {said}", command.join(" ")))
    }

    /// Starts a command that goes on.
    ///
    /// # Errors
    /// What the system said.
    pub fn start(&mut self, command: &[&str]) -> Result<Started> {
        let number = self.write(command)?;
        self.order(&format!("start {number}"))?;
        Ok(Started(number))
    }

    /// Ends what was started, if it has not ended, and tells how it did.
    ///
    /// # Errors
    /// That it did not end in time, or what the system said.
    pub fn kill(&mut self, Started(number): Started) -> Result<Outcome> {
        self.order(&format!("kill {number}"))?;
        self.ended(number)
    }

    /// Waits until a device is there.
    ///
    /// # Errors
    /// That it does not come.
    pub fn await_device(&mut self, path: &str) -> Result<()> {
        // A machine without udev tells nobody of devices, so it has to look.
        let look = format!("i=0; until [ -e {path} ]; do [ $((i+=1)) -lt 200 ]; sleep 0.05; done");
        self.ok(&["sh", "-ec", &look]).with_context(|| format!("there is no {path}"))?;
        Ok(())
    }

    /// Turns it off. What it leaves is removed only then.
    ///
    /// # Errors
    /// That it did not go off.
    pub fn off(mut self) -> Result<()> {
        self.order("off")?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.answers.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => bail!("the machine does not go off"),
            }
        }
        ensure!(self.qemu.wait()?.success(), "QEMU failed");
        self.folder = None;
        Ok(())
    }

    fn share(&self) -> Result<PathBuf> {
        Ok(self.folder.as_ref().context("the machine is off")?.path().join(SHARE))
    }

    /// Puts a command where the machine finds it, under a number of its own.
    fn write(&mut self, command: &[&str]) -> Result<u32> {
        self.commands += 1;
        let folder = self.share()?.join(self.commands.to_string());
        fs::create_dir(&folder)?;
        let words: Vec<_> = command.iter().map(|word| quoted(word)).collect();
        let text = format!("{ENVIRONMENT}\nexec {}\n", words.join(" "));
        fs::write(folder.join("command"), text)?;
        Ok(self.commands)
    }

    fn order(&mut self, order: &str) -> Result<()> {
        writeln!(self.orders, "{order}").context("the machine takes no orders any more")
    }

    fn ended(&mut self, number: u32) -> Result<Outcome> {
        let code = self.await_answer(&format!("ended {number} "))?.trim().parse()?;
        let folder = self.share()?.join(number.to_string());
        let read = |name| fs::read(folder.join(name));
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Outcome { code, stdout: text(read("stdout")?), stderr: text(read("stderr")?) })
    }

    /// Waits for a line, and returns what follows its beginning.
    fn await_answer(&mut self, beginning: &str) -> Result<String> {
        let deadline = Instant::now() + PATIENCE;
        let mut said = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left) {
                Ok(line) => match line.strip_prefix(beginning) {
                    Some(rest) => return Ok(rest.to_owned()),
                    None => said.push(line),
                },
                Err(reason) => bail!(
                    "the machine did not say \"{beginning}\" ({reason}) but: {}\nits console:\n{}",
                    said.join("\n"),
                    self.console()
                ),
            }
        }
    }

    fn console(&self) -> String {
        let console = self.folder.as_ref().map(|folder| folder.path().join(CONSOLE));
        let text = console.and_then(|path| fs::read(path).ok()).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Drop for Guest {
    #[allow(clippy::print_stderr, reason = "a test that fails says where its traces are")]
    fn drop(&mut self) {
        // It may be off already; there is nobody to tell.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
        if let Some(folder) = self.folder.take() {
            eprintln!("what the machine was told and said: {}", folder.keep().display());
        }
    }
}

/// The lines that QEMU writes: its own, and those of the machine's second serial port.
fn follow(qemu: &mut Child) -> Result<Receiver<String>> {
    let stdout = qemu.stdout.take().context("no standard output")?;
    let stderr = qemu.stderr.take().context("no standard error")?;
    let (lines, answers) = mpsc::channel();
    let errors = lines.clone();
    thread::spawn(move || forward(BufReader::new(stdout), &lines));
    thread::spawn(move || forward(BufReader::new(stderr), &errors));
    Ok(answers)
}

fn forward(reader: impl BufRead, lines: &mpsc::Sender<String>) {
    for line in reader.lines().map_while(Result::ok) {
        if lines.send(line).is_err() {
            break;
        }
    }
}

/// A path as QEMU's options take it.
fn in_option(folder: &TempDir, name: &str) -> Result<String> {
    let path = folder.path().join(name);
    Ok(path.to_str().context("the temporary folder's path is not text")?.replace(',', ",,"))
}

/// A word as the shell takes it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Software emulation, because `/dev/kvm` may be there and still hang an ordinary machine.
const OPTIONS: [&str; 14] = [
    "-accel",
    "tcg",
    "-M",
    "pc",
    "-cpu",
    "max",
    "-m",
    "1024",
    "-nodefaults",
    "-no-reboot",
    "-display",
    "none",
    "-append",
    "console=ttyS0 quiet panic=-1 mitigations=off",
];

const BRIDGE: [&str; 6] = [
    "-chardev",
    "pty,id=bridge",
    "-device",
    "qemu-xhci",
    "-device",
    "usb-serial,chardev=bridge,always-plugged=on",
];

/// How QEMU begins to tell which terminal it made.
const PTY: &str = "char device redirected to ";

const ENVIRONMENT: &str =
    "export PATH=/run/bin:/usr/bin:/bin HOME=/run/home TMPDIR=/run/home\ncd /run/home";

const SHARE: &str = "share";

const CONSOLE: &str = "console";

/// No boot and no command takes this long, even emulated, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(180);

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn words_reach_the_shell_as_they_are() {
        let words = ["plain", "it's", "$HOME `x` \"y\"", "", "a\nb"];
        let line: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        let script = format!("printf '%s|' {}", line.join(" "));
        let said = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(said.stdout).unwrap(), words.join("|") + "|");
    }
}
