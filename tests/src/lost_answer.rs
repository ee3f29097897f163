//! Owns a daemon that seems to die between what it does and its answer: whoever asks it over its socket is
//! cut off, and finds nobody there afterwards.
//!
//! Refuses to harm the daemon, which goes on beside it.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Result, ensure};
use billfold_wallet_core::command::Command;
use billfold_wallet_core::portable::Portable as _;
use billfold_wallet_core::portable::question::Question;

use crate::splice::splice;

/// Stands before a daemon's socket until it is dropped.
#[derive(Debug)]
pub struct LostAnswer {
    front: PathBuf,
    back: PathBuf,
}

impl LostAnswer {
    /// Cuts all off with the first answer to such a command.
    ///
    /// # Errors
    /// What the system said.
    pub fn before(socket: &Path, to: fn(&Command) -> bool) -> Result<Self> {
        let (front, back) = (socket.to_owned(), socket.with_extension("back"));
        fs::rename(&front, &back)?;
        let listener = UnixListener::bind(&front)?;
        let own = Self { front, back };
        let (front, back) = (own.front.clone(), own.back.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (front, back) = (front.clone(), back.clone());
                thread::spawn(move || pass(client, &front, &back, to));
            }
        });
        Ok(own)
    }
}

impl Drop for LostAnswer {
    fn drop(&mut self) {
        // It is gone already where an answer was lost.
        let _ = fs::remove_file(&self.front);
        let _ = fs::rename(&self.back, &self.front);
    }
}

/// Passes one question on, and all that follows, unless its answer is to be lost.
fn pass(mut client: UnixStream, front: &Path, back: &Path, to: fn(&Command) -> bool) -> Result<()> {
    let mut daemon = UnixStream::connect(back)?;
    daemon.write_all(&head(&mut client)?)?;
    client.write_all(&head(&mut daemon)?)?;
    let mut length = [0; 4];
    client.read_exact(&mut length)?;
    let mut frame = vec![0; usize::try_from(u32::from_le_bytes(length))?];
    client.read_exact(&mut frame)?;
    daemon.write_all(&[&length[..], &frame].concat())?;
    match Question::from_bytes(&frame) {
        Ok(Question::Ask(_, command)) if to(&command) => {
            // It is carried out once it is answered.
            daemon.read_exact(&mut [0])?;
            fs::remove_file(front)?;
        }
        _ => splice(client, daemon),
    }
    Ok(())
}

/// The head of a request or a response, with which frames begin.
fn head(from: &mut UnixStream) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        from.read_exact(&mut byte)?;
        head.extend(byte);
        ensure!(head.len() <= LONGEST_HEAD, "no head ends there");
    }
    Ok(head)
}

/// Bytes.
const LONGEST_HEAD: usize = 65_536;
