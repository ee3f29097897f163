//! Owns the person at the terminal: what is asked of them and shown to them alone.
//!
//! Refuses pipes and files: it speaks to the controlling terminal itself, so that words and
//! questions never land in a redirected stream.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};

use zeroize::Zeroizing;

use crate::failure::{Failure, Kind};
use crate::interrupt::Interrupt;

/// The terminal that the program was started from.
pub(crate) struct Terminal {
    input: File,
    output: File,
    plain: bool,
}

impl Terminal {
    /// Opens the terminal, if standard input is one: a program whose input is a pipe or a file is
    /// a script, which nobody answers for.
    ///
    /// # Errors
    /// `no_terminal`, with `otherwise` as the advice.
    pub(crate) fn open(plain: bool, otherwise: &str) -> Result<Self, Failure> {
        let refused =
            || Failure::new(Kind::NoTerminal, format!("there is no terminal to ask: {otherwise}"));
        if !io::stdin().is_terminal() {
            return Err(refused());
        }
        let input = File::open(INPUT).map_err(|_| refused())?;
        let output = OpenOptions::new().write(true).open(OUTPUT).map_err(|_| refused())?;
        Ok(Self { input, output, plain })
    }

    /// Shows some lines.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub(crate) fn show(&self, text: &str) -> Result<(), Failure> {
        writeln!(&self.output, "{text}").map_err(|error| gone(&error))
    }

    /// Asks for a line.
    ///
    /// # Errors
    /// `interrupted` by a signal or at the end of input, or if the terminal is gone.
    pub(crate) async fn ask(
        &self,
        question: &str,
        interrupt: &mut Interrupt,
    ) -> Result<Zeroizing<String>, Failure> {
        match interrupt.or(self.line(question)).await?.map_err(|error| gone(&error))? {
            Some(line) => Ok(line),
            None => Err(Failure::new(Kind::Interrupted, "interrupted: the input ended")),
        }
    }

    /// Shows a question, and nobody reads the answer yet.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub(crate) fn prompt(&self, question: &str) -> io::Result<()> {
        let mut output = &self.output;
        write!(output, "{question}")?;
        output.flush()
    }

    /// Asks for a line; `None` at the end of input.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub(crate) async fn line(&self, question: &str) -> io::Result<Option<Zeroizing<String>>> {
        self.prompt(question)?;
        let input = self.input.try_clone()?;
        tokio::task::spawn_blocking(move || read_line(input)).await?
    }

    /// Asks for a line that is not shown while it is typed.
    ///
    /// # Errors
    /// `interrupted` on Ctrl-C or Ctrl-D, or if the terminal is gone.
    pub(crate) fn ask_hidden(&self, question: &str) -> Result<Zeroizing<String>, Failure> {
        let output = self.output.try_clone().map_err(|error| gone(&error))?;
        let terminal = rpassword::ConfigBuilder::new().input_file_path(INPUT).output_writer(output);
        let answer = rpassword::prompt_password_with_config(question, terminal.build());
        // Nobody sees the Enter that was pressed either.
        self.show("")?;
        answer.map(Zeroizing::new).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted | io::ErrorKind::UnexpectedEof => {
                Failure::new(Kind::Interrupted, "interrupted")
            }
            _ => gone(&error),
        })
    }

    /// Leaves the scroll-back alone until the returned value is dropped, where the terminal has a
    /// second screen. In plain mode nothing moves the cursor, and what is shown stays.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub(crate) fn second_screen(&self) -> Result<Option<SecondScreen>, Failure> {
        if self.plain {
            return Ok(None);
        }
        SecondScreen::enter(&self.output).map(Some).map_err(|error| gone(&error))
    }
}

/// The terminal's second screen, which has no scroll-back; left again when dropped.
#[must_use = "the screen is left when this is dropped"]
pub(crate) struct SecondScreen(File);

impl SecondScreen {
    fn enter(terminal: &File) -> io::Result<Self> {
        let mut screen = Self(terminal.try_clone()?);
        screen.0.write_all(b"\x1b[?1049h\x1b[2J\x1b[H")?;
        Ok(screen)
    }
}

impl Drop for SecondScreen {
    fn drop(&mut self) {
        // Nothing can be done when even this fails: the terminal is gone, and the words with it.
        let _ = self.0.write_all(b"\x1b[2J\x1b[H\x1b[?1049l");
    }
}

/// One line without its end; `None` at the end of input. A terminal gives at most a line at a
/// time, and it is read without a buffer that could not be wiped.
fn read_line(mut input: File) -> io::Result<Option<Zeroizing<String>>> {
    let mut line = Zeroizing::new([0; LONGEST_LINE]);
    let mut length = 0;
    while length < LONGEST_LINE && !line[..length].ends_with(b"\n") {
        match input.read(&mut line[length..]) {
            Ok(0) if length == 0 => return Ok(None),
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let text = std::str::from_utf8(&line[..length]).map_err(io::Error::other)?;
    Ok(Some(Zeroizing::new(text.trim().to_owned())))
}

fn gone(error: &io::Error) -> Failure {
    Failure::new(Kind::Io, format!("the terminal can't be used: {error}"))
}

/// The longest line that a terminal gives, in bytes.
const LONGEST_LINE: usize = 4_096;

#[cfg(unix)]
const INPUT: &str = "/dev/tty";
#[cfg(unix)]
const OUTPUT: &str = "/dev/tty";
#[cfg(windows)]
const INPUT: &str = "CONIN$";
#[cfg(windows)]
const OUTPUT: &str = "CONOUT$";
