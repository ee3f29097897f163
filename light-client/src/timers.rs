//! Owns the timers: every wait of the client has a name here and one place in one table.
//!
//! Refuses to act: whoever set a timer looks at its own state when the timer is due.

use std::collections::BTreeMap;

use crate::peer_id::PeerId;
use crate::time::MonoTime;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// An address may be dialled again.
    Dial,
    /// A peer must have finished its handshake.
    Handshake(PeerId),
    /// A peer is due for a ping, or has been silent since the last one.
    Ping(PeerId),
    /// Peers are to be looked over for one that is of no use.
    Review,
    /// A visit must be over.
    Visit(PeerId),
    /// An answer with headers is late, or a peer may be asked for them again.
    Headers,
    /// The same for filter headers.
    FilterHeaders,
    /// The same for filters.
    Filters,
    /// The same for blocks.
    Blocks,
    /// Patience may end with a peer that introduces itself, or whose versions of filters are waited
    /// for.
    Versions,
    /// A transaction is to be announced again.
    Announce,
    /// An announced transaction is late, may be asked for, or is to be told or forgotten.
    Mempool,
}

/// When each timer is due.
#[derive(Debug, Default)]
pub(crate) struct Timers(BTreeMap<Timer, MonoTime>);

impl Timers {
    /// Sets a timer, or stops it.
    pub(crate) fn set(&mut self, timer: Timer, due: Option<MonoTime>) {
        match due {
            Some(due) => self.0.insert(timer, due),
            None => self.0.remove(&timer),
        };
    }

    /// When the first timer is due.
    pub(crate) fn next_due(&self) -> Option<MonoTime> {
        self.0.values().min().copied()
    }

    /// Takes a timer that is due, the earliest first.
    pub(crate) fn take_due(&mut self, now: MonoTime) -> Option<Timer> {
        let (timer, _) = self
            .0
            .iter()
            .filter(|(_, due)| **due <= now)
            .min_by_key(|(timer, due)| (**due, **timer))?;
        let timer = *timer;
        self.0.remove(&timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timers_come_due_in_order_and_once() {
        let at = |seconds| MonoTime::new(Duration::from_secs(seconds));
        let mut timers = Timers::default();
        timers.set(Timer::Blocks, Some(at(3)));
        timers.set(Timer::Headers, Some(at(1)));
        timers.set(Timer::Filters, Some(at(2)));
        timers.set(Timer::Headers, Some(at(4)));
        timers.set(Timer::Filters, None);
        assert_eq!(timers.next_due(), Some(at(3)));
        assert_eq!(timers.take_due(at(2)), None);
        assert_eq!(timers.take_due(at(9)), Some(Timer::Blocks));
        assert_eq!(timers.take_due(at(9)), Some(Timer::Headers));
        assert_eq!(timers.take_due(at(9)), None);
        assert_eq!(timers.next_due(), None);
    }
}
