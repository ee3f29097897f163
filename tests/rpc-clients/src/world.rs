//! Owns what lies outside of a client's reach: blocks, other people's payments, a restart. It is asked
//! for on standard output, line by line, and every line is answered on standard input once it is done.

use std::io;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

/// Where the daemon is, and who stands behind it.
pub struct World {
    /// The URL of the wallet.
    pub url: String,
    /// The file with name and password.
    pub cookie: PathBuf,
    /// Somebody to pay.
    pub stranger: String,
}

impl World {
    /// Reads them from the command line: URL, cookie, stranger.
    pub fn told(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let url = words.next().context("no URL")?;
        let cookie = words.next().context("no cookie")?.into();
        let stranger = words.next().context("no stranger")?;
        Ok(Self { url, cookie, stranger })
    }
}

/// Asks for something, and waits until it is done: `pay ADDRESS SATOSHI` in a block that the daemon
/// has seen, `mine COUNT` one with so many payments that were announced, `restart` the daemon.
pub fn please(wish: &str) -> Result<()> {
    println!("{wish}");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    ensure!(answer.trim() == "done", "{wish}: {answer:?}");
    Ok(())
}
