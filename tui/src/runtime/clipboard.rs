//! Owns the way of a copied text to where other programs can paste it from: a program of this machine's
//! desktop, or the terminal itself (OSC 52), which reaches a clipboard over SSH too.
//!
//! Refuses to read a clipboard. What comes here is never a secret: no screen copies one.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;

use base64ct::{Base64, Encoding as _};

/// Copies a text; what can be told of it.
///
/// # Errors
/// If the terminal is gone.
pub(super) fn copy(text: &str, terminal: &mut impl Write) -> io::Result<String> {
    let tool = tool(|name| env::var_os(name), cfg!(target_os = "macos"));
    if let Some([name, arguments @ ..]) = tool
        && hand(name, arguments, text).is_ok()
    {
        return Ok(format!("Copied, by {name}."));
    }
    write!(terminal, "\x1b]52;c;{}\x07", Base64::encode_string(text.as_bytes()))?;
    terminal.flush()?;
    // Whether it took it, no terminal says.
    Ok("Sent to the terminal, for its clipboard.".to_owned())
}

/// The program that knows this desktop's clipboard. Over SSH the clipboard is the other machine's, which
/// only the terminal reaches.
fn tool(
    variable: impl Fn(&str) -> Option<OsString>,
    is_mac: bool,
) -> Option<&'static [&'static str]> {
    let set = |name| variable(name).is_some_and(|value| !value.is_empty());
    match () {
        () if set("SSH_CONNECTION") || set("SSH_TTY") => None,
        () if is_mac => Some(&["pbcopy"]),
        () if set("WAYLAND_DISPLAY") => Some(&["wl-copy"]),
        () if set("DISPLAY") => Some(&["xclip", "-selection", "clipboard"]),
        () => None,
    }
}

/// Hands a text to a program. It may stay for as long as the text is in the clipboard.
fn hand(name: &str, arguments: &[&str], text: &str) -> io::Result<()> {
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut program = command.spawn()?;
    if let Some(mut input) = program.stdin.take() {
        input.write_all(text.as_bytes())?;
    }
    thread::spawn(move || program.wait());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(set: &[&str], is_mac: bool) -> Option<&'static str> {
        let variable = |name: &str| set.contains(&name).then(|| OsString::from("there"));
        tool(variable, is_mac).map(|tool| tool[0])
    }

    #[test]
    fn a_clipboard_of_another_machine_is_reached_by_the_terminal_alone() {
        assert_eq!(chosen(&["DISPLAY", "SSH_CONNECTION"], false), None);
        assert_eq!(chosen(&["SSH_TTY"], true), None);
        assert_eq!(chosen(&["DISPLAY", "WAYLAND_DISPLAY"], false), Some("wl-copy"));
        assert_eq!(chosen(&["DISPLAY"], false), Some("xclip"));
        assert_eq!(chosen(&[], true), Some("pbcopy"));
        assert_eq!(chosen(&[], false), None);
    }
}
