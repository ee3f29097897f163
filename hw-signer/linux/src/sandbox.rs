//! Owns the sandbox that the program enters once everything is open: Landlock for files and
//! ports, seccomp for system calls.
//!
//! What is left: the state's directory, the serial port if it must be opened again, threads,
//! memory and a clock. Refuses to run without seccomp where the kernel and the processor have it;
//! Landlock is taken as far as the kernel knows it. Only the emulator may accept connections.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

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
    let calls = close_calls()?;
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

fn close_calls() -> Result<bool, SandboxError> {
    // Processors that the filter is not written for: 32-bit boards.
    let Ok(arch) = TargetArch::try_from(std::env::consts::ARCH) else { return Ok(false) };
    let failed = |error: &dyn std::error::Error| SandboxError::Calls(error.to_string());
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let allowed: BTreeMap<i64, Vec<_>> =
        CALLS.iter().chain(PORT_CALLS).map(|call| (*call, Vec::new())).collect();
    let filter = SeccompFilter::new(allowed, refused, SeccompAction::Allow, arch);
    let program = filter.and_then(BpfProgram::try_from).map_err(|error| failed(&error))?;
    seccompiler::apply_filter(&program).map_err(|error| failed(&error))?;
    Ok(true)
}

/// The newest rules that are asked for; an older kernel takes those that it knows.
const RULES: ABI = ABI::V5;

/// What the standard library, the terminal and the card need.
const CALLS: &[i64] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_lseek,
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_fcntl,
    libc::SYS_flock,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    libc::SYS_ioctl,
    libc::SYS_dup,
    libc::SYS_ppoll,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_prctl,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Older forms of the above, which only this processor has.
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
];

/// What a port that listens needs; it is bound before.
#[cfg(feature = "emulator")]
const PORT_CALLS: &[i64] = &[
    libc::SYS_accept4,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
];
#[cfg(not(feature = "emulator"))]
const PORT_CALLS: &[i64] = &[];

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
