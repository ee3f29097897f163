//! Owns the sandbox that the program enters once everything is open: Landlock for files and
//! ports, seccomp for system calls.
//!
//! What is left: the state's directory, the serial port if it must be opened again, threads,
//! memory and a clock. Refuses to run without seccomp where the kernel and the processor have it;
//! Landlock is taken as far as the kernel knows it. Only the emulator may accept connections.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod calls;

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus,
};

/// What may still be opened.
#[derive(Debug)]
pub struct Doors {
    /// The state's directory.
    pub state: PathBuf,
    /// The serial port, if there is one.
    pub serial: Option<PathBuf>,
}

/// How far the kernel keeps the program in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walls {
    /// Files that are not the device's own can't be opened.
    pub files: bool,
    /// System calls that the device doesn't need do nothing.
    pub calls: bool,
}

/// Enters the sandbox, for this thread and those that it starts; there is no way out.
///
/// # Errors
/// See [`SandboxError`].
pub fn enter(doors: &Doors) -> Result<Walls, SandboxError> {
    let files = close_files(doors)?;
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    let calls = calls::close()?;
    // The filter is not written for the processors of 32-bit boards.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let calls = false;
    Ok(Walls { files, calls })
}

/// Why the sandbox can't be entered.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A path that must stay open can't be.
    #[error("can't keep {} open for the sandbox", path.display())]
    Path {
        /// Which.
        path: PathBuf,
    },
    /// The kernel refused Landlock's rules.
    #[error("the kernel refused the sandbox for files: {0}")]
    Files(#[from] RulesetError),
    /// The filter of system calls is not accepted.
    #[error("the kernel refused the sandbox for system calls: {0}")]
    Calls(String),
}

fn close_files(doors: &Doors) -> Result<bool, SandboxError> {
    let all = AccessFs::from_all(RULES);
    let rules = Ruleset::default().handle_access(all)?;
    // The emulator's port is open by now, but it accepts on it.
    let rules = rules.handle_access(AccessNet::from_all(RULES))?;
    let mut rules = rules.create()?;
    rules = rules.add_rule(beneath(&doors.state, all)?)?;
    if let Some(serial) = &doors.serial {
        let access = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
        rules = rules.add_rule(beneath(serial, access)?)?;
    }
    Ok(rules.restrict_self()?.ruleset != RulesetStatus::NotEnforced)
}

fn beneath(
    path: &Path,
    access: impl Into<landlock::BitFlags<AccessFs>>,
) -> Result<PathBeneath<PathFd>, SandboxError> {
    let opened = PathFd::new(path).map_err(|_| SandboxError::Path { path: path.into() })?;
    Ok(PathBeneath::new(opened, access))
}

/// The newest rules that are asked for; an older kernel takes those that it knows.
const RULES: ABI = ABI::V5;

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::net::TcpListener;
    use std::process::Command;
    use std::thread;

    use super::*;

    /// The sandbox is a thread's, so that a test can enter it and leave by ending.
    #[test]
    fn nothing_is_left_but_the_card() {
        let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(other.path().join("file"), b"secret").unwrap();
        let doors = Doors { state: own.path().into(), serial: None };
        let secret = other.path().join("file");
        thread::spawn(move || {
            let walls = enter(&doors).unwrap();
            assert!(walls.calls);
            assert!(TcpListener::bind("127.0.0.1:0").is_err());
            assert!(Command::new("/bin/true").status().is_err());
            // A kernel without Landlock leaves files as they are.
            assert_eq!(File::open(&secret).is_err(), walls.files);
            let state = doors.state.join("state");
            fs::write(&state, b"kept").unwrap();
            fs::rename(&state, doors.state.join("moved")).unwrap();
            assert!(thread::spawn(|| 1 + 1).join().is_ok());
        })
        .join()
        .unwrap();
    }
}
