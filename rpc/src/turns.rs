//! Owns `Turns`: that those who come with the same key come one after another.
//!
//! Refuses to remember keys that nobody is at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// Whose turn it is, key by key.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<String, Weak<Turn<()>>>>);

impl Turns {
    /// Waits until nobody else is at this key, and takes it until the guard is dropped.
    pub async fn take(&self, key: &str) -> OwnedMutexGuard<()> {
        let turn = self.of(key);
        turn.lock_owned().await
    }

    fn of(&self, key: &str) -> Arc<Turn<()>> {
        // What a panic left is whole: every change is one insertion or removal.
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Turn::new(()));
        turns.insert(key.to_owned(), Arc::downgrade(&turn));
        turn
    }
}
