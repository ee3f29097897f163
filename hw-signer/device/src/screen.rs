//! Owns `Screen`: what the person is shown, as plain text, for displays of any size.
//!
//! Refuses to draw. Wrapping long lines, and grouping the letters of an address, is the display's.

use alloc::string::String;
use alloc::vec::Vec;

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// What it is about.
    pub kind: ScreenKind,
    /// One short line.
    pub title: String,
    /// The rest, in order. A line that is an address or a key is nothing else.
    pub lines: Vec<String>,
}

impl Screen {
    /// A page.
    pub fn new(kind: ScreenKind, title: impl Into<String>, lines: Vec<String>) -> Self {
        Self { kind, title: title.into(), lines }
    }
}

/// What a page is about, so that a display can set it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScreenKind {
    /// Something to know.
    Text,
    /// An address, to compare with the one that the wallet shows.
    Address,
    /// An output of a transaction, to compare with what was meant.
    Output,
    /// A key of a policy, to compare with what its owner says.
    Key,
    /// What the transaction costs.
    Fee,
    /// Something unusual.
    Warning,
    /// The last page: what happens if the person agrees. Nothing happens without it.
    Confirm,
}
