//! Owns `Unkept`: a draft before it is built and kept.

use bitcoin::ScriptBuf;

use crate::command::{FeeBasis, Hold, InputTerms, Layout};
use crate::store::wallet::{RequestId, Task};

use super::funding::Funding;

/// A draft before it is kept.
pub(super) struct Unkept {
    pub(super) funding: Funding,
    pub(super) task: Task,
    pub(super) takes_all: bool,
    pub(super) fee_basis: FeeBasis,
    pub(super) note: Option<String>,
    /// What single outputs are for, by their scripts.
    pub(super) output_notes: Vec<(ScriptBuf, String)>,
    pub(super) request: RequestId,
    /// What is said of its inputs.
    pub(super) terms: Vec<InputTerms>,
    pub(super) layout: Layout,
    pub(super) hold: Hold,
    pub(super) dry_run: bool,
}
