//! Owns the JSON-RPC that a node speaks over HTTP: one call, one connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use bitcoin::base64::Engine;
use bitcoin::base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// The user's name that the harness gives to its nodes.
pub const USER: &str = "billfold";
/// The user's password.
pub const PASSWORD: &str = "regtest";

/// Where a node takes calls.
#[derive(Debug, Clone, Copy)]
pub struct Rpc {
    address: SocketAddr,
}

impl Rpc {
    /// A client for a node at an address.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Where the node takes calls.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Calls a method with positional parameters.
    ///
    /// # Errors
    /// The node's own error, or what the connection said.
    pub fn call(&self, method: &str, parameters: &Value) -> Result<Value> {
        let body = json!({ "jsonrpc": "1.0", "id": 1, "method": method, "params": parameters });
        let text = self.post(&body.to_string()).with_context(|| format!("calling {method}"))?;
        let mut reply: Value = serde_json::from_str(&text)
            .with_context(|| format!("{method} answered what is not JSON: {text}"))?;
        match reply.get("error") {
            Some(Value::Null) | None => Ok(reply["result"].take()),
            Some(error) => Err(anyhow!("{method}: {error}")),
        }
    }

    fn post(&self, body: &str) -> Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let login = BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {login}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        let (head, body) = reply.split_once("\r\n\r\n").context("an answer without a body")?;
        if body.trim().is_empty() {
            bail!("{}", head.lines().next().unwrap_or_default());
        }
        Ok(body.to_owned())
    }
}

/// How long a node may work on one call; mining 2,000 blocks takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(120);
