//! Owns the looking up of names with the system's resolver, on threads where it may block.
//!
//! Refuses to exist beside a proxy: with one set no name is looked up here.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::light_client::dial::LookupId;
use crate::light_client::input::Input as ClientInput;
use crate::limits::{ADDRESSES_PER_LOOKUP, LOOKUP_TIME, LOOKUPS_AT_ONCE};
use crate::net::inbox::Reports;

/// Looks names up, a few at a time.
#[derive(Debug, Clone)]
pub struct Resolver(Arc<Semaphore>);

impl Resolver {
    /// A resolver with nothing to do.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(LOOKUPS_AT_ONCE)))
    }

    /// Looks a name up and reports what was found.
    pub fn look_up(&self, runtime: &Handle, id: LookupId, name: String, reports: Reports) {
        let turns = Arc::clone(&self.0);
        runtime.spawn(async move {
            // The semaphore is never closed; if it were, there would be nothing to report to.
            let Ok(_turn) = turns.acquire().await else { return };
            let addresses = timeout(LOOKUP_TIME, addresses(&name)).await.unwrap_or_default();
            tracing::debug!(%name, found = addresses.len(), "looked up");
            reports.put(ClientInput::Resolved { id, addresses }, None);
        });
    }
}

impl Default for Resolver {
    fn default() -> Self {
        Self::new()
    }
}

/// Of each name a bounded number, so that one seed does not fill the address book.
async fn addresses(name: &str) -> Vec<IpAddr> {
    match tokio::net::lookup_host((name, 0)).await {
        Ok(found) => found.map(|address| address.ip()).take(ADDRESSES_PER_LOOKUP).collect(),
        Err(error) => {
            tracing::debug!(%name, %error, "could not be looked up");
            Vec::new()
        }
    }
}
