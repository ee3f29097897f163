//! Owns the events that a face has not read yet.
//!
//! Refuses to grow without bound: a new picture of the progress takes the place of the last, and
//! of the other events the oldest go and are counted. Replies stay: the commands bound them.

use std::collections::VecDeque;

use crate::event::Event;
use crate::limits::KEPT_EVENTS;

/// Unread events, oldest first.
#[derive(Debug, Default)]
pub struct Backlog {
    events: VecDeque<Event>,
    droppable: usize,
    missed: u64,
}

impl Backlog {
    /// Adds an event.
    pub fn push(&mut self, event: Event) {
        if matches!(event, Event::Progress(_)) {
            self.remove(|unread| matches!(unread, Event::Progress(_)));
        }
        self.droppable += usize::from(is_droppable(&event));
        self.events.push_back(event);
        if self.droppable > KEPT_EVENTS && self.remove(is_droppable) {
            self.missed += 1;
        }
    }

    /// Takes the next event; how many were dropped is told first.
    pub fn pop(&mut self) -> Option<Event> {
        if self.missed > 0 {
            let events = std::mem::take(&mut self.missed);
            return Some(Event::Missed { events });
        }
        let event = self.events.pop_front()?;
        self.droppable -= usize::from(is_droppable(&event));
        Some(event)
    }

    /// Removes the oldest event that `which` names; whether there was one.
    fn remove(&mut self, which: impl Fn(&Event) -> bool) -> bool {
        let found = self.events.iter().position(which);
        let removed = found.and_then(|at| self.events.remove(at));
        self.droppable -= usize::from(removed.as_ref().is_some_and(is_droppable));
        removed.is_some()
    }
}

const fn is_droppable(event: &Event) -> bool {
    !matches!(event, Event::Replied { .. } | Event::Stopped { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{CommandError, Reply};
    use crate::event::CommandId;
    use crate::light_client::output::BroadcastEvent;
    use crate::light_client::peer_id::PeerId;
    use bitcoin::Txid;
    use bitcoin::hashes::Hash;

    fn news(peer: u64) -> Event {
        Event::Broadcast(BroadcastEvent::Sent { txid: Txid::all_zeros(), peer: PeerId::new(peer) })
    }

    fn reply(id: u64) -> Event {
        Event::Replied { id: CommandId(id), result: Ok(Reply::Done) }
    }

    #[test]
    fn a_slow_face_loses_the_oldest_news_and_is_told_but_no_reply() {
        let mut backlog = Backlog::default();
        backlog.push(reply(1));
        for number in 0..KEPT_EVENTS as u64 + 3 {
            backlog.push(news(number));
        }
        backlog.push(Event::Stopped { error: CommandError::Closing });
        assert_eq!(backlog.pop(), Some(Event::Missed { events: 3 }));
        assert_eq!(backlog.pop(), Some(reply(1)));
        for number in 3..KEPT_EVENTS as u64 + 3 {
            assert_eq!(backlog.pop(), Some(news(number)));
        }
        assert_eq!(backlog.pop(), Some(Event::Stopped { error: CommandError::Closing }));
        assert_eq!(backlog.pop(), None);
    }
}
