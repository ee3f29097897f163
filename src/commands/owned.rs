//! Owns where an address of the wallet is, for commands that show it or sign with it elsewhere.
//!
//! Refuses addresses that the wallet has not given out.

use billfold_wallet_core::command::{AddressQuery, Command, IssuedAddress, Reply};
use billfold_wallet_core::keychain::{
    Account, AccountDescriptor, AccountName, DerivationIndex, KeychainId,
};
use bitcoin::Address;

use crate::commands::describe;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::session::{Session, unexpected};

/// Where an address of the wallet is.
pub(crate) struct AddressPlace {
    pub(crate) address: Address,
    pub(crate) account: AccountName,
    pub(crate) keychain: KeychainId,
    pub(crate) index: DerivationIndex,
}

/// The place of an address that was given out, or of the one that is given next.
///
/// # Errors
/// `not_our_address`, and why the wallet can't be asked.
pub(crate) async fn place_of(
    session: &mut Session,
    context: &mut Context,
    address: Option<Address>,
) -> Result<AddressPlace, Failure> {
    let Some(address) = address else {
        let command = Command::Receive { amount: None, note: None, expires: None, fresh: false };
        return match session.ask(command, context).await? {
            Reply::Address(IssuedAddress { address, account, keychain, index, .. }) => {
                Ok(AddressPlace { address, account, keychain, index })
            }
            reply => Err(unexpected(&reply)),
        };
    };
    let query = AddressQuery { change: true, ..AddressQuery::default() };
    let rows = match session.ask(Command::Addresses(query), context).await? {
        Reply::Addresses(rows) => rows,
        reply => return Err(unexpected(&reply)),
    };
    let row = rows.into_iter().find(|row| row.address == address).ok_or_else(|| {
        let message = format!("{address} is not an address that this wallet has given out");
        Failure::new(Kind::NotOurAddress, message).with("address", address.to_string())
    })?;
    let (account, keychain, index) = (row.account, row.keychain, row.index);
    Ok(AddressPlace { address, account, keychain, index })
}

/// An account of the wallet, with what derives its addresses.
///
/// # Errors
/// `no_such_account`, and why the wallet can't be asked.
pub(crate) async fn account(
    session: &mut Session,
    context: &mut Context,
    name: &AccountName,
) -> Result<Account, Failure> {
    let wallet = describe::of(session, context).await?;
    let found = wallet.accounts.into_iter().find(|account| account.name == *name);
    let found = found.ok_or_else(|| {
        let message = format!("this wallet has no account {name}: see billfold account list");
        Failure::new(Kind::NoSuchAccount, message).with("account", name.as_str())
    })?;
    let network = context.run.settings.network;
    let descriptor = AccountDescriptor::parse(&found.descriptor, network)?;
    Ok(Account::new(found.id, found.name, network, descriptor, &[]))
}
