//! Owns work that takes long, on a thread where it holds up nobody.
//!
//! Refuses to be cut short: what was begun ends.

use crate::error::RpcError;

/// Does it, and waits for it.
///
/// # Errors
/// -32603 if it panicked.
pub async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RpcError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| RpcError::bug())
}
