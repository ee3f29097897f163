//! Owns what this process asks of the system so that its memory stays its own: no core dump, and
//! on Linux no look into it by other programs of the same user.
//!
//! Refuses to stop where the system knows nothing of it: a wallet that can't be opened protects
//! nobody. What root does is out of reach.

/// Asks for it, once, before anything secret is in memory.
#[cfg(unix)]
pub(crate) fn apply() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Lowering a limit never fails; a system without it has no core dumps either.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Also for core dumps that go to a program, which no limit holds back, and for debuggers.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Windows writes no dump of a program that asks for none, and guards processes by itself.
#[cfg(not(unix))]
pub(crate) const fn apply() {}

/// Whether core dumps are off; `None` where that can't be known.
#[cfg(unix)]
#[must_use]
#[expect(clippy::unnecessary_wraps, reason = "other systems can't tell")]
pub(crate) fn core_dumps_are_off() -> Option<bool> {
    use rustix::process::{Resource, getrlimit};
    Some(getrlimit(Resource::Core).current == Some(0))
}

/// Whether core dumps are off; `None` where that can't be known.
#[cfg(not(unix))]
#[must_use]
pub(crate) const fn core_dumps_are_off() -> Option<bool> {
    None
}
