//! Owns how news reaches programs: a stream of events that is read on after a break, commands that are
//! run without a shell, and the daemon's health, asked of the real daemon.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use billfold_tests::daemon::{Asker, Daemon};
use billfold_tests::program::Program;
use billfold_tests::town::Town;
use bitcoin::base64::Engine as _;
use bitcoin::base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

/// A stream of events that is being read.
struct Stream {
    reader: BufReader<TcpStream>,
    head: String,
}

/// One event of a stream: its number, its name, what it says.
type Told = (u64, String, Value);

impl Stream {
    fn open(asker: &Asker, path: &str, more: &str) -> Result<Self> {
        let login = BASE64_STANDARD.encode(&asker.login);
        let mut stream = TcpStream::connect(asker.address)?;
        // The connection ends with the stream, instead of being kept for another request.
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
             Authorization: Basic {login}\r\n{more}\r\n"
        );
        stream.write_all(request.as_bytes())?;
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(reader.read_line(&mut head)? > 0, "no head: {head}");
        }
        Ok(Self { reader, head })
    }

    /// The next event; the lengths of HTTP's chunks and what keeps the stream alive are passed over.
    fn next(&mut self) -> Result<Told> {
        let (mut seq, mut name) = (None, None);
        loop {
            let mut line = String::new();
            ensure!(self.reader.read_line(&mut line)? > 0, "the stream has ended");
            match line.trim_end().split_once(": ") {
                Some(("id", number)) => seq = Some(number.parse()?),
                Some(("event", text)) => name = Some(text.to_owned()),
                Some(("data", text)) => {
                    let (seq, name) = (seq.context("no id")?, name.context("no event")?);
                    return Ok((seq, name, serde_json::from_str(text)?));
                }
                _ => {}
            }
        }
    }
}

fn serving() -> Result<(Town, Program, Daemon)> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 1_000_000)?;
    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    Ok((town, program, daemon))
}

#[test]
fn a_stream_that_broke_off_goes_on_where_it_was_with_the_same_numbers() -> Result<()> {
    let (town, program, daemon) = serving()?;
    let mut stream = Stream::open(&daemon, "/events?after=0&wallet=main", "")?;
    ensure!(stream.head.contains("200") && stream.head.contains("text/event-stream"));
    let (first, name, told) = stream.next()?;
    ensure!(first == 1 && name == "transaction" && told["seq"] == 1, "{told}");
    let address = daemon.call("getnewaddress", &json!([]))?;
    town.pay(&address, 30_000)?;
    // What happens is told to whoever reads, without a question.
    let mut last = first;
    loop {
        let (seq, _, told) = stream.next()?;
        ensure!(seq == last + 1, "a gap: {told}");
        last = seq;
        if told["net_sat"] == 30_000 && told["state"] == "confirmed" {
            break;
        }
    }
    drop(stream);
    daemon.stop()?;

    let daemon = Daemon::start(&program, &[])?;
    daemon.await_height(town.network.tip().0)?;
    let mut stream =
        Stream::open(&daemon, "/events?after=0", &format!("Last-Event-ID: {last}\r\n"))?;
    town.pay(&address, 40_000)?;
    let (seq, name, told) = stream.next()?;
    ensure!(seq == last + 1 && told["net_sat"] == 40_000, "{told}");
    let page = daemon.call("billfold.events", &json!({"after": last, "limit": 1}))?;
    ensure!(page["events"][0] == told && name == "transaction", "both tell the same: {page}");
    // A number of before the wallet was restored, say: who went on behind it would miss the next ones.
    let none = Stream::open(&daemon, "/events?after=1000", "")?;
    ensure!(none.head.starts_with("HTTP/1.1 400"), "{}", none.head);
    let (_, told) = daemon.reply("billfold.events", &json!({"after": 1000}))?;
    ensure!(told["error"]["code"] == -8, "{told}");
    daemon.call("stop", &json!({"wait": 0}))?;
    let ended = (0..100).find_map(|_| stream.next().err());
    ensure!(ended.is_some(), "a stream does not hold up the end");
    let outcome = daemon.running.finish()?;
    ensure!(outcome.code == Some(0), "{outcome:?}");
    Ok(())
}

#[test]
fn only_who_may_read_events_gets_the_stream() -> Result<()> {
    let (town, _program, daemon) = serving()?;
    let made = daemon.call("billfold.token.create", &json!(["reader", ["role=read"]]))?;
    let till = daemon.call("billfold.token.create", &json!(["till", ["role=receive"]]))?;
    let asker = |token: &Value| {
        let token = token["token"].as_str().context("no token")?;
        anyhow::Ok(Asker { address: daemon.address, login: format!("any:{token}") })
    };
    let status = |asker: &Asker, path: &str, more: &str| {
        let head = Stream::open(asker, path, more)?.head;
        let status = head.split(' ').nth(1).context("no status")?;
        anyhow::Ok(status.parse::<u16>()?)
    };
    let stranger = Asker { address: daemon.address, login: "any:billfold1_AAAA".to_owned() };
    let refused = [
        (&stranger, "/events", "", 401),
        (&asker(&till)?, "/events", "", 403),
        (&asker(&made)?, "/events?wallet=other", "", 403),
        (&daemon, "/events?wallet=other", "", 404),
        (&daemon, "/events?wallet=..%2Fmain", "", 404),
        (&daemon, "/events?after=x", "", 400),
        (&daemon, "/events?after=-1", "", 400),
        (&daemon, "/events?more=1", "", 400),
        (&daemon, "/events", "Last-Event-ID: x\r\n", 400),
        (&daemon, "/events", "Origin: http://127.0.0.1\r\n", 403),
        (&stranger, "/health", "Origin: null\r\n", 403),
        (&stranger, "/health", "", 200),
    ];
    for (asker, path, more, wanted) in refused {
        let got = status(asker, path, more)?;
        ensure!(got == wanted, "{path} {more}: {got}");
    }
    let (_, _, body) =
        daemon.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    ensure!(body == "ok\n", "it tells nothing else: {body}");
    ensure!(daemon.post("/events", "{}")?.0 == 405);

    // One that is being read ends with its token.
    let mut stream = Stream::open(&asker(&made)?, "/events", "")?;
    stream.next()?;
    daemon.call("billfold.token.revoke", &json!([made["id"]]))?;
    let address = daemon.call("getnewaddress", &json!([]))?;
    town.pay(&address, 10_000)?;
    let ended = (0..100).find_map(|_| stream.next().err());
    ensure!(ended.is_some_and(|error| error.to_string().contains("ended")), "it was read on");
    daemon.stop()
}

/// A program that notes its arguments, each call on a line of its own.
fn noting(program: &Program, name: &str) -> Result<(String, PathBuf)> {
    let (script, noted) = (program.file(name), program.file(&format!("{name}.txt")));
    let line = "line=$(printf '%s|' \"$@\")";
    let text = format!("#!/bin/sh\n{line}\necho \"$line\" >> '{}'\n", noted.display());
    fs::write(&script, text)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700))?;
    Ok((script.display().to_string(), noted))
}

#[test]
fn commands_are_told_of_transactions_and_blocks_without_a_shell() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 1_000_000)?;
    let (on_payment, payments) = noting(&program, "on-payment")?;
    let (on_block, blocks) = noting(&program, "on-block")?;
    let wallet_notify = format!("{on_payment} %s %w %b %h '$(touch x); `id`'");
    let block_notify = format!("{on_block} %s");
    let options = ["--wallet-notify", &wallet_notify, "--block-notify", &block_notify];
    let daemon = Daemon::start(&program, &options)?;
    daemon.await_height(town.network.tip().0)?;
    let address = daemon.call("getnewaddress", &json!([]))?;
    town.pay(&address, 30_000)?;
    daemon.await_height(town.network.tip().0)?;
    let tip = daemon.call("getbestblockhash", &json!([]))?;
    let tip = tip.as_str().context("no hash")?;
    let listed = daemon.call("listtransactions", &json!([]))?;
    let last = listed.as_array().and_then(|list| list.last()).context("no list")?;
    let txid = last["txid"].as_str().context("no id")?;
    let height = town.network.tip().0;
    let wanted = format!("{txid}|main|{tip}|{height}|$(touch x); `id`|");
    let is_noted = || Ok(fs::read_to_string(&payments).is_ok_and(|text| text.contains(&wanted)));
    daemon.await_that("the payment was not told", is_noted)?;
    let is_noted = || Ok(fs::read_to_string(&blocks).is_ok_and(|text| text.contains(tip)));
    daemon.await_that("the block was not told", is_noted)?;
    daemon.stop()?;

    program.refused(2, "usage", &["daemon", "--wallet-notify", "tell 'half"])?;
    Ok(())
}
