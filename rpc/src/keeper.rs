//! Owns where tokens are kept: each in the file of one wallet, whichever wallets it is for.
//!
//! Refuses a token whose keeper is not open: nobody could say that it was not taken back.

use std::collections::BTreeSet;
use std::sync::Arc;

use billfold_wallet_core::command::{
    Command, Reply, TellerCommand, TellerReading, TellerReply, TokenId, TokenRecord, TokenSecret,
};
use billfold_wallet_core::config::WalletName;
use bitcoin::Network;

use crate::auth::{Grant, Token};
use crate::caller::Pass;
use crate::desk::Desk;
use crate::error::RpcError;
use crate::node::Node;

/// A token that an open wallet keeps.
#[derive(Debug)]
pub struct Kept {
    /// The wallet that keeps it.
    pub keeper: Arc<Desk>,
    /// How it is kept.
    pub secret: TokenSecret,
}

impl Kept {
    /// The token of this number, if an open wallet keeps it.
    pub async fn find(node: &Node, id: TokenId) -> Option<Self> {
        for keeper in node.wallets() {
            let asked = TellerCommand::Read(TellerReading::Token(id));
            let Ok(Reply::Teller(told)) = keeper.ask(Command::Teller(Box::new(asked))).await else {
                continue;
            };
            if let TellerReply::Token(Some(secret)) = *told {
                return Some(Self { keeper, secret: *secret });
            }
        }
        None
    }

    /// What a token lets through that is of this number; `None` if it was taken back, was made by somebody
    /// else, or says what nobody understands.
    #[must_use]
    pub fn pass(&self, token: &Token, network: Network) -> Option<Pass> {
        if self.secret.is_revoked || !token.is_made_with(&self.secret.key) {
            return None;
        }
        let made_with = &self.secret.caveats;
        let added = token.caveats.strip_prefix(made_with.as_slice())?;
        let grant = Grant::read(made_with, added, network).ok()?;
        let wallets = meant(&self.keeper, &self.secret.wallets);
        let wallets = wallets.into_iter().filter(|wallet| grant.is_for(wallet)).collect();
        Some(Pass { grant, wallets })
    }
}

/// The tokens that are for a wallet or are kept by it, each with the wallet that keeps it, oldest first.
///
/// # Errors
/// What a wallet answered.
pub async fn tokens(node: &Node, desk: &Desk) -> Result<Vec<(Arc<Desk>, TokenRecord)>, RpcError> {
    let mut found = Vec::new();
    for keeper in node.wallets() {
        let asked = TellerCommand::Read(TellerReading::Tokens);
        let reply = keeper.ask(Command::Teller(Box::new(asked))).await?;
        let Reply::Teller(told) = reply else { return Err(RpcError::bug()) };
        let TellerReply::Tokens(tokens) = *told else { return Err(RpcError::bug()) };
        let is_here = |token: &TokenRecord| {
            keeper.name() == desk.name()
                || token.wallets.iter().any(|wallet| wallet.as_str() == desk.name())
        };
        let here = tokens.into_iter().filter(is_here);
        found.extend(here.map(|token| (Arc::clone(&keeper), token)));
    }
    found.sort_by_key(|(_, token)| (token.created, token.id));
    Ok(found)
}

/// The wallets that a token is for.
#[must_use]
pub fn meant(keeper: &Desk, named: &[WalletName]) -> BTreeSet<WalletName> {
    if named.is_empty() {
        return BTreeSet::from([keeper.wallet().clone()]);
    }
    named.iter().cloned().collect()
}
