//! Owns a client that keeps its connection, as those of load programs and servers do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Result, ensure};
use billfold_tests::daemon::Asker;
use bitcoin::base64::Engine as _;
use bitcoin::base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    login: String,
}

impl Client {
    /// Connects, with the cookie.
    pub(crate) fn enter(daemon: &Asker) -> Result<Self> {
        let stream = TcpStream::connect(daemon.address)?;
        stream.set_nodelay(true)?;
        let login = BASE64_STANDARD.encode(&daemon.login);
        Ok(Self { stream: BufReader::new(stream), login })
    }

    /// Calls a method that must succeed, and reads its result.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Result<Value> {
        let body = json!({"method": method, "params": params, "id": 1}).to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: \
             Basic {}\r\nContent-Length: {}\r\n\r\n{body}",
            self.login,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut length, mut line) = (0_usize, String::new());
        while line != "\r\n" {
            line.clear();
            ensure!(self.stream.read_line(&mut line)? > 0, "{method}: the connection ended");
            if let Some(told) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = told.trim().parse()?;
            }
        }
        let mut reply = vec![0; length];
        self.stream.read_exact(&mut reply)?;
        let reply: Reply = serde_json::from_slice(&reply)?;
        ensure!(reply.error.is_null(), "{method} {params}: {}", reply.error);
        // What is null there is no text here.
        Ok(reply.result.map_or(Ok(Value::Null), |text| serde_json::from_str(text.get()))?)
    }
}

#[derive(Deserialize)]
struct Reply {
    result: Option<Box<RawValue>>,
    error: Value,
}
