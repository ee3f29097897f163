//! Owns how a wallet of the story comes to be: from fresh words, as `new` makes one.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::keychain::{ScriptType, StandardAccount};
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::seed::{Seed, WordCount, Words};
use billfold_wallet_core::service::NewWallet;
use billfold_wallet_core::vault::KdfCost;

use crate::demo::actor::{Actor, password};
use crate::demo::step::Step;
use crate::failure::{Failure, Kind};
use crate::output::figures;

/// Creates a wallet from fresh words, which nobody needs to keep.
pub(super) fn cast(
    name: &'static str,
    script_type: ScriptType,
    dir: &Path,
    peer: PeerAddress,
    cost: KdfCost,
) -> Result<(Actor, Step), Failure> {
    let words = Words::generate(WordCount::Twelve)
        .map_err(|error| Failure::new(Kind::NoEntropy, error.to_string()))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let new = NewWallet {
        seed: Seed::new(&words, ""),
        accounts: vec![StandardAccount::first(script_type)],
        birthday: Birthday::Time(now),
        look_ahead: LookAhead::NEW,
        password: password()?,
        words_checked: None,
    };
    let (actor, wallet) = Actor::create(name, dir, peer, new, cost)?;
    let fingerprint = figures::fingerprint(wallet.fingerprint);
    let text = format!("Wallet     {name} has a new {script_type} wallet, {fingerprint}");
    let step = Step::new("wallet", text)
        .with("name", name)
        .with("type", script_type.name())
        .with("fingerprint", fingerprint);
    Ok((actor, step))
}
