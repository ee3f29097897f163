//! Owns `WatchList`: the scripts to look for, in the order in which they came.
//!
//! Refuses to shrink: a list that only grows lets a filter remember how far it was matched as a
//! number. What is to be forgotten leaves its place empty.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use bitcoin::{Script, ScriptBuf};

use super::packed_scripts::PackedScripts;

/// Scripts to match, oldest first.
#[derive(Debug, Default)]
pub struct WatchList {
    scripts: Vec<ScriptBuf>,
    known: BTreeSet<ScriptBuf>,
    /// The slices that were handed out last, by where they start.
    shared: VecDeque<(usize, Arc<PackedScripts>)>,
}

impl WatchList {
    /// How many scripts there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.scripts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.scripts.is_empty()
    }

    /// Whether this script is watched.
    #[must_use]
    pub fn contains(&self, script: &Script) -> bool {
        self.known.contains(script)
    }

    /// Adds those that are new; empty scripts are in no filter. Returns whether there were any.
    pub fn add(&mut self, scripts: Vec<ScriptBuf>) -> bool {
        let before = self.len();
        for script in scripts {
            if !script.is_empty() && self.known.insert(script.clone()) {
                self.scripts.push(script);
            }
        }
        if self.len() > before {
            self.shared.clear();
        }
        self.len() > before
    }

    /// Adds scripts of the list once more, at its end; others are ignored.
    pub fn repeat(&mut self, scripts: Vec<ScriptBuf>) {
        self.scripts.extend(scripts.into_iter().filter(|script| self.known.contains(script)));
        self.shared.clear();
    }

    /// Looks for these scripts no longer.
    pub fn forget(&mut self, scripts: &BTreeSet<ScriptBuf>) {
        self.known.retain(|script| !scripts.contains(script));
        for script in self.scripts.iter_mut().filter(|script| scripts.contains(*script)) {
            *script = ScriptBuf::new();
        }
        self.shared.clear();
    }

    /// The scripts from the place `from` on; a shared copy for as long as none is added.
    pub fn since(&mut self, from: usize) -> Arc<PackedScripts> {
        if let Some((_, scripts)) = self.shared.iter().find(|(start, _)| *start == from) {
            return Arc::clone(scripts);
        }
        let scripts = self.scripts.get(from..).unwrap_or_default();
        let left = scripts.iter().filter(|script| !script.is_empty());
        let scripts: Arc<PackedScripts> = Arc::new(left.collect());
        self.shared.truncate(SHARED_SLICES - 1);
        self.shared.push_front((from, Arc::clone(&scripts)));
        scripts
    }
}

/// Slices to remember: for filters of the scan, and for those of a search below it.
const SHARED_SLICES: usize = 4;
