//! Owns a node of the network without a socket: a conversation that its caller carries, for worlds
//! whose time and ways are made up.
//!
//! Refuses to know of transports: it hears and says messages.

use std::fmt;
use std::sync::Arc;

use bitcoin::p2p::message::NetworkMessage;

use crate::network::{self, Listening, Network};
use crate::session::{Reply, Session};

/// One side of a conversation: what an honest node says.
pub struct Peer {
    session: Session,
    news: Listening,
}

impl Peer {
    /// A node that somebody just connected to.
    pub(crate) fn new(network: Arc<Network>) -> Self {
        let (news, number) = (network.listen(), network.number());
        Self { session: Session::new(network, number), news }
    }

    /// What the node answers; `None` if it closes the connection.
    pub fn hear(&mut self, message: NetworkMessage) -> Option<Vec<NetworkMessage>> {
        let replies = self.session.hear(message).ok()?;
        Some(self.load(replies))
    }

    /// What the node tells by itself, as far as something happened since it was last asked.
    pub fn tell(&mut self) -> Vec<NetworkMessage> {
        let mut said = Vec::new();
        while let Some(news) = network::next(&mut self.news) {
            let replies = self.session.tell(news);
            said.extend(self.load(replies));
        }
        said
    }

    fn load(&self, replies: Vec<Reply>) -> Vec<NetworkMessage> {
        replies.into_iter().filter_map(|reply| self.session.load(reply)).collect()
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("session", &self.session).finish_non_exhaustive()
    }
}
