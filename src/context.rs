//! Owns what every command is given: the settings, the streams and the signals.

use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::settings::Run;

/// What a command works with.
pub(crate) struct Context {
    /// What this run was told.
    pub(crate) run: Run,
    /// Where to speak.
    pub(crate) output: Output,
    /// What may end it.
    pub(crate) interrupt: Interrupt,
}
