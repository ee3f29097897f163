//! Owns `receive`: an address, its URI, and a QR code where a person looks.

use std::time::{SystemTime, UNIX_EPOCH};

use billfold_wallet_core::amount::parse_amount;
use billfold_wallet_core::command::{Command, IssuedAddress, Reply};
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::service::{Access, Reach};
use bitcoin::{Address, AddressType, Amount};
use serde::Serialize;

use super::describe;
use crate::cli::paying::ReceiveArgs;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report, figures, qr};
use crate::session::{Session, unexpected};

/// Shows an address.
///
/// # Errors
/// `bad_amount`, or why the wallet did not open or answer.
pub(super) async fn run(options: ReceiveArgs, context: &mut Context) -> Result<(), Failure> {
    let ReceiveArgs { amount, note, expires, new } = options;
    let amount = amount.as_deref().map(parse_amount).transpose()?;
    if amount == Some(Amount::ZERO) {
        let told = "nobody can pay nothing: leave out --amount to leave it open";
        return Err(Failure::new(Kind::BadAmount, told));
    }
    let expires = expires.map(|days| now().saturating_add(u64::from(days) * SECONDS_A_DAY));
    let command = Command::Receive { amount, note, expires, fresh: new };
    let work = async |session: &mut Session, context: &mut Context| {
        let wallet = describe::of(session, context).await?;
        Ok((session.ask(command, context).await?, wallet))
    };
    let (reply, wallet) = Session::with(context, Access::View, Reach::Offline, work).await?;
    let Reply::Address(issued) = reply else { return Err(unexpected(&reply)) };
    let signs = wallet.accounts.iter().any(|account| account.signs);
    if wallet.words_checked.is_none() && wallet.fingerprint.is_some() && signs {
        context.output.say(NOT_BACKED_UP);
    }
    let gap = wallet.accounts.iter().find(|one| one.name == issued.account).map(|one| one.gap);
    if wallet.search.end.is_none() && gap >= Some(LookAhead::RESTORED.receive) {
        context.output.say(NOT_SEARCHED);
    }
    if let Some(warning) = far_ahead(issued.unused_before) {
        context.output.say(&warning);
    }
    context.output.result(&ReceiveReport::new(&issued))
}

/// Of a restored wallet it is not known before its search which addresses were given out.
const NOT_SEARCHED: &str = "Warning: old payments are not all found yet, so this address may have \
                            been given out before. Run billfold sync first.";

/// What to know of an address that a wallet which is restored from the words may not look at.
fn far_ahead(unused: u32) -> Option<String> {
    let gap = LookAhead::RESTORED.receive;
    if unused >= gap {
        return Some(format!(
            "Warning: {unused} addresses before this one are unpaid, and a restore stops after \
             {gap}: it finds this one only with --gap {} or more.",
            unused + 1
        ));
    }
    (unused >= OTHERS_GAP).then(|| {
        format!(
            "Note: {unused} addresses before this one are unpaid. Wallets that stop after \
             {OTHERS_GAP}, as BIP44 has it, don't find this one; billfold restore does."
        )
    })
}

/// An address that was given out.
#[derive(Debug, Serialize)]
struct ReceiveReport {
    address: String,
    uri: String,
    index: u32,
    unused_before: u32,
    #[serde(skip)]
    grouped: String,
    #[serde(skip)]
    scanned: String,
}

impl ReceiveReport {
    fn new(issued: &IssuedAddress) -> Self {
        Self {
            address: issued.address.to_string(),
            uri: issued.uri.clone(),
            index: issued.index.to_u32(),
            unused_before: issued.unused_before,
            grouped: figures::address(&issued.address, ""),
            scanned: scanned(&issued.address, &issued.uri),
        }
    }
}

impl Report for ReceiveReport {
    fn for_people(&self, canvas: Canvas) -> String {
        let mut lines = Vec::new();
        if canvas.drawings {
            lines.extend(qr::draw(&self.scanned, canvas.colour));
        }
        lines.push(self.address.clone());
        lines.push(self.grouped.clone());
        if self.uri.contains('?') {
            lines.push(self.uri.clone());
        }
        lines.join("\n")
    }
}

/// What the QR code holds: the URI if it says more than the address. Bech32 stands in capitals
/// there, which makes the code smaller (BIP173, "Encoding").
fn scanned(address: &Address, uri: &str) -> String {
    let plain = address.to_string();
    let is_bech32 = matches!(
        address.address_type(),
        Some(AddressType::P2wpkh | AddressType::P2wsh | AddressType::P2tr)
    );
    let shown = if is_bech32 { plain.to_uppercase() } else { plain.clone() };
    if uri.contains('?') { uri.replacen(&plain, &shown, 1) } else { shown }
}

/// A clock that stands before 1970 is wrong, and every request is open then.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

const SECONDS_A_DAY: u64 = 24 * 3_600;

/// After so many unused addresses in a row most wallets stop to look (BIP44, "Address gap limit").
const OTHERS_GAP: u32 = 20;

const NOT_BACKED_UP: &str = "NOT BACKED UP: nobody has typed the words back. Before money comes, \
                             check that you can: billfold words check";

#[cfg(test)]
mod tests {
    use bitcoin::Network;
    use bitcoin::address::NetworkUnchecked;

    use super::*;

    fn address(text: &str) -> Address {
        let address: Address<NetworkUnchecked> = text.parse().expect("an address");
        address.require_network(Network::Bitcoin).expect("of mainnet")
    }

    const SEGWIT: &str = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";
    const LEGACY: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

    #[test]
    fn only_bech32_may_be_in_capitals() {
        assert_eq!(scanned(&address(SEGWIT), &format!("bitcoin:{SEGWIT}")), SEGWIT.to_uppercase());
        assert_eq!(scanned(&address(LEGACY), &format!("bitcoin:{LEGACY}")), LEGACY);
    }

    #[test]
    fn an_amount_is_scanned_with_the_address() {
        let uri = format!("bitcoin:{SEGWIT}?amount=0.001");
        let expected = format!("bitcoin:{}?amount=0.001", SEGWIT.to_uppercase());
        assert_eq!(scanned(&address(SEGWIT), &uri), expected);
    }

    #[test]
    fn an_address_that_a_restore_does_not_reach_is_warned_of() {
        assert_eq!(far_ahead(19), None);
        assert!(far_ahead(20).is_some_and(|told| told.starts_with("Note: 20 ")));
        assert!(far_ahead(199).is_some_and(|told| told.starts_with("Note")));
        let told = far_ahead(200).expect("a warning");
        assert!(told.starts_with("Warning") && told.contains("--gap 201"), "{told}");
    }
}
