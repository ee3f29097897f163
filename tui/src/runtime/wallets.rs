//! Owns the questions that the screens ask of wallets: each is asked beside the others, and its answer
//! comes back with its ticket.

use std::sync::Arc;

use billfold_wallet_core::entropy::EntropyError;
use billfold_wallet_core::face::{Access, Face};
use billfold_wallet_core::founding::Founding;
use billfold_wallet_core::net::clock::Clock;
use billfold_wallet_core::seed::{WordCount, Words, quiz};
use billfold_wallet_core::vault::KdfCost;
use billfold_wallet_core::wallet_name::WalletName;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use crate::effect::{Answer, Effect, Fresh, Ticket};

/// Asks wallets.
pub(super) struct Wallets {
    face: Arc<dyn Face>,
    answers: UnboundedSender<(Ticket, Answer)>,
    /// Those that are being closed.
    closing: Vec<JoinHandle<()>>,
}

impl Wallets {
    /// Asks those of a face.
    pub(super) const fn new(
        face: Arc<dyn Face>,
        answers: UnboundedSender<(Ticket, Answer)>,
    ) -> Self {
        Self { face, answers, closing: Vec::new() }
    }

    /// Carries out what is asked of wallets; what is not comes back.
    pub(super) fn carry_out(&mut self, effect: Effect) -> Option<Effect> {
        let (face, answers) = (Arc::clone(&self.face), self.answers.clone());
        // Nobody may be there for the answer any more.
        let told = move |ticket, answer| drop(answers.send((ticket, answer)));
        match effect {
            Effect::Ask { ticket, wallet, command } => {
                tokio::spawn(async move {
                    told(ticket, Answer::Reply(face.ask(&wallet, *command).await));
                });
            }
            Effect::Load { ticket, wallet, password } => {
                let closing = std::mem::take(&mut self.closing);
                tokio::spawn(async move {
                    // It may be the one that is being closed.
                    rest(closing).await;
                    let opened = face.load(&wallet, password, Access::View).await;
                    told(ticket, Answer::Opened(opened));
                });
            }
            Effect::Unlock { ticket, wallet, password, lasts } => {
                tokio::spawn(async move {
                    told(ticket, Answer::Opened(face.unlock(&wallet, password, lasts).await));
                });
            }
            Effect::Words { ticket, count } => told(ticket, Answer::Words(fresh(count))),
            Effect::Found { ticket, wallet, mut founding, checked } => {
                if let (Founding::Keys(new), true) = (&mut *founding, checked) {
                    new.words_checked = Some(Clock::start().now().wall);
                }
                tokio::spawn(async move {
                    // It measures the machine for half a second.
                    let cost = tokio::task::spawn_blocking(KdfCost::calibrated).await;
                    let cost = cost.unwrap_or_else(|_| KdfCost::calibrated());
                    let founded = face.found(&wallet, *founding, cost).await;
                    told(ticket, Answer::Founded(founded.map(Box::new)));
                });
            }
            Effect::Unload { ticket, wallet } => {
                self.closing.retain(|closing| !closing.is_finished());
                let closing = tokio::spawn(async move {
                    // Whatever is wrong with it, it is not open any more.
                    drop(face.unload(&wallet).await);
                    told(ticket, Answer::Closed);
                });
                self.closing.push(closing);
            }
            Effect::Wallets { ticket } => {
                tokio::spawn(async move { told(ticket, Answer::Wallets(named(&*face).await)) });
            }
            other => return Some(other),
        }
        None
    }
}

/// All wallets, and whether they are open.
async fn named(face: &dyn Face) -> Result<Vec<(WalletName, bool)>, String> {
    let open = face.wallets().await.map_err(|error| error.to_string())?;
    let all = face.all_wallets().await.map_err(|error| error.to_string())?;
    Ok(all.into_iter().map(|name| (name.clone(), open.contains(&name))).collect())
}

impl Wallets {
    /// Waits until those are closed that were asked to be.
    pub(super) async fn are_closed(&mut self) {
        rest(std::mem::take(&mut self.closing)).await;
    }
}

async fn rest(closing: Vec<JoinHandle<()>>) {
    for one in closing {
        // A task that panicked holds nothing any more.
        let _ = one.await;
    }
}

/// Fresh words, and which of them will be asked for.
fn fresh(count: WordCount) -> Result<Fresh, EntropyError> {
    let words = Words::generate(count)?;
    let places = quiz::places(words.iter().count())?;
    Ok(Fresh { words, places, made: Clock::start().now().wall })
}
