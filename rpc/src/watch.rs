//! Owns waiting for something: whoever waits looks again each time that something has happened.
//!
//! Refuses to look at fixed times: between two events nothing can be new.

use std::future::Future;
use std::time::Duration;

use billfold_wallet_core::command::{CommandError, Reply};
use billfold_wallet_core::event::{Event, News};
use billfold_wallet_core::face::{Face, Listener};
use tokio::task_local;
use tokio::time::{sleep, timeout};

use crate::error::RpcError;
use crate::limits::ROOM_WAIT;
use crate::stop::Stop;

task_local! {
    /// Within how long the work of this call has to end.
    static BOUND: Duration;
}

/// Looks until there is something to see; `None` if there was nothing within `patience`.
///
/// # Panics
/// In builds for tests, in work that has to end before: its caller would be told that it failed, and
/// what it has begun goes on.
///
/// # Errors
/// Those of the look, or [`CommandError::Closing`] as it is told.
pub async fn until<T, F>(
    face: &dyn Face,
    patience: Option<Duration>,
    mut look: impl FnMut() -> F + Send,
) -> Result<Option<T>, RpcError>
where
    F: Future<Output = Result<Option<T>, RpcError>> + Send,
{
    let is_in_time = |most: &Duration| patience.is_some_and(|patience| patience < *most);
    debug_assert!(BOUND.try_with(is_in_time).unwrap_or(true), "a call that waits is not timed");
    let mut listener = face.listen();
    let watching = async {
        loop {
            if let Some(seen) = look().await? {
                return Ok(Some(seen));
            }
            if listener.next().await.is_none() {
                return Err(CommandError::Closing.into());
            }
        }
    };
    match patience {
        None => watching.await,
        Some(patience) => timeout(patience, watching).await.unwrap_or(Ok(None)),
    }
}

/// Waits for something, but not for longer than `patience`.
pub async fn within<T>(patience: Duration, waited: impl Future<Output = T> + Send) -> Option<T> {
    timeout(patience, waited).await.ok()
}

/// Waits for something, unless the daemon is asked to end before.
pub async fn unless_stopped<T>(stop: &Stop, waited: impl Future<Output = T> + Send) -> Option<T> {
    unless(stop.asked(), waited).await
}

/// Waits for something, unless something else comes before.
pub async fn unless<T, U>(
    other: impl Future<Output = U> + Send,
    waited: impl Future<Output = T> + Send,
) -> Option<T> {
    tokio::select! {
        seen = waited => Some(seen),
        _ = other => None,
    }
}

/// Asks again while others take all the room, so that a call that has gone on for long does not fail
/// for them; it ends if its caller leaves.
pub async fn until_room<F>(ask: impl Fn() -> F + Send) -> Option<Result<Reply, CommandError>>
where
    F: Future<Output = Option<Result<Reply, CommandError>>> + Send,
{
    loop {
        match ask().await {
            Some(Err(CommandError::Busy)) => sleep(ROOM_WAIT).await,
            told => return told,
        }
    }
}

/// Waits for two at once.
pub async fn both<T, U>(
    one: impl Future<Output = T> + Send,
    other: impl Future<Output = U> + Send,
) -> (T, U) {
    tokio::join!(one, other)
}

/// Work that goes on when nobody waits for it.
pub fn beside(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}

/// Hears what happens until it is enough, nothing more will come, or `patience` is over.
pub async fn hear(
    listener: &mut dyn Listener,
    patience: Duration,
    mut is_enough: impl FnMut(Event) -> bool + Send,
) {
    let hearing = async {
        while let Some(News { event, .. }) = listener.next().await {
            if is_enough(event) {
                return;
            }
        }
    };
    // Whether it was enough is seen in what was heard.
    let _ = timeout(patience, hearing).await;
}

/// What comes of work, if it ends in time; else it is dropped.
pub async fn in_time<T>(most: Duration, work: impl Future<Output = T>) -> Option<T> {
    timeout(most, BOUND.scope(most, work)).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::puppet::Puppet;

    const MOST: Duration = Duration::from_secs(2);

    async fn waiting(patience: Option<Duration>) -> Option<Result<Option<()>, RpcError>> {
        let silent = Puppet::new(|_| None);
        in_time(MOST, until(&silent, patience, || async { Ok(None) })).await
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_has_to_end_waits_for_less() {
        assert_eq!(waiting(Some(MOST / 2)).await, Some(Ok(None)));
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "not timed")]
    async fn work_that_has_to_end_does_not_wait_for_what_may_never_happen() {
        waiting(None).await;
    }
}
