//! Owns `Question`: what a face can be asked, as a value that crosses to where the wallets are.
//!
//! Each stands for one method of [`Face`](crate::face::Face). Its bytes hold passwords, and are
//! wiped with what holds them.

use super::{Portable, Reader, Unreadable, Writer, portable_enum};
use crate::command::Command;
use crate::face::Access;
use crate::vault::Password;
use crate::wallet_name::WalletName;

/// One question to a face.
#[derive(Debug, Clone)]
pub enum Question {
    /// [`Face::ask`](crate::face::Face::ask), answered by a reply or why there is none.
    Ask(WalletName, Box<Command>),
    /// [`Face::wallets`](crate::face::Face::wallets).
    Wallets,
    /// [`Face::load`](crate::face::Face::load), until the connection ends.
    Load(WalletName, Password, Access),
    /// [`Face::unload`](crate::face::Face::unload).
    Unload(WalletName),
    /// [`Face::unlock`](crate::face::Face::unlock).
    Unlock(WalletName, Password),
    /// [`Face::listen`](crate::face::Face::listen): answered once it has begun, and then by news.
    Listen,
}

portable_enum!(Question {
    Ask(wallet, command),
    Wallets,
    Load(wallet, password, access),
    Unload(wallet),
    Unlock(wallet, password),
    Listen,
});
portable_enum!(Access { View, Sign });

impl Portable for Password {
    fn write(&self, to: &mut Writer) {
        super::basic::write_bytes(self.as_bytes(), to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Self::from_bytes(super::basic::read_bytes(from)?).map_err(|_| Unreadable)
    }
}
