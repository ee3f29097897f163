//! Owns the daemon from outside: the real program serving JSON-RPC, and a client that sends requests
//! as `bitcoin-cli` does, over a connection of its own for each.
//!
//! Refuses to read replies for meaning: tests do, with types of others where there are some.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use bitcoin::base64::Engine as _;
use bitcoin::base64::prelude::BASE64_STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::port::free_port;
use crate::program::{Program, Running};

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    /// The program.
    pub running: Running,
    asker: Asker,
}

/// Who asks it, with its cookie.
#[derive(Debug)]
pub struct Asker {
    /// Where it listens.
    pub address: SocketAddr,
    /// Name and password, as the cookie's file holds them.
    pub login: String,
}

/// What HTTP told: status, head, body.
pub type Told = (u16, String, String);

impl Daemon {
    /// Starts one with these further options, and waits until it serves.
    ///
    /// # Errors
    /// What the program said.
    pub fn start(program: &Program, more: &[&str]) -> Result<Self> {
        Self::start_at(program, free_port()?, more)
    }

    /// The same, at a port that was chosen before.
    ///
    /// # Errors
    /// What the program said.
    pub fn start_at(program: &Program, address: SocketAddr, more: &[&str]) -> Result<Self> {
        Self::start_as(program, address, more, Ok)
    }

    /// The same, with the command as it is changed by then.
    ///
    /// # Errors
    /// What the program said, or those of `change`.
    pub fn start_as(
        program: &Program,
        address: SocketAddr,
        more: &[&str],
        change: impl FnOnce(Command) -> Result<Command>,
    ) -> Result<Self> {
        let port = address.port().to_string();
        let command = program.command(&[&["daemon", "--rpc-port", &port], more].concat());
        let mut running = Running::start(change(command)?)?;
        let said = running.await_line("JSON-RPC is served at ")?;
        let told = said.trim_end_matches('.').rsplit(' ').next().context("no address")?;
        ensure!(told == address.to_string(), "{said}");
        let login = fs::read_to_string(Self::cookie(program))?;
        Ok(Self { running, asker: Asker { address, login } })
    }

    /// Where the daemon of a program leaves its cookie.
    #[must_use]
    pub fn cookie(program: &Program) -> PathBuf {
        program.network_dir().join(".cookie")
    }

    /// Ends it by its own method.
    ///
    /// # Errors
    /// That it did not end well.
    pub fn stop(self) -> Result<()> {
        self.call("stop", &json!([]))?;
        let outcome = self.running.finish()?;
        ensure!(outcome.code == Some(0), "{outcome:?}");
        Ok(())
    }
}

impl Deref for Daemon {
    type Target = Asker;

    fn deref(&self) -> &Asker {
        &self.asker
    }
}

impl Asker {
    /// Posts a body to a path, with the cookie.
    ///
    /// # Errors
    /// That the connection broke, or that what came is no HTTP.
    pub fn post(&self, path: &str, body: &str) -> Result<Told> {
        self.request("POST", path, body)
    }

    /// The same by another verb.
    ///
    /// # Errors
    /// That the connection broke, or that what came is no HTTP.
    pub fn request(&self, verb: &str, path: &str, body: &str) -> Result<Told> {
        self.request_with("", verb, path, body)
    }

    fn request_with(&self, more: &str, verb: &str, path: &str, body: &str) -> Result<Told> {
        let login = BASE64_STANDARD.encode(&self.login);
        // The request as bitcoin-cli makes it.
        let head = format!(
            "{verb} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: \
             application/json\r\nAuthorization: Basic {login}\r\n{more}Content-Length: {}\r\n\r\n",
            body.len()
        );
        self.send(&[head.as_bytes(), body.as_bytes()].concat())
    }

    /// Sends bytes over a connection of their own, and reads what comes until its end.
    ///
    /// # Errors
    /// That the connection broke, or that what came is no HTTP.
    pub fn send(&self, request: &[u8]) -> Result<Told> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.write_all(request)?;
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(reader.read_line(&mut head)? > 0, "no head: {head}");
        }
        let mut body = String::new();
        reader.read_to_string(&mut body)?;
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        Ok((status, head, body))
    }

    /// Calls a method; the status and the whole reply.
    ///
    /// # Errors
    /// That the connection broke, or that what came is no JSON.
    pub fn reply(&self, method: &str, params: &Value) -> Result<(u16, Value)> {
        let call = json!({"method": method, "params": params, "id": 1});
        let (status, head, body) = self.post("/", &call.to_string())?;
        ensure!(head.to_lowercase().contains("content-type: application/json"), "{head}");
        Ok((status, serde_json::from_str(&body)?))
    }

    /// Calls a method that must succeed; its result.
    ///
    /// # Errors
    /// The method's own error.
    pub fn call(&self, method: &str, params: &Value) -> Result<Value> {
        let (status, mut reply) = self.reply(method, params)?;
        ensure!(status == 200 && reply["error"].is_null(), "{method} {params}: {reply}");
        Ok(reply["result"].take())
    }

    /// Calls a method of one wallet that must succeed; its result.
    ///
    /// # Errors
    /// The method's own error.
    pub fn call_of(&self, wallet: &str, method: &str, params: &Value) -> Result<Value> {
        let mut reply = self.reply_of(wallet, method, params)?;
        ensure!(reply["error"].is_null(), "{method} {params}: {reply}");
        Ok(reply["result"].take())
    }

    /// What a wallet answers.
    ///
    /// # Errors
    /// That the connection broke, or that it is no JSON.
    pub fn reply_of(&self, wallet: &str, method: &str, params: &Value) -> Result<Value> {
        let request = json!({"method": method, "params": params, "id": 1}).to_string();
        let (_, _, body) = self.post(&format!("/wallet/{wallet}"), &request)?;
        Ok(serde_json::from_str(&body)?)
    }

    /// What the wallet at this path answers to a call with a key.
    ///
    /// # Errors
    /// That the connection broke, or that it is no JSON.
    pub fn keyed(&self, path: &str, key: &str, method: &str, params: &Value) -> Result<Value> {
        let request = json!({"method": method, "params": params, "id": 1}).to_string();
        let header = format!("Idempotency-Key: {key}\r\n");
        let (_, _, body) = self.request_with(&header, "POST", path, &request)?;
        Ok(serde_json::from_str(&body)?)
    }

    /// Calls a method that must succeed; its result as a type.
    ///
    /// # Errors
    /// The method's own error, or that the result is of another type.
    pub fn read<T: DeserializeOwned>(&self, method: &str, params: &Value) -> Result<T> {
        let result = self.call(method, params)?;
        serde_json::from_value(result.clone()).with_context(|| format!("{method}: {result}"))
    }

    /// Calls a method that must fail with this status and code; what it said.
    ///
    /// # Errors
    /// That it did not, or otherwise.
    pub fn refused(&self, status: u16, code: i32, method: &str, params: &Value) -> Result<String> {
        let (told, reply) = self.reply(method, params)?;
        ensure!(told == status && reply["error"]["code"] == code, "{method} {params}: {reply}");
        Ok(reply["error"]["message"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the daemon has seen a height, by asking as scripts do.
    ///
    /// # Errors
    /// That it did not see it within many questions.
    pub fn await_height(&self, height: u32) -> Result<()> {
        let is_seen = || Ok(self.call("getblockcount", &json!([]))? == height);
        self.await_that(&format!("it never saw block {height}"), is_seen)
    }

    /// Waits until the daemon has a peer, which a chain that was at its tip before does not tell.
    ///
    /// # Errors
    /// That it had none within many questions.
    pub fn await_peer(&self) -> Result<()> {
        let is_there = || Ok(self.call("getconnectioncount", &json!([]))? != 0);
        self.await_that("it never had a peer", is_there)
    }

    /// Waits until something is so, with a question to the daemon between two looks.
    ///
    /// # Errors
    /// `otherwise`, if it is not so within many questions.
    pub fn await_that(
        &self,
        otherwise: &str,
        mut is_so: impl FnMut() -> Result<bool>,
    ) -> Result<()> {
        for _ in 0..PATIENCE {
            if is_so()? {
                return Ok(());
            }
            self.call("uptime", &json!([]))?;
        }
        bail!("{otherwise}")
    }
}

/// Questions that are asked before something is taken for lost.
const PATIENCE: u32 = 100_000;
