//! Owns which command of the program does what a verb of the screens does, for whoever wants to do it in a
//! script.
//!
//! Refuses to stand for what is typed: words in capitals are to be filled in.

use crate::action::{Tab, Verb};

/// The command that does the same, or shows the same; `None`: it is of the screens alone.
#[must_use]
pub const fn command(verb: Verb) -> Option<&'static str> {
    Some(match verb {
        Verb::Receive => "billfold receive",
        Verb::New => "billfold receive --new",
        Verb::Amount => "billfold receive --amount AMOUNT",
        Verb::Send => "billfold pay ADDRESS AMOUNT",
        Verb::Bump => "billfold bump TXID",
        Verb::Cancel => "billfold cancel TXID",
        Verb::Label => "billfold label TXID TEXT",
        Verb::Freeze => "billfold freeze TXID:N",
        Verb::Verify => "billfold signer display ADDRESS",
        Verb::Register => "billfold signer register ACCOUNT",
        Verb::Wallets => "billfold wallets",
        Verb::Save => "billfold psbt create ADDRESS AMOUNT",
        Verb::Drafts => "billfold drafts",
        Verb::Find => "billfold search TEXT",
        Verb::Rescan => "billfold rescan",
        Verb::Batch => "billfold pay --file FILE",
        Verb::Consolidate => "billfold pay ADDRESS max",
        Verb::Message => "billfold message sign ADDRESS TEXT",
        Verb::Export => "billfold export history FILE",
        Verb::Log => "billfold rpc billfold.audit",
        Verb::Doctor => "billfold doctor --online",
        Verb::Go(Tab::Home) => "billfold balance",
        Verb::Go(Tab::Activity) => "billfold history",
        Verb::Go(Tab::Coins) => "billfold coins",
        Verb::Go(Tab::Addresses) => "billfold addresses",
        Verb::Go(Tab::Keys) => "billfold describe",
        Verb::Go(Tab::Network) => "billfold peers",
        _ => return None,
    })
}
