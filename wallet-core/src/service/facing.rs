//! Owns how a service is a [`Face`]: which of its threads is asked what.
//!
//! Refuses to leave a wallet half loaded when nobody waits for it any more.

use std::sync::Arc;
use std::time::Duration;

use bitcoin::Network;
use tokio::sync::oneshot;

use crate::backup::Backup;
use crate::command::{ChainQuery, Command, CommandError, Reply, StoreProblem, WalletDescription};
use crate::config::WalletName;
use crate::face::{BoxFuture, Face, Listener};
use crate::founding::{CreateError, Founding, RestoreError};
use crate::net::inbox::Message;
use crate::passphrase::{PassphraseChange, PassphraseError, PasswordChange};
use crate::store::{problem, startup};
use crate::vault::{self, KdfCost, Password, SealError, SealedKey, SeedKey, VaultError};

use super::desk::apart;
use super::opening::{Shared, open_shared, require_wallet};
use super::read_desk::ReadDesk;
use super::{Access, OpenError, Service, backup, create, named, watch};

impl Face for Service {
    fn ask<'a>(
        &'a self,
        wallet: &'a WalletName,
        command: Command,
    ) -> BoxFuture<'a, Result<Reply, CommandError>> {
        Box::pin(async move {
            if let Some(reading) = command.reading().filter(|_| self.claims.has_reader(wallet)) {
                let (id, answer) = self.desk.outlet.ask()?;
                if self.claims.read(wallet, id, reading) {
                    return answer.await.unwrap_or_else(|_| Err(self.desk.outlet.closing()));
                }
                // It was unloaded meanwhile, which the engine tells.
                self.desk.outlet.answer(id, Err(self.desk.outlet.closing()));
            }
            self.desk.answer(|id| Message::Ask(id, wallet.clone(), command)).await
        })
    }

    fn ask_chain(&self, query: ChainQuery) -> BoxFuture<'_, Result<Reply, CommandError>> {
        Box::pin(async move {
            if let ChainQuery::SetTime(time) = query
                && self.settings.network == Network::Regtest
            {
                self.clock.set(time);
            }
            self.desk.answer_of_chain(query).await
        })
    }

    fn wallets(&self) -> BoxFuture<'_, Result<Vec<WalletName>, CommandError>> {
        Box::pin(async { Ok(self.claims.open()) })
    }

    fn all_wallets(&self) -> BoxFuture<'_, Result<Vec<WalletName>, StoreProblem>> {
        Box::pin(async { create::wallets(&self.settings) })
    }

    fn found<'a>(
        &'a self,
        wallet: &'a WalletName,
        founding: Founding,
        cost: KdfCost,
    ) -> BoxFuture<'a, Result<WalletDescription, RestoreError>> {
        Box::pin(async move {
            let lock = self.lock.upgrade().ok_or(CreateError::Closing)?;
            let settings = named(&self.settings, wallet);
            let found = move || match founding {
                Founding::Keys(new) => Ok(create::create_in(lock, &settings, new, cost)?),
                Founding::Watch(new) => Ok(watch::watch_in(lock, &settings, new, cost)?),
                Founding::Blank { birthday, keys, avoids_reuse, password } => Ok(watch::blank_in(
                    lock,
                    &settings,
                    birthday,
                    (&keys, avoids_reuse),
                    &password,
                    cost,
                )?),
                Founding::Backup { backup, password } => {
                    backup::restore_in(lock, &settings, &backup, &password, cost)
                }
            };
            apart(found).await.ok_or(CreateError::Closing)?
        })
    }

    fn backup<'a>(&'a self, wallet: &'a WalletName) -> BoxFuture<'a, Result<Backup, CommandError>> {
        Box::pin(async move {
            let (backup, made) = oneshot::channel();
            if !self.desk.inbox.put(Message::Backup(wallet.clone(), backup)) {
                return Err(CommandError::Closing);
            }
            made.await.unwrap_or(Err(CommandError::Closing))
        })
    }

    fn keep_open<'a>(
        &'a self,
        wallet: &'a WalletName,
        open: bool,
    ) -> BoxFuture<'a, Result<(), StoreProblem>> {
        Box::pin(async move {
            let _one_at_a_time = self.changing.lock().await;
            startup::keep(&self.settings.paths(), wallet, open)
        })
    }

    fn load<'a>(
        &'a self,
        wallet: &'a WalletName,
        password: Password,
        access: Access,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        Box::pin(async move {
            let claim = self.claim(wallet)?;
            let (settings, clock) = (named(&self.settings, wallet), self.clock.clone());
            let wallet = wallet.clone();
            let path = settings.paths().wallet(&wallet);
            let desk = self.desk.clone();
            let load = async move {
                let reader_clock = clock.clone();
                let opened = apart(move || open_shared(&settings, &password, access, &clock)).await;
                let Shared { opened, reader, passphrase } = opened.ok_or(OpenError::Closing)??;
                let reads = ReadDesk::start(wallet, reader, Arc::clone(&desk.outlet), reader_clock);
                let reads = reads.map_err(|error| problem::from_io(&path, &error))?;
                match desk.answer(|id| Message::Load(id, Box::new(opened))).await {
                    Ok(_) => {
                        claim.open(Some(reads), passphrase);
                        Ok(())
                    }
                    Err(CommandError::Store(problem)) => Err(OpenError::Store(problem)),
                    Err(_) => Err(OpenError::Closing),
                }
            };
            // It goes on when nobody waits for it any more: the name is taken until it is known who
            // has the file.
            tokio::spawn(load).await.unwrap_or(Err(OpenError::Closing))
        })
    }

    fn unload<'a>(&'a self, wallet: &'a WalletName) -> BoxFuture<'a, Result<(), CommandError>> {
        let (desk, claims, wallet) = (self.desk.clone(), Arc::clone(&self.claims), wallet.clone());
        Box::pin(async {
            let unload = async move {
                let reader = claims.take_reader(&wallet);
                apart(move || drop(reader)).await.ok_or(CommandError::Closing)?;
                desk.answer(|id| Message::Unload(id, wallet.clone())).await?;
                claims.give_back(&wallet);
                Ok(())
            };
            tokio::spawn(unload).await.unwrap_or(Err(CommandError::Closing))
        })
    }

    fn unlock<'a>(
        &'a self,
        wallet: &'a WalletName,
        password: Password,
        lasts: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        Box::pin(async move {
            if !self.claims.is_open(wallet) {
                return Err(OpenError::NotLoaded(wallet.clone()));
            }
            let passphrase = self.claims.passphrase(wallet);
            let header = self.settings.paths().header(wallet);
            let now = self.clock.now().wall;
            let opened = apart(move || match passphrase {
                Some(sealed) => {
                    let key = sealed.open(&password).map_err(VaultError::from)?;
                    key.ok_or(OpenError::WrongPassword)
                }
                None => Ok(vault::open(&header, &password, now)?.seed),
            });
            let key = opened.await.ok_or(OpenError::Closing)??;
            let unlock = Message::Unlock(wallet.clone(), key, lasts);
            if self.desk.inbox.put(unlock) { Ok(()) } else { Err(OpenError::Closing) }
        })
    }

    fn change_passphrase<'a>(
        &'a self,
        wallet: &'a WalletName,
        change: PassphraseChange,
        cost: KdfCost,
    ) -> BoxFuture<'a, Result<(), PassphraseError>> {
        let (desk, claims, wallet) = (self.desk.clone(), Arc::clone(&self.claims), wallet.clone());
        let changing = Arc::clone(&self.changing);
        let change = async move {
            let _one_at_a_time = changing.lock().await;
            if !claims.is_open(&wallet) {
                return Err(PassphraseError::NotLoaded(wallet));
            }
            let known = claims.passphrase(&wallet);
            let made = apart(move || protected(known, &change, cost)).await;
            let (sealed, key) = made.ok_or(PassphraseError::Closing)??;
            let bytes = sealed.to_bytes();
            desk.answer(|id| Message::Protect(id, wallet.clone(), bytes, key)).await?;
            claims.note_passphrase(&wallet, sealed);
            Ok(())
        };
        // What is known of the passphrase here must not fall behind the wallet's file.
        Box::pin(async { tokio::spawn(change).await.unwrap_or(Err(PassphraseError::Closing)) })
    }

    fn change_password<'a>(
        &'a self,
        wallet: &'a WalletName,
        change: PasswordChange,
        cost: KdfCost,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        let (settings, clock) = (named(&self.settings, wallet), self.clock.clone());
        let changing = Arc::clone(&self.changing);
        let change = async move {
            let _one_at_a_time = changing.lock().await;
            let changed = apart(move || {
                require_wallet(&settings)?;
                let header = settings.paths().header(&settings.wallet);
                let keys = vault::open(&header, &change.old, clock.now().wall)?;
                Ok(vault::change_password(&header, &keys, &change.new, cost)?)
            });
            changed.await.ok_or(OpenError::Closing)?
        };
        // It goes on when nobody waits for it any more.
        Box::pin(async { tokio::spawn(change).await.unwrap_or(Err(OpenError::Closing)) })
    }

    fn listen(&self) -> Box<dyn Listener> {
        self.desk.outlet.listen()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let readers = self.claims.take_readers();
            // Without a thread they end here.
            let _ = apart(move || drop(readers)).await;
            let _ = self.desk.inbox.put(Message::Stop);
            self.desk.outlet.until_ended().await;
            self.join();
        })
    }
}

/// What is to be kept after a change of the passphrase, and the key that it opens if it is new.
fn protected(
    known: Option<SealedKey>,
    change: &PassphraseChange,
    cost: KdfCost,
) -> Result<(SealedKey, Option<SeedKey>), PassphraseError> {
    match (known, &change.old) {
        (Some(_), None) => Err(PassphraseError::HasOne),
        (None, Some(_)) => Err(PassphraseError::HasNone),
        (None, None) => {
            let key = SeedKey::random()?;
            Ok((SealedKey::seal(&key, &change.new, cost)?, Some(key)))
        }
        (Some(sealed), Some(old)) => {
            let key = sealed.open(old).map_err(SealError::OutOfMemory)?;
            let key = key.ok_or(PassphraseError::Wrong)?;
            Ok((SealedKey::seal(&key, &change.new, cost)?, None))
        }
    }
}
