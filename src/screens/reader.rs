//! Owns the person who reads the screens line by line at the terminal.

use std::io;

use billfold_tui::runtime::lines::{Asked, Reader};
use billfold_wallet_core::face::BoxFuture;

use crate::failure::{Failure, Kind};
use crate::terminal::Terminal;

/// Somebody at the terminal that the program was started from.
pub(super) struct AtTerminal(Terminal);

impl AtTerminal {
    /// Opens it.
    ///
    /// # Errors
    /// `no_terminal`.
    pub(super) fn open() -> Result<Self, Failure> {
        Terminal::open(true, "name a command, see billfold --help").map(Self)
    }
}

impl Reader for AtTerminal {
    fn tell(&self, line: &str) -> io::Result<()> {
        self.0.show(line).map_err(|failure| gone(&failure))
    }

    fn remind(&self, question: &str) -> io::Result<()> {
        self.0.prompt(question)
    }

    fn ask<'a>(&'a self, question: &'a str, hidden: bool) -> BoxFuture<'a, Asked> {
        if !hidden {
            return Box::pin(self.0.line(question));
        }
        // The echo is given back before anything else goes on.
        Box::pin(async move {
            match self.0.ask_hidden(question) {
                Ok(line) => Ok(Some(line)),
                Err(failure) if failure.kind() == Kind::Interrupted => Ok(None),
                Err(failure) => Err(gone(&failure)),
            }
        })
    }
}

fn gone(failure: &Failure) -> io::Error {
    io::Error::other(failure.message().to_owned())
}
