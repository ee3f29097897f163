//! Owns `WatchList`: the scripts to look for, in the order in which they came.
//!
//! Refuses to forget one: a list that only grows lets a filter remember how far it was matched
//! as a number.

use std::collections::BTreeSet;
use std::sync::Arc;

use bitcoin::{Script, ScriptBuf};

use super::packed_scripts::PackedScripts;

/// Scripts to match, oldest first.
#[derive(Debug, Default)]
pub struct WatchList {
    scripts: Vec<ScriptBuf>,
    known: BTreeSet<ScriptBuf>,
    /// The last slice that was handed out, by where it starts.
    shared: Option<(usize, Arc<PackedScripts>)>,
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
            self.shared = None;
        }
        self.len() > before
    }

    /// The scripts from the place `from` on; one shared copy for as long as none is added.
    pub fn since(&mut self, from: usize) -> Arc<PackedScripts> {
        match &self.shared {
            Some((start, scripts)) if *start == from => Arc::clone(scripts),
            _ => {
                let scripts = self.scripts.get(from..).unwrap_or_default();
                let scripts: Arc<PackedScripts> = Arc::new(scripts.iter().collect());
                self.shared = Some((from, Arc::clone(&scripts)));
                scripts
            }
        }
    }
}
