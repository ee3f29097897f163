//! Owns a shell with job control that starts the program as a person does at its prompt: it says when the
//! program was stopped, and lets it go on after Enter.

use std::net::SocketAddr;
use std::process::Command;

use crate::program::Program;

/// The shell that starts `billfold` for a program's directory, connected to a peer.
#[must_use]
pub fn starting(billfold: &str, program: &Program, peer: SocketAddr, options: &[&str]) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", SCRIPT, billfold, "--network", "regtest", "--data-dir"]);
    shell.arg(program.data_dir()).arg("--connect").arg(peer.to_string()).args(options);
    shell.current_dir(program.data_dir()).env("TERM", "xterm").env("HOME", program.data_dir());
    shell.env("PATH", "/usr/bin:/bin");
    shell
}

const SCRIPT: &str = r#"set -m; "$0" "$@"; echo the shell is back; read line; fg >/dev/null"#;
