//! Owns what is done on somebody's behalf: bound to the key of their call.
//!
//! Refuses to widen what the command itself may do.

use crate::command::{CommandError, KeyedRequest, Order, Reply};
use crate::engine::Engine;
use crate::engine::around::Around;
use crate::engine::follower::Follower;
use crate::light_client::time::Now;
use crate::store::wallet::RequestId;
use crate::wallet::{DraftMoment, Drafted};
use crate::wallet_name::WalletName;

impl Engine {
    /// Carries a command out with what its caller may do.
    pub(super) fn carry_out(
        &mut self,
        now: Now,
        name: &WalletName,
        Order { by, command }: Order,
    ) -> Result<Reply, CommandError> {
        let Some(one) = self.followers.get_mut(name) else {
            return Err(CommandError::NotLoaded(name.clone()));
        };
        let before = one.by.replace(by);
        let result = self.answer(now, name, command);
        if let Some(one) = self.followers.get_mut(name) {
            one.by = before;
        }
        result
    }
}

impl Follower {
    /// The moment of a draft that is asked for now.
    pub(super) fn moment(&self, around: &Around<'_>) -> DraftMoment {
        let request = self.by.as_ref().and_then(|by| by.request.as_ref());
        DraftMoment { request: request.map(RequestId::from), ..around.moment() }
    }

    pub(super) fn remember(
        &mut self,
        request: &KeyedRequest,
        answer: &str,
    ) -> Result<Reply, CommandError> {
        self.wallet.remember(request, answer)?;
        Ok(Reply::Done)
    }
}

/// What a draft's request came to.
pub(super) fn drafted(made: Drafted) -> Reply {
    match made {
        Drafted::Draft(draft) => Reply::Draft(draft),
        Drafted::Payment(payment) => Reply::Payment(payment),
    }
}
