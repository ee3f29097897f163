//! Owns the events that a listener has not heard yet.
//!
//! Refuses to grow without bound: a new picture of the progress takes the place of the last, and
//! of the other events the oldest go and are counted. That all has stopped is always heard.

use std::collections::VecDeque;

use crate::event::{Event, News};
use crate::limits::KEPT_EVENTS;

/// Unheard events, oldest first.
#[derive(Debug, Default)]
pub struct Backlog {
    events: VecDeque<News>,
    droppable: usize,
    missed: u64,
}

impl Backlog {
    /// Adds an event.
    pub fn push(&mut self, news: News) {
        if is_picture(&news) {
            self.remove(is_picture);
        }
        self.droppable += usize::from(is_droppable(&news));
        self.events.push_back(news);
        if self.droppable > KEPT_EVENTS && self.remove(is_droppable) {
            self.missed += 1;
        }
    }

    /// Takes the next event; how many were dropped is told first.
    pub fn pop(&mut self) -> Option<News> {
        if self.missed > 0 {
            let events = std::mem::take(&mut self.missed);
            return Some(News { wallet: None, event: Event::Missed { events } });
        }
        let news = self.events.pop_front()?;
        self.droppable -= usize::from(is_droppable(&news));
        Some(news)
    }

    /// Removes the oldest event that `which` names; whether there was one.
    fn remove(&mut self, which: impl Fn(&News) -> bool) -> bool {
        let found = self.events.iter().position(which);
        let removed = found.and_then(|at| self.events.remove(at));
        self.droppable -= usize::from(removed.as_ref().is_some_and(is_droppable));
        removed.is_some()
    }
}

const fn is_picture(news: &News) -> bool {
    matches!(news.event, Event::Progress(_))
}

const fn is_droppable(news: &News) -> bool {
    !matches!(news.event, Event::Stopped { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::CommandError;
    use crate::light_client::output::BroadcastEvent;
    use crate::light_client::peer_id::PeerId;
    use bitcoin::Txid;
    use bitcoin::hashes::Hash;

    fn news(event: Event) -> News {
        News { wallet: None, event }
    }

    fn sent(peer: u64) -> News {
        let (txid, peer) = (Txid::all_zeros(), PeerId::new(peer));
        news(Event::Broadcast(BroadcastEvent::Sent { txid, peer }))
    }

    #[test]
    fn who_listens_slowly_loses_the_oldest_news_and_is_told_but_hears_of_the_end() {
        let stopped = || news(Event::Stopped { error: CommandError::Closing });
        let mut backlog = Backlog::default();
        backlog.push(stopped());
        for number in 0..KEPT_EVENTS as u64 + 3 {
            backlog.push(sent(number));
        }
        assert_eq!(backlog.pop(), Some(news(Event::Missed { events: 3 })));
        assert_eq!(backlog.pop(), Some(stopped()));
        for number in 3..KEPT_EVENTS as u64 + 3 {
            assert_eq!(backlog.pop(), Some(sent(number)));
        }
        assert_eq!(backlog.pop(), None);
    }
}
