//! Owns a place from which nothing can leave unseen: a network namespace with loopback, the front
//! of a proxy on it, and a way out that leads nowhere and counts.
//!
//! The proxy itself stays outside; a Unix socket, which namespaces of the network do not part, leads
//! to it. Linux only. Refuses to guess: where such a namespace can't be made, it says so.

use std::fs::{self, File};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, io, thread};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Outcome, Program, Running};
use crate::splice::{Stream, splice};

/// A way to run the program in such a place. Each run gets a new one.
#[derive(Debug)]
pub struct Enclave {
    /// The name of the test that calls [`inside`].
    inner_test: &'static str,
    folder: TempDir,
}

/// A run of the program in an enclave.
#[derive(Debug)]
pub struct Visit {
    /// How the run ended.
    pub outcome: Outcome,
    /// What tried to leave.
    pub left: Counters,
}

/// What a namespace sent, as its kernel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Packets to other machines, over IPv4.
    pub abroad: u64,
    /// The same over IPv6, but for what the system itself says to its neighbours.
    pub abroad_v6: u64,
    /// Datagrams to anywhere, as every look-up of a name needs them.
    pub datagrams: u64,
    /// Connections that were opened or tried, to anywhere.
    pub dials: u64,
}

/// Where the front of the proxy listens inside.
pub const FRONT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9050);

impl Enclave {
    /// A way that leads to the proxy, or to none. `inner_test` is the name of a test of the running
    /// binary that calls [`inside`].
    ///
    /// # Errors
    /// What the system said.
    pub fn new(inner_test: &'static str, proxy: Option<SocketAddr>) -> Result<Self> {
        let folder = TempDir::with_prefix("billfold-enclave-")?;
        if let Some(proxy) = proxy {
            let listener = UnixListener::bind(folder.path().join(SOCKET))?;
            serve(
                move || listener.accept().map(|(stream, _)| stream),
                move || TcpStream::connect(proxy),
            );
        }
        Ok(Self { inner_test, folder })
    }

    /// Whether this machine lets a user make a network namespace, and has the tool to furnish it.
    #[must_use]
    pub fn is_possible() -> bool {
        let mut probe = Command::new("unshare");
        probe.args(["--user", "--map-root-user", "--net", "ip", "link", "add", "d0", "type"]);
        probe.arg("dummy").output().is_ok_and(|output| output.status.success())
    }

    /// Runs a command of the program inside.
    ///
    /// # Errors
    /// What the system said, or that the run did not end.
    pub fn run(&self, program: &Program, arguments: &[&str]) -> Result<Visit> {
        let command = program.command(arguments);
        let text = |text: &std::ffi::OsStr| text.to_str().map(str::to_owned).context("not text");
        let orders = json!({
            "folder": self.folder.path(),
            "program": text(command.get_program())?,
            "arguments": command.get_args().map(text).collect::<Result<Vec<_>>>()?,
            "home": program.file(""),
        });
        let mut inner = Command::new("unshare");
        inner.args(["--user", "--map-root-user", "--net"]).arg(env::current_exe()?);
        inner.args([self.inner_test, "--exact", "--nocapture"]);
        inner.env(ORDERS, orders.to_string());
        // What it writes on standard output is the test harness's, not JSON.
        inner.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let said = inner.output()?;
        let read = |name| fs::read_to_string(self.folder.path().join(name));
        ensure!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let report: Value = serde_json::from_str(&read(REPORT)?)?;
        let count = |name: &str| report[name].as_u64().context("no count");
        let outcome = Outcome {
            code: report["code"].as_i64().and_then(|code| i32::try_from(code).ok()),
            json: report["json"].clone(),
            stderr: report["stderr"].as_str().unwrap_or_default().to_owned(),
        };
        let left = Counters {
            abroad: count("abroad")?,
            abroad_v6: count("abroad_v6")?,
            datagrams: count("datagrams")?,
            dials: count("dials")?,
        };
        Ok(Visit { outcome, left })
    }
}

/// What happens inside: furnishes the namespace, runs the program, and reports. Does nothing
/// outside an enclave.
///
/// # Errors
/// What the system said.
pub fn inside() -> Result<()> {
    let Some(orders) = env::var_os(ORDERS) else { return Ok(()) };
    let orders: Value = serde_json::from_str(orders.to_str().context("not text")?)?;
    let path = |name: &str| orders[name].as_str().map(PathBuf::from).context("no path");
    let folder = path("folder")?;
    furnish()?;
    let socket = folder.join(SOCKET);
    if socket.exists() {
        let listener = TcpListener::bind(FRONT)?;
        serve(
            move || listener.accept().map(|(stream, _)| stream),
            move || UnixStream::connect(&socket),
        );
    }
    let mut command = Command::new(path("program")?);
    let arguments = orders["arguments"].as_array().context("no arguments")?;
    command.args(arguments.iter().filter_map(Value::as_str));
    command.env_clear().env("HOME", path("home")?).current_dir(path("home")?);
    let before = Counters::read()?;
    let outcome = Running::start(command)?.finish()?;
    let left = Counters::read()?.since(before);
    let report = json!({
        "code": outcome.code,
        "json": outcome.json,
        "stderr": outcome.stderr,
        "abroad": left.abroad,
        "abroad_v6": left.abroad_v6,
        "datagrams": left.datagrams,
        "dials": left.dials,
    });
    Ok(File::create(folder.join(REPORT))?.write_all(report.to_string().as_bytes())?)
}

impl Counters {
    /// The counts of the namespace of this process.
    fn read() -> Result<Self> {
        let own = Path::new("/proc/self/net");
        let (snmp, snmp6) =
            (fs::read_to_string(own.join("snmp"))?, fs::read_to_string(own.join("snmp6"))?);
        let devices = fs::read_to_string(own.join("dev"))?;
        let device = devices.lines().find_map(|line| line.trim().strip_prefix("d0:"));
        // Eight counts of what was received, then bytes and packets that were sent.
        let sent = device.and_then(|counts| counts.split_whitespace().nth(9));
        let unicast_v6 = in_lines(&snmp6, "Ip6OutRequests")? - in_lines(&snmp6, "Ip6OutMcastPkts")?;
        Ok(Self {
            abroad: sent.context("no way out")?.parse()?,
            abroad_v6: unicast_v6,
            datagrams: in_table(&snmp, "Udp:", "OutDatagrams")?
                + in_lines(&snmp6, "Udp6OutDatagrams")?,
            dials: in_table(&snmp, "Tcp:", "ActiveOpens")?,
        })
    }

    const fn since(self, before: Self) -> Self {
        Self {
            abroad: self.abroad - before.abroad,
            abroad_v6: self.abroad_v6 - before.abroad_v6,
            datagrams: self.datagrams - before.datagrams,
            dials: self.dials - before.dials,
        }
    }
}

fn in_lines(counts: &str, name: &str) -> Result<u64> {
    let line = counts.lines().find_map(|line| line.strip_prefix(name));
    Ok(line.with_context(|| format!("no {name}"))?.trim().parse()?)
}

/// A line of names under a heading, then one of numbers.
fn in_table(counts: &str, heading: &str, name: &str) -> Result<u64> {
    let mut rows = counts.lines().filter(|line| line.starts_with(heading));
    let (names, numbers) = (rows.next().context("no names")?, rows.next().context("no numbers")?);
    let place = names.split_whitespace().position(|found| found == name).context("no such name")?;
    Ok(numbers.split_whitespace().nth(place).context("no number")?.parse()?)
}

/// Loopback, and for each version of IP a way out that leads nowhere. The device for version 4 has
/// no address of version 6, so that the system has nothing to say over it.
fn furnish() -> Result<()> {
    let steps = [
        "link set lo up",
        "link add d0 type dummy",
        "link set d0 addrgenmode none",
        "addr add 192.0.2.2/24 dev d0",
        "link set d0 up",
        "route add default dev d0",
        "link add d1 type dummy",
        "link set d1 addrgenmode none",
        "-6 addr add 2001:db8::2/64 dev d1 nodad",
        "link set d1 up",
        "-6 route add default dev d1",
    ];
    for step in steps {
        let said = Command::new("ip").args(step.split(' ')).output()?;
        ensure!(said.status.success(), "ip {step}: {}", String::from_utf8_lossy(&said.stderr));
    }
    Ok(())
}

/// Joins each stream that is accepted with one that is dialled.
fn serve<A: Stream, D: Stream>(
    accept: impl Fn() -> io::Result<A> + Send + 'static,
    dial: impl Fn() -> io::Result<D> + Send + 'static,
) {
    thread::spawn(move || {
        while let Ok(stream) = accept() {
            if let Ok(other) = dial() {
                thread::spawn(move || splice(stream, other));
            }
        }
    });
}

/// The variable that tells [`inside`] what to do.
const ORDERS: &str = "BILLFOLD_TEST_ENCLAVE";

const SOCKET: &str = "proxy";

const REPORT: &str = "report.json";
