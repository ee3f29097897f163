//! Owns what wallets are made of, their backups and passphrases, as bytes.
//!
//! Seeds are among them: they are written into memory that is wiped, and nowhere else.

use bitcoin::Network;

use super::basic::{read_bytes, write_bytes};
use super::{Portable, Reader, Unreadable, Writer, portable_as, portable_enum, portable_struct};
use crate::backup::{Backup, BackupAccount, BackupRequest};
use crate::config::LookAhead;
use crate::founding::{BlankKeys, CreateError, Founding, NewWallet, NewWatch, RestoreError};
use crate::keychain::{DescriptorError, StandardAccount};
use crate::passphrase::{PassphraseChange, PassphraseError, PasswordChange};
use crate::seed::Seed;
use crate::signers::HeldKey;
use crate::vault::{KdfCost, Password};

portable_struct! {
    NewWallet { seed, accounts, birthday, look_ahead, password, words_checked, key_passphrase, avoids_reuse }
    NewWatch { accounts, birthday, look_ahead, password, external_signer, avoids_reuse }
    StandardAccount { script_type, number }
    LookAhead { receive, change }
    Backup {
        created, network, name, fingerprint, birthday, look_ahead, words_checked, avoids_reuse, preferred,
        accounts, requests, labels, seed, held,
    }
    BackupAccount { name, descriptor, internal, inactive, birthday, look_ahead, receive, change }
    BackupRequest { account, index, id, amount, issued, expires, least_depth, cancelled }
    PassphraseChange { old, new }
    PasswordChange { old, new }
}

portable_enum!(Founding {
    Keys(wallet), Watch(wallet), Blank { birthday, keys, avoids_reuse, password }, Backup { backup, password },
});
portable_enum!(BlankKeys { Never, Later(passphrase) });
portable_enum!(CreateError {
    WalletExists(name), DirInUse(holder), Closing, DaemonLost, BadAccounts, OutOfMemory { kib },
    Entropy(error), Store(problem),
});
portable_enum!(RestoreError {
    NetworkMismatch { found, asked }, Account { name, problem }, ForeignKey { name }, Create(error),
});
portable_enum!(PassphraseError {
    NotLoaded(name), WatchOnly, HasOne, HasNone, Wrong, Locked, OutOfMemory { kib }, Entropy(error),
    Closing, DaemonLost, Store(problem),
});
portable_enum!(DescriptorError {
    TooLong { most }, PrivateKey, Checksum, Malformed, MalformedKey, Unsupported, Unsafe,
    TwoOrigins, TooManyKeys { most }, WrongNetwork { network }, NotRanged, Hardened, OneBranch,
    NotTwoBranches, TooDeep,
});

portable_as! {
    KdfCost as (u32, u32) {
        |it| (it.memory_kib(), it.passes()),
        |cost| Self::within_bounds(cost.0, cost.1)
    }
}

impl Portable for HeldKey {
    fn write(&self, to: &mut Writer) {
        write_bytes(self.text().as_bytes(), to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let text = std::str::from_utf8(read_bytes(from)?).map_err(|_| Unreadable)?;
        // Its key is either one of mainnet or one of every other network.
        let mut networks = [Network::Bitcoin, Network::Regtest].into_iter();
        networks.find_map(|network| Self::parse(text, network).ok()).ok_or(Unreadable)
    }
}

impl Portable for Seed {
    fn write(&self, to: &mut Writer) {
        write_bytes(&self.to_bytes(), to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Self::from_bytes(read_bytes(from)?).map_err(|_| Unreadable)
    }
}

impl Portable for Password {
    fn write(&self, to: &mut Writer) {
        write_bytes(self.as_bytes(), to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Self::from_bytes(read_bytes(from)?).map_err(|_| Unreadable)
    }
}
