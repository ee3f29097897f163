//! Owns how a wallet of the story comes to be: from fresh words, as `new` makes one, or from the
//! public keys of a signer, as `signer pair` does.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use billfold_wallet_core::command::{Birthday, WalletDescription};
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::keychain::{AccountDescriptor, AccountName, ScriptType, StandardAccount};
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::seed::{Seed, WordCount, Words};
use billfold_wallet_core::service::{self, Access, NewWallet, NewWatch};
use billfold_wallet_core::vault::KdfCost;

use crate::demo::actor::{Actor, password};
use crate::demo::step::Step;
use crate::failure::{Failure, Kind};
use crate::output::figures;

/// What all wallets of the story have in common.
#[derive(Debug, Clone)]
pub(super) struct Stage<'a> {
    /// Where their directories are.
    pub(super) dir: &'a Path,
    /// Their only peer.
    pub(super) peer: PeerAddress,
    /// What their passwords cost.
    pub(super) cost: KdfCost,
}

/// Creates a wallet from fresh words, which nobody needs to keep.
pub(super) fn cast(
    name: &'static str,
    script_type: ScriptType,
    stage: &Stage<'_>,
) -> Result<(Actor, Step), Failure> {
    let words = Words::generate(WordCount::Twelve)
        .map_err(|error| Failure::new(Kind::NoEntropy, error.to_string()))?;
    let new = NewWallet {
        seed: Seed::new(&words, ""),
        accounts: vec![StandardAccount::first(script_type)],
        birthday: now(),
        look_ahead: LookAhead::NEW,
        password: password()?,
        words_checked: None,
        key_passphrase: None,
        avoids_reuse: false,
    };
    let make = |settings: &_| service::create(settings, new, stage.cost);
    let (actor, wallet) = Actor::create(name, stage.dir, stage.peer.clone(), Access::Sign, make)?;
    let fingerprint = figures::fingerprint(wallet.fingerprint);
    let text = format!("Wallet     {name} has a new {script_type} wallet, {fingerprint}");
    let step = Step::new("wallet", text)
        .with("name", name)
        .with("type", script_type.name())
        .with("fingerprint", fingerprint);
    Ok((actor, step))
}

/// Creates a wallet whose keys, made just now, are elsewhere.
pub(super) fn cast_to_watch(
    name: &'static str,
    accounts: Vec<(AccountName, AccountDescriptor)>,
    stage: &Stage<'_>,
) -> Result<(Actor, WalletDescription), Failure> {
    let new = NewWatch::new(accounts, now(), LookAhead::NEW, password()?);
    let make = |settings: &_| service::watch(settings, new, stage.cost);
    Actor::create(name, stage.dir, stage.peer.clone(), Access::View, make)
}

fn now() -> Birthday {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Birthday::Time(now.map_or(0, |since| since.as_secs()))
}
