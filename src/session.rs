//! Owns one open wallet for the life of one command: asked of the daemon that has it, or opened in
//! this process; always closed.
//!
//! Refuses to let a command know which: it holds a face.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use billfold_rpc::client::face::RemoteFace;
use billfold_wallet_core::command::{Command, Reply, TransactionChange};
use billfold_wallet_core::config::Settings;
use billfold_wallet_core::event::Event;
use billfold_wallet_core::face::Conversation;
use billfold_wallet_core::service::{Access, Reach, Service};
use billfold_wallet_core::vault::Password;
use bitcoin::Txid;

use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::password;

mod keys;
pub(crate) mod attached;
pub(crate) mod birthplace;
pub(crate) mod nobody;
pub(crate) mod roll_call;
pub(crate) mod fallen;
pub(crate) mod follow;
pub(crate) mod farewell;

/// Who has the wallet open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    /// This process.
    Here,
    /// A daemon.
    ByDaemon,
    /// A daemon, which closes it after this command.
    ByDaemonMeanwhile,
    /// A daemon, which made it just now: when it is at the tip, its search has ended.
    NewByDaemon,
}

/// An open wallet.
pub(crate) struct Session {
    conversation: Conversation,
    opened: Opened,
    /// Whether the tip must be reached anew: something is looked for below it.
    looks_back: bool,
    /// Whether the daemon opened the wallet's keys for this command.
    locks: bool,
    /// Payments that fell, until that is told.
    fallen: BTreeMap<Txid, TransactionChange>,
}

impl Session {
    /// Opens the wallet, lets `work` use it, and closes it however that ended.
    ///
    /// # Errors
    /// `no_peer` when peers are needed, none is named and none can be found, why the wallet did not open, or what
    /// `work` failed with.
    pub(crate) async fn with<T>(
        context: &mut Context,
        access: Access,
        reach: Reach,
        work: impl AsyncFnOnce(&mut Self, &mut Context) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Some(daemon) = attached::daemon(context).await? {
            // First of all it listens.
            let mut session = Self::attached(&daemon, context);
            if attached::open(&daemon, context, access).await? {
                session.opened = Opened::ByDaemonMeanwhile;
            }
            session.locks = access == Access::Sign && attached::unlock(&daemon, context).await?;
            return session.use_up(context, work).await;
        }
        if reach == Reach::Online {
            needs_peers(&context.run.settings)?;
        }
        let service = open(context, access, reach).await?;
        let unlocked = match access {
            Access::Sign => keys::unlock(&service, context, None).await.map(drop),
            Access::View => Ok(()),
        };
        let mut session = Self::own(service, context);
        if let Err(failure) = unlocked {
            session.close(context).await;
            return Err(failure);
        }
        session.use_up(context, work).await
    }

    /// Opens the wallet to look at it, asks one thing that what is stored answers, and closes it.
    ///
    /// # Errors
    /// Why the wallet did not open or answer.
    pub(crate) async fn ask_stored(
        command: Command,
        context: &mut Context,
    ) -> Result<Reply, Failure> {
        Self::with(context, Access::View, Reach::Offline, async |session, context| {
            session.ask(command, context).await
        })
        .await
    }

    /// As [`with`](Self::with), for a wallet to look at with a password that is known. One that a daemon
    /// has was made just now.
    ///
    /// # Errors
    /// The same.
    pub(crate) async fn with_new<T>(
        context: &mut Context,
        password: &Password,
        work: impl AsyncFnOnce(&mut Self, &mut Context) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Some(daemon) = attached::daemon(context).await? {
            let session = Self { opened: Opened::NewByDaemon, ..Self::attached(&daemon, context) };
            attached::open_with(&daemon, context, password).await?;
            return session.use_up(context, work).await;
        }
        needs_peers(&context.run.settings)?;
        let settings = &context.run.settings;
        let open = || Service::open(settings, password, Access::View, Reach::Online);
        let opened = thread::scope(|scope| scope.spawn(open).join());
        let service = opened.map_err(|_panicked| Failure::bug())??;
        Self::own(service, context).use_up(context, work).await
    }

    fn own(service: Service, context: &Context) -> Self {
        let conversation = Conversation::new(service, context.run.settings.wallet.clone());
        Self::new(conversation, Opened::Here)
    }

    fn attached(daemon: &RemoteFace, context: &Context) -> Self {
        let conversation = Conversation::new(daemon.clone(), context.run.settings.wallet.clone());
        Self::new(conversation, Opened::ByDaemon)
    }

    fn new(conversation: Conversation, opened: Opened) -> Self {
        Self { conversation, opened, looks_back: false, locks: false, fallen: BTreeMap::new() }
    }

    async fn use_up<T>(
        mut self,
        context: &mut Context,
        work: impl AsyncFnOnce(&mut Self, &mut Context) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let result = work(&mut self, context).await;
        fallen::tell(&mut self, context).await;
        self.close(context).await;
        result
    }

    /// Whether a daemon has the wallet: it has followed the chain before, and goes on after.
    #[must_use]
    pub(crate) fn is_attached(&self) -> bool {
        self.opened != Opened::Here
    }

    /// Whether a daemon follows the chain with the wallet when this command has ended.
    #[must_use]
    pub(crate) fn goes_on(&self) -> bool {
        self.opened == Opened::ByDaemon
    }

    /// Whether the daemon may be at the tip already, so that it will not say so.
    #[must_use]
    pub(crate) fn may_be_at_tip(&self) -> bool {
        self.is_attached() && !self.looks_back
    }

    /// Whether the wallet was made just now.
    #[must_use]
    pub(crate) fn is_new(&self) -> bool {
        self.opened == Opened::NewByDaemon
    }

    /// Asks one thing, and fails when a signal comes first.
    ///
    /// # Errors
    /// What the wallet answered, or `interrupted`.
    pub(crate) async fn ask(
        &mut self,
        command: Command,
        context: &mut Context,
    ) -> Result<Reply, Failure> {
        self.looks_back |= matches!(command, Command::Rescan { .. } | Command::Sweep(_));
        Ok(context.interrupt.or(self.conversation.ask(command)).await??)
    }

    /// Asks one thing that must not be left half known: a signal waits until it is answered.
    ///
    /// # Errors
    /// What the wallet answered.
    pub(crate) async fn ask_to_the_end(&mut self, command: Command) -> Result<Reply, Failure> {
        Ok(self.conversation.ask(command).await?)
    }

    /// The next thing that the wallet tells.
    ///
    /// # Errors
    /// Why the wallet stopped.
    pub(crate) async fn next_event(&mut self) -> Result<Event, Failure> {
        match self.conversation.next_event().await {
            Some(Event::Stopped { error }) => Err(error.into()),
            Some(event) => {
                fallen::note(&mut self.fallen, &event);
                Ok(event)
            }
            None => Err(Failure::new(Kind::Closing, "the wallet closed by itself: start again")),
        }
    }

    /// Closes in bounded time. What was told is durable already, so a close that hangs or that a
    /// second signal cuts short loses nothing.
    async fn close(&mut self, context: &mut Context) {
        let close = tokio::time::timeout(CLOSING, async {
            if self.locks {
                // If that fails, they are locked after a time.
                let _ = self.conversation.ask(Command::Lock).await;
            }
            self.conversation.close().await;
        });
        let _ = context.interrupt.or(close).await;
    }
}

async fn open(context: &mut Context, access: Access, reach: Reach) -> Result<Service, Failure> {
    password::tried(context, |settings, password| {
        // A command ends by itself, and what it shows for review has an end of its own.
        let settings = Settings { idle_lock: None, ..settings.clone() };
        Service::open(&settings, password, access, reach)
    })
    .await
}

/// A reply of another kind than the command asks for: the two floors disagree.
#[must_use]
pub(crate) fn unexpected(reply: &Reply) -> Failure {
    // The kind alone: a reply's content is the wallet's.
    let kind = match reply {
        Reply::Holdings(_) => "holdings",
        Reply::Received(_) => "received",
        Reply::ReceivedSum(_) => "sum of what was received",
        Reply::Balance(_) => "balance",
        Reply::Address(_) => "address",
        Reply::Draft(_) => "draft",
        Reply::Drafts(_) => "drafts",
        Reply::Payment(_) => "payment",
        Reply::Psbt(_) => "psbt",
        Reply::Message(_) => "message",
        Reply::Sweep(_) => "sweep",
        Reply::History(_) => "history",
        Reply::Entries { .. } => "entries",
        Reply::Coins(_) => "coins",
        Reply::Addresses(_) => "addresses",
        Reply::Labels(_) => "labels",
        Reply::ImportedLabels(_) => "imported labels",
        Reply::Found(_) => "findings",
        Reply::Status(_) => "status",
        Reply::Wallet(_) => "wallet",
        Reply::Proof(_) => "proof",
        Reply::Transactions(_) => "transactions",
        Reply::Owner(_) => "owner",
        Reply::Block(_) => "block",
        Reply::Recalled(_) => "recalled",
        Reply::Applied(_) => "applied block",
        Reply::Judged(_) => "judgement",
        Reply::Fetched(_) => "whole block",
        Reply::Filters(_) => "filters",
        Reply::FilterHeader(_) => "filter header",
        Reply::Left(_) => "what left the chain",
        Reply::KnownAddresses(_) => "addresses of peers",
        Reply::KeyLayer(_) => "key layer",
        Reply::Teller(_) => "teller",
        Reply::Operation(_) => "operation",
        Reply::Imported(_) => "imported descriptors",
        Reply::Accounts(_) => "accounts",
        Reply::AccountKey(_) => "account key",
        Reply::Signing(_) => "what a device is asked to sign",
        Reply::Done => "done",
    };
    Failure::new(Kind::Bug, format!("the wallet answered with something else ({kind})"))
}

/// Whether there is any way to a peer.
///
/// # Errors
/// `no_peer`.
pub(crate) fn needs_peers(settings: &Settings) -> Result<(), Failure> {
    if settings.has_peers() {
        return Ok(());
    }
    Err(Failure::new(
        Kind::NoPeer,
        "no peer to ask, and this network has no DNS seeds to find one by: name a Bitcoin node \
         that serves compact filters with --connect HOST:PORT, or in config.toml",
    ))
}

/// How long a wallet may take to close.
const CLOSING: Duration = Duration::from_secs(10);
