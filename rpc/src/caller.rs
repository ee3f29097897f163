//! Owns `Caller`: who makes a request, where it came from, what they may do, and the key by which
//! the call is known again.
//!
//! Refuses to find out who it is: `auth` does.

use std::collections::BTreeSet;
use std::time::Instant;

use billfold_wallet_core::command::{Asker, Authority, KeyedRequest};
use billfold_wallet_core::config::WalletName;

use crate::auth::Grant;
use crate::error::{Code, RpcError};
use crate::origin::Origin;
use crate::rates::Rates;

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// By what they showed.
    pub asker: Asker,
    /// From where.
    pub origin: Origin,
    /// What their token lets through; `None`: they have no token.
    pub pass: Option<Pass>,
    /// What stands in the header `Idempotency-Key`.
    pub key: Option<String>,
}

/// What a token lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// By its caveats.
    pub grant: Grant,
    /// The wallets that it is for.
    pub wallets: BTreeSet<WalletName>,
}

impl Caller {
    /// The owner, without a key.
    #[must_use]
    pub const fn owner(origin: Origin) -> Self {
        Self { asker: Asker::Owner, origin, pass: None, key: None }
    }

    /// Whether they may call a method `now`, in Unix seconds; a call that they may make is counted.
    ///
    /// # Errors
    /// -1000 if their token is not for it, -1007 if it has made its calls of this minute.
    pub fn admit(&self, method: &str, rates: &Rates, now: u64) -> Result<(), RpcError> {
        self.may_go_on(method, now)?;
        let (Asker::Token(id), Some(Pass { grant, .. })) = (&self.asker, &self.pass) else {
            return Ok(());
        };
        rates.take(*id, &grant.paces, Instant::now()).map_err(|wait| {
            let seconds = wait.as_secs().max(1);
            let message = format!("The token made its calls of this minute: wait {seconds} s");
            let told = RpcError::new(Code::RateLimited, message);
            told.advising("calls_per_minute", true, "wait, and call less often")
        })
    }

    /// Whether they may call a method `now`, without a count: it is a call that goes on.
    ///
    /// # Errors
    /// -1000 if their token is not for it.
    pub fn may_go_on(&self, method: &str, now: u64) -> Result<(), RpcError> {
        let Some(Pass { grant, .. }) = &self.pass else { return Ok(()) };
        grant.admit(method, self.origin, now)
    }

    /// With what right a method asks a wallet.
    #[must_use]
    pub fn authority(&self, method: &str, request: Option<KeyedRequest>) -> Authority {
        let limits = self.pass.as_ref().map(|pass| pass.grant.limits.clone());
        Authority {
            asker: self.asker.clone(),
            method: method.to_owned(),
            request,
            limits: limits.unwrap_or_default(),
        }
    }
}
