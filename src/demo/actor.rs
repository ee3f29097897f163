//! Owns one wallet of the story, used as a person would: through the commands of a face.

use std::fmt::Display;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

use billfold_wallet_core::command::{
    Balance, BumpRequest, BumpWay, Command, DraftId, FeeChoice, HistoryQuery, Hold, IssuedAddress,
    PayAmount, PayRequest, Payment, PaymentState, Recipient, Reply, WalletDescription,
};
use billfold_wallet_core::config::Settings;
use billfold_wallet_core::event::Event;
use billfold_wallet_core::face::Conversation;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::service::{Access, CreateError, Reach, Service};
use billfold_wallet_core::vault::Password;
use bitcoin::{Address, Amount, BlockHash, FeeRate, Network, Psbt, Txid};

use crate::failure::{Failure, Kind};
use crate::session::unexpected;

/// A wallet with its owner's name.
pub(super) struct Actor {
    name: &'static str,
    settings: Settings,
    access: Access,
    conversation: Conversation,
}

impl Actor {
    /// Has a wallet made in a directory of its own, and opens it.
    pub(super) fn create(
        name: &'static str,
        dir: &Path,
        peer: PeerAddress,
        access: Access,
        make: impl FnOnce(&Settings) -> Result<WalletDescription, CreateError>,
    ) -> Result<(Self, WalletDescription), Failure> {
        let settings =
            Settings { connect: vec![peer], ..Settings::new(Network::Regtest, dir.join(name)) };
        let description = make(&settings)?;
        let conversation = open(&settings, access)?;
        Ok((Self { name, settings, access, conversation }, description))
    }

    /// Closes the wallet and opens it again from disk.
    pub(super) async fn restart(&mut self) -> Result<(), Failure> {
        within("the wallet closed", self.conversation.close()).await?;
        self.conversation = open(&self.settings, self.access)?;
        Ok(())
    }

    /// Closes the wallet.
    pub(super) async fn close(mut self) -> Result<(), Failure> {
        within("the wallet closed", self.conversation.close()).await
    }

    /// Waits until the wallet has followed the chain to this tip.
    pub(super) async fn follow(&mut self, tip: BlockHash) -> Result<(), Failure> {
        let what = format!("{} at block {tip}", self.name);
        within(&what, async {
            loop {
                match self.ask(Command::Status).await? {
                    Reply::Status(status) if status.synced && status.tip.hash == tip => {
                        return Ok(());
                    }
                    Reply::Status(_) => self.news().await?,
                    reply => return Err(unexpected(&reply)),
                }
            }
        })
        .await?
    }

    /// What the wallet has.
    pub(super) async fn balance(&mut self) -> Result<Balance, Failure> {
        match self.ask(Command::Balance).await? {
            Reply::Balance(balance) => Ok(balance),
            reply => Err(unexpected(&reply)),
        }
    }

    /// Where the wallet can be paid.
    pub(super) async fn address(&mut self) -> Result<IssuedAddress, Failure> {
        let receive = Command::Receive { amount: None, note: None, expires: None, fresh: false };
        match self.ask(receive).await? {
            Reply::Address(address) => Ok(address),
            reply => Err(unexpected(&reply)),
        }
    }

    /// Drafts, signs and announces a payment.
    pub(super) async fn pay(&mut self, to: Address, amount: Amount) -> Result<Payment, Failure> {
        let draft = self.draft(payment(to, amount)).await?;
        self.sign(draft).await
    }

    /// Drafts a payment that others sign.
    pub(super) async fn hand_out(&mut self, to: Address, amount: Amount) -> Result<Psbt, Failure> {
        let draft = self.draft(payment(to, amount)).await?;
        match self.ask(Command::HandOut(draft)).await? {
            Reply::Psbt(review) => Ok(review.psbt),
            reply => Err(unexpected(&reply)),
        }
    }

    /// Announces a payment that others have signed.
    pub(super) async fn announce(&mut self, signed: Psbt) -> Result<Payment, Failure> {
        match self.ask(Command::AnnouncePsbt(Box::new(signed))).await? {
            Reply::Payment(payment) => Ok(*payment),
            reply => Err(unexpected(&reply)),
        }
    }

    /// Gives up what is drafted and not signed; how many drafts that were.
    pub(super) async fn give_up(&mut self) -> Result<usize, Failure> {
        let drafts = match self.ask(Command::Drafts).await? {
            Reply::Drafts(drafts) => drafts,
            reply => return Err(unexpected(&reply)),
        };
        for draft in &drafts {
            self.ask(Command::Drop(draft.id)).await?;
        }
        Ok(drafts.len())
    }

    /// Replaces a payment by the same one at a higher fee, signed and announced.
    pub(super) async fn bump(&mut self, txid: Txid) -> Result<Payment, Failure> {
        let request = BumpRequest {
            txid,
            way: BumpWay::Replace,
            fee: FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(10)),
            most_fee: None,
            hold: Hold::Briefly,
            dry_run: false,
        };
        let draft = self.draft(Command::Bump(request)).await?;
        self.sign(draft).await
    }

    /// How far a payment is, if the wallet knows it.
    pub(super) async fn state(&mut self, txid: Txid) -> Result<Option<PaymentState>, Failure> {
        match self.ask(Command::History(HistoryQuery::default())).await? {
            Reply::History(rows) => {
                Ok(rows.into_iter().find(|row| row.txid == txid).map(|row| row.state))
            }
            reply => Err(unexpected(&reply)),
        }
    }

    async fn draft(&mut self, command: Command) -> Result<DraftId, Failure> {
        match self.ask(command).await? {
            Reply::Draft(draft) => Ok(draft.id),
            reply => Err(unexpected(&reply)),
        }
    }

    /// Signs a draft, and announces it.
    async fn sign(&mut self, draft: DraftId) -> Result<Payment, Failure> {
        match self.ask(Command::Sign(draft)).await? {
            Reply::Payment(payment) => Ok(*payment),
            reply => Err(unexpected(&reply)),
        }
    }

    async fn ask(&mut self, command: Command) -> Result<Reply, Failure> {
        within("an answer", self.conversation.ask(command)).await?.map_err(Failure::from)
    }

    /// Waits until something happens.
    async fn news(&mut self) -> Result<(), Failure> {
        match self.conversation.next_event().await {
            Some(Event::Stopped { error }) => Err(error.into()),
            Some(_) => Ok(()),
            None => Err(expected("a running wallet", "one that closed by itself")),
        }
    }
}

fn payment(to: Address, amount: Amount) -> Command {
    let amount = PayAmount::Exactly(amount);
    Command::Draft(Box::new(PayRequest {
        recipients: vec![Recipient { address: to, amount, note: None }],
        fee: FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(2)),
        ..PayRequest::default()
    }))
}

/// Fails unless the two are equal.
pub(super) fn check<T: PartialEq + Display>(
    what: &str,
    expectation: &T,
    seen: &T,
) -> Result<(), Failure> {
    if expectation == seen {
        return Ok(());
    }
    Err(expected(&format!("{what}: {expectation}"), &seen.to_string()))
}

/// A step that went wrong.
pub(super) fn expected(expectation: &str, seen: &str) -> Failure {
    Failure::new(Kind::DemoFailed, format!("expected {expectation}, saw {seen}"))
        .with("expected", expectation)
        .with("seen", seen)
}

/// Waits for what should happen at once, and fails if it does not.
pub(super) async fn within<T>(what: &str, work: impl Future<Output = T>) -> Result<T, Failure> {
    let waited = format!("nothing of it in {} s", STEP_TIME.as_secs());
    tokio::time::timeout(STEP_TIME, work).await.map_err(|_elapsed| expected(what, &waited))
}

/// The password of the story's wallets, whose money is play money.
pub(super) fn password() -> Result<Password, Failure> {
    Ok(Password::new("play money")?)
}

fn open(settings: &Settings, access: Access) -> Result<Conversation, Failure> {
    let service = Service::open(settings, &password()?, access, Reach::Online)?;
    Ok(Conversation::new(service, settings.wallet.clone()))
}

/// How long one step may take: many times what it takes on a slow machine.
const STEP_TIME: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn step_that_went_wrong_says_what_was_expected_and_seen() {
        assert!(check("Bob's coins", &2, &2).is_ok());
        let failure = check("Bob's coins", &2, &1).expect_err("they differ");
        assert_eq!(failure.kind(), Kind::DemoFailed);
        assert_eq!(failure.message(), "expected Bob's coins: 2, saw 1");
        let details = json!({"expected": "Bob's coins: 2", "seen": "1"});
        let form = serde_json::to_value(failure.form()).expect("JSON");
        assert_eq!(form["error"]["data"], details);
    }
}
