//! Owns work that takes long, on a thread where it holds up nobody.
//!
//! Refuses to be cut short: what was begun ends, by itself or because it looks whether its caller left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use billfold_wallet_core::command::CommandError;

use crate::error::RpcError;

/// Does it, and waits for it.
///
/// # Errors
/// -32603 if it panicked.
pub async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RpcError> {
    #[cfg(any(test, feature = "fuzz"))]
    if HERE.try_with(|()| ()).is_ok() {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|_| RpcError::bug())
}

#[cfg(any(test, feature = "fuzz"))]
tokio::task_local! {
    static HERE: ();
}

/// A call whose work is done where it is asked for: whoever looks for panics sees them.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) async fn here<T>(call: impl Future<Output = T>) -> T {
    HERE.scope((), call).await
}

/// Does it, and waits for it; when nobody waits any more, the flag says so.
///
/// # Errors
/// -32603 if it panicked.
pub async fn apart_while_awaited<T: Send + 'static>(
    work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
) -> Result<T, RpcError> {
    let left = Arc::new(AtomicBool::new(false));
    let _waiting = Waiting(Arc::clone(&left));
    apart(move || work(&left)).await
}

/// Ends work for which nobody waits.
///
/// # Errors
/// [`CommandError::Closing`] as it is told, which nobody hears.
pub fn check_awaited(left: &AtomicBool) -> Result<(), RpcError> {
    if left.load(Ordering::Relaxed) { Err(CommandError::Closing.into()) } else { Ok(()) }
}

struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn work_is_told_that_its_caller_left() {
        let (sender, receiver) = channel();
        let work = apart_while_awaited(move |left| {
            while !left.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            sender.send(()).expect("somebody hears it");
        });
        assert!(timeout(Duration::from_millis(1), work).await.is_err());
        assert_eq!(receiver.recv(), Ok(()));
    }
}
