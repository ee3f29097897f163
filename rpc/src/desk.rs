//! Owns `Desk`, one open wallet at which many ask at the same time.
//!
//! The one place that knows how a daemon holds its wallets: what a call changes is asked for on
//! behalf of whoever makes the call. Refuses to judge questions and answers.

use std::sync::Arc;

use billfold_wallet_core::command::{Authority, Command, CommandError, Order, Reply};
use billfold_wallet_core::config::WalletName;
use billfold_wallet_core::event::{Event, News};
use billfold_wallet_core::face::{Face, Listener};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};
use tokio::time::sleep;

use crate::branches::Shelf;
use crate::limits::{ROOM_TRIES, ROOM_WAIT, WAITING_QUESTIONS, WAITING_READINGS};
use crate::turns::Turns;

/// The turn at paying, until it is dropped.
pub type PayingTurn = OwnedMutexGuard<()>;

/// An open wallet, to be shared.
#[derive(Clone)]
pub struct Desk {
    face: Arc<dyn Face>,
    wallet: WalletName,
    /// Who finds no room waits here, in the order in which they came, instead of being sent away.
    room: Arc<Semaphore>,
    /// The same of those who only read, which another thread answers (record 0351).
    reading_room: Arc<Semaphore>,
    turns: Arc<Turns>,
    payer: Arc<Mutex<()>>,
    shelf: Arc<Shelf>,
    by: Option<Authority>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("wallet", &self.wallet).finish_non_exhaustive()
    }
}

impl Desk {
    /// A desk for a wallet that the face has open.
    #[must_use]
    pub fn new(face: Arc<dyn Face>, wallet: WalletName) -> Self {
        let [room, reading_room] =
            [WAITING_QUESTIONS, WAITING_READINGS].map(|places| Arc::new(Semaphore::new(places)));
        let (turns, payer, shelf) = (Arc::default(), Arc::default(), Arc::default());
        Self { face, wallet, room, reading_room, turns, payer, shelf, by: None }
    }

    /// The same desk, for a call that is made with this right.
    #[must_use]
    pub fn on_behalf_of(&self, by: Authority) -> Self {
        Self { by: Some(by), ..self.clone() }
    }

    /// The same desk, for what the daemon does by itself.
    #[must_use]
    pub fn by_itself(&self) -> Self {
        Self { by: None, ..self.clone() }
    }

    /// With what right it is asked.
    #[must_use]
    pub const fn authority(&self) -> Option<&Authority> {
        self.by.as_ref()
    }

    /// Whose turn it is at a key.
    #[must_use]
    pub fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Waits until no other payment of the wallet is between its draft and its signature, in the
    /// order in which they came. A draft holds its coins, and its change is there once it is signed:
    /// who drafted meanwhile would find no money where there is plenty. Not for who waits for a device
    /// or a person meanwhile.
    pub async fn paying(&self) -> PayingTurn {
        Arc::clone(&self.payer).lock_owned().await
    }

    /// The descriptors of the wallet that were read.
    #[must_use]
    pub const fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }

    /// The wallet.
    #[must_use]
    pub const fn wallet(&self) -> &WalletName {
        &self.wallet
    }

    /// The wallet's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.wallet.as_str()
    }

    /// Listens to what happens from here on.
    #[must_use]
    pub fn listen(&self) -> Box<dyn Listener> {
        self.face.listen()
    }

    /// Waits until a listener hears what may stand in the wallet's journal; false once all is
    /// closed.
    pub async fn hears(&self, listener: &mut dyn Listener) -> bool {
        while let Some(News { wallet, event }) = listener.next().await {
            let is_ours = wallet.is_none_or(|wallet| wallet == self.wallet);
            let is_kept = matches!(
                event,
                Event::Transaction(_)
                    | Event::Invoice(_)
                    | Event::Reorganised { .. }
                    | Event::Missed { .. }
            );
            if is_ours && is_kept {
                return true;
            }
        }
        false
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// What the wallet answered, or [`CommandError::Closing`].
    pub async fn ask(&self, command: Command) -> Result<Reply, CommandError> {
        let room = if command.reading().is_some() { &self.reading_room } else { &self.room };
        let command = match &self.by {
            Some(by) if command.changes() => {
                Command::Ordered(Box::new(Order { by: by.clone(), command }))
            }
            _ => command,
        };
        let _place = room.acquire().await.map_err(|_| CommandError::Closing)?;
        self.face.ask(&self.wallet, command).await
    }

    /// The same of what must not be lost because too many ask at that moment.
    ///
    /// # Errors
    /// What the wallet answered; [`CommandError::Busy`] if there was no room for minutes.
    pub async fn ask_until_room(&self, command: Command) -> Result<Reply, CommandError> {
        for _ in 0..ROOM_TRIES {
            match self.ask(command.clone()).await {
                // Nobody says when there is room again: each answer makes some.
                Err(CommandError::Busy) => sleep(ROOM_WAIT).await,
                told => return told,
            }
        }
        self.ask(command).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use billfold_wallet_core::light_client::height::Height;

    use super::*;
    use crate::puppet::Puppet;

    static REFUSED: AtomicUsize = AtomicUsize::new(0);

    /// What a device has signed would be lost because others ask much.
    #[tokio::test(start_paused = true)]
    async fn what_must_not_be_lost_waits_for_room() {
        let puppet = Puppet::new(|_| {
            let before = REFUSED.fetch_add(1, Ordering::SeqCst);
            Some(if before < 1_000 { Err(CommandError::Busy) } else { Ok(Reply::Done) })
        });
        let desk = Desk::new(Arc::new(puppet), WalletName::default());
        assert_eq!(desk.ask(Command::Balance).await, Err(CommandError::Busy));
        assert_eq!(desk.ask_until_room(Command::Balance).await, Ok(Reply::Done));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_room_for_ever() {
        let puppet = Puppet::new(|_| Some(Err(CommandError::Busy)));
        let desk = Desk::new(Arc::new(puppet), WalletName::default());
        assert_eq!(desk.ask_until_room(Command::Balance).await, Err(CommandError::Busy));
    }

    static UNANSWERED: AtomicUsize = AtomicUsize::new(0);

    #[tokio::test]
    async fn no_more_ask_at_once_than_the_wallet_takes() {
        let puppet = Puppet::new(|command| {
            let Command::Rescan { from: Some(asked) } = command else { return None };
            let before = UNANSWERED.fetch_add(1, Ordering::SeqCst);
            assert!(before < WAITING_QUESTIONS, "one more than there is room for");
            Some(Err(CommandError::HeightAboveTip { asked: *asked, tip: Height::GENESIS }))
        })
        .answering_later(|| {
            UNANSWERED.fetch_sub(1, Ordering::SeqCst);
        });
        let desk = Arc::new(Desk::new(Arc::new(puppet), WalletName::default()));
        let asking = (0..10 * WAITING_QUESTIONS).map(|number| {
            let desk = Arc::clone(&desk);
            let asked = Height::new(u32::try_from(number).expect("small"));
            tokio::spawn(async move {
                let answer = desk.ask(Command::Rescan { from: Some(asked) }).await;
                assert_eq!(
                    answer,
                    Err(CommandError::HeightAboveTip { asked, tip: Height::GENESIS })
                );
            })
        });
        for asked in asking.collect::<Vec<_>>() {
            asked.await.expect("each gets its own answer");
        }
        assert_eq!(UNANSWERED.load(Ordering::SeqCst), 0);
    }
}
