//! Owns `Question`: what a face can be asked, as a value that crosses to where the wallets are.
//!
//! Each stands for one method of [`Face`](crate::face::Face), and is answered as that. Its bytes hold
//! passwords and seeds, and are wiped with what holds them.

use std::time::Duration;

use super::portable_enum;
use crate::command::{ChainQuery, Command};
use crate::face::Access;
use crate::founding::Founding;
use crate::passphrase::{PassphraseChange, PasswordChange};
use crate::vault::{KdfCost, Password};
use crate::wallet_name::WalletName;

/// One question to a face.
#[derive(Debug)]
pub enum Question {
    /// [`Face::ask`](crate::face::Face::ask).
    Ask(WalletName, Box<Command>),
    /// [`Face::ask_chain`](crate::face::Face::ask_chain).
    AskChain(ChainQuery),
    /// [`Face::wallets`](crate::face::Face::wallets).
    Wallets,
    /// [`Face::all_wallets`](crate::face::Face::all_wallets).
    AllWallets,
    /// [`Face::found`](crate::face::Face::found).
    Found(WalletName, Box<Founding>, KdfCost),
    /// [`Face::backup`](crate::face::Face::backup).
    Backup(WalletName),
    /// [`Face::keep_open`](crate::face::Face::keep_open).
    KeepOpen(WalletName, bool),
    /// [`Face::load`](crate::face::Face::load), until the connection ends.
    Load(WalletName, Password, Access),
    /// [`Face::unload`](crate::face::Face::unload).
    Unload(WalletName),
    /// [`Face::unlock`](crate::face::Face::unlock).
    Unlock(WalletName, Password, Option<Duration>),
    /// [`Face::change_passphrase`](crate::face::Face::change_passphrase).
    ChangePassphrase(WalletName, PassphraseChange, KdfCost),
    /// [`Face::change_password`](crate::face::Face::change_password).
    ChangePassword(WalletName, PasswordChange, KdfCost),
    /// [`Face::listen`](crate::face::Face::listen): answered once it has begun, and then by news.
    Listen,
}

portable_enum!(Question {
    Ask(wallet, command),
    AskChain(query),
    Wallets,
    AllWallets,
    Found(wallet, founding, cost),
    Backup(wallet),
    KeepOpen(wallet, open),
    Load(wallet, password, access),
    Unload(wallet),
    Unlock(wallet, password, lasts),
    ChangePassphrase(wallet, change, cost),
    ChangePassword(wallet, change, cost),
    Listen,
});
portable_enum!(Access { View, Sign });
