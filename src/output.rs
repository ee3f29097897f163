//! Owns both output streams: results on standard output, everything else on standard error.
//!
//! A result is one value with two forms, a text for people and JSON for programs, so the two can't
//! tell different things. Refuses to fail because nobody reads any more: a closed pipe is a quiet
//! end.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use billfold_wallet_core::foreign;
use serde::Serialize;

use crate::failure::{Failure, Kind};
use crate::settings::Style;

pub(crate) mod table;
pub(crate) mod list;

pub(crate) use billfold_tui::{format as figures, qr};

/// What a command found out. Serialised, it is the JSON form, whose fields are stable.
pub(crate) trait Report: Serialize {
    /// The form for people, without a line end.
    fn for_people(&self, canvas: Canvas) -> String;
}

/// What can be drawn where the result goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Canvas {
    /// Whether it is a screen that a person looks at.
    pub(crate) drawings: bool,
    /// Whether it shows colours.
    pub(crate) colour: bool,
}

/// The two streams.
pub(crate) struct Output {
    style: Style,
    canvas: Canvas,
    line: ProgressLine,
}

impl Output {
    /// The program's own streams.
    #[must_use]
    pub(crate) fn new(style: Style) -> Self {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let screen = io::stdout().is_terminal() && !style.plain;
        Self {
            style,
            canvas: Canvas { drawings: screen, colour: screen && !no_colour },
            line: ProgressLine::new(io::stderr().is_terminal() && !style.plain),
        }
    }

    /// Writes the result.
    ///
    /// # Errors
    /// `io` if it can't be written, except when the reader has closed the pipe.
    pub(crate) fn result(&mut self, report: &impl Report) -> Result<(), Failure> {
        let text = if self.style.json {
            let json = serde_json::to_string(report).map_err(|error| {
                Failure::new(Kind::Bug, format!("the result has no JSON form: {error}"))
            })?;
            foreign::escaped_json(&json)
        } else {
            report.for_people(self.canvas)
        };
        self.line.end();
        written(writeln!(io::stdout().lock(), "{text}"))
    }

    /// Tells a person something beside the result.
    pub(crate) fn say(&mut self, text: &str) {
        if !self.style.quiet {
            self.line.end();
            to_stderr(format_args!("{text}\n"));
        }
    }

    /// Tells a person something that they must not miss, however quiet it shall be.
    pub(crate) fn warn(&mut self, text: &str) {
        self.line.end();
        to_stderr(format_args!("{text}\n"));
    }

    /// Whether the terminal shows colours.
    pub(crate) const fn colour(&self) -> bool {
        self.canvas.colour
    }

    /// Clears the line of progress, before something else speaks to the terminal.
    pub(crate) fn pause(&mut self) {
        self.line.end();
    }

    /// Tells how far something is; most calls show nothing, since a person can't read faster.
    pub(crate) fn progress(&mut self, text: impl FnOnce() -> String) {
        if !self.style.quiet && self.line.is_due() {
            self.line.show(&text());
        }
    }

    /// Tells why there is no result: for people on standard error, for programs on standard
    /// output.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        self.line.end();
        if self.style.json {
            // The exit code tells the same; nothing more can be done for a reader that is gone.
            let text = serde_json::to_string(&failure.form()).unwrap_or_default();
            let _ = writeln!(io::stdout().lock(), "{}", foreign::escaped_json(&text));
        } else {
            // What was typed or read from a file may stand in it.
            to_stderr(format_args!("error: {}\n", shown(failure)));
        }
    }
}

/// The message. Only a daemon's may have lines, as help has.
fn shown(failure: &Failure) -> String {
    if failure.kind() != Kind::CallFailed {
        return figures::foreign(failure.message());
    }
    failure.message().lines().map(figures::foreign).collect::<Vec<_>>().join("\n")
}

/// The line that says how far something is.
struct ProgressLine {
    redrawn: bool,
    open: bool,
    last: Option<Instant>,
}

impl ProgressLine {
    /// Where lines stay, what is soon done writes none.
    fn new(redrawn: bool) -> Self {
        Self { redrawn, open: false, last: (!redrawn).then(Instant::now) }
    }

    fn is_due(&self) -> bool {
        let pause = if self.redrawn { REDRAW } else { NEXT_LINE };
        self.last.is_none_or(|last| last.elapsed() >= pause)
    }

    fn show(&mut self, text: &str) {
        self.last = Some(Instant::now());
        self.open = self.redrawn;
        if self.redrawn {
            to_stderr(format_args!("\r\x1b[2K{text}"));
        } else {
            to_stderr(format_args!("{text}\n"));
        }
    }

    /// Makes room for other text.
    fn end(&mut self) {
        if self.open {
            self.open = false;
            to_stderr(format_args!("\r\x1b[2K"));
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.end();
    }
}

/// Takes a closed pipe as the end that the reader wanted.
fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::new(Kind::Io, format!("the result can't be written: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Standard error may be closed too, and then there is nobody to tell.
fn to_stderr(text: std::fmt::Arguments<'_>) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_fmt(text).and_then(|()| stderr.flush());
}

/// How often a line on a terminal is drawn anew.
const REDRAW: Duration = Duration::from_millis(100);

/// How often a new line is written where lines stay.
const NEXT_LINE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_left_is_no_failure_and_a_full_disk_is() {
        let error = |kind| Err(io::Error::from(kind));
        assert!(written(error(io::ErrorKind::BrokenPipe)).is_ok());
        let failure = written(error(io::ErrorKind::StorageFull)).expect_err("must be told");
        assert_eq!(failure.kind(), Kind::Io);
    }
}
