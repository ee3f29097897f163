//! Owns the answers to commands: each calls the wallet and stages what must be durable first.
//!
//! Refuses to say anything itself: the engine tells the answer after the commit.

use bitcoin::Txid;

use crate::command::{BumpRequest, Command, CommandError, LabelImport, PayRequest, Proof, Reply};
use crate::engine::{Effect, Engine};
use crate::event::Event;
use crate::light_client::fees::FeeReport;
use crate::light_client::height::Height;
use crate::light_client::input::Input as ClientInput;
use crate::light_client::time::{Now, WallTime};
use crate::wallet::{DraftMoment, Drafted, Inclusion};

impl Engine {
    /// Carries out a command; what it staged is committed before the answer is told.
    pub(super) fn answer(&mut self, now: Now, command: Command) -> Result<Reply, CommandError> {
        let tip = self.chain.tip().height;
        if command.shows_a_person() {
            self.keys.touch(now);
        }
        match command {
            Command::Balance => Ok(Reply::Balance(self.wallet.balance(tip)?)),
            Command::Receive { amount, note, expires, fresh } => {
                self.changed = true;
                let (note, expires) = (note.as_deref(), expires.map(WallTime::new));
                let issued = self.wallet.receive(amount, note, expires, fresh, now.wall)?;
                Ok(Reply::Address(issued))
            }
            Command::Draft(request) => self.draft(now, &request),
            Command::Bump(request) => self.bump(now, &request),
            Command::Sign(draft) => self.sign(now, draft),
            Command::HandOut(draft) => self.hand_out(now, draft),
            Command::Drop(draft) => self.wallet.drop_draft(draft).map(|()| Reply::Done),
            Command::Drafts => {
                let moment = self.moment(now);
                Ok(Reply::Drafts(self.wallet.drafts(&moment)?))
            }
            Command::Freeze { outpoints, frozen } => {
                self.wallet.set_frozen(&outpoints, frozen).map(|()| Reply::Done)
            }
            Command::ReviewPsbt(psbt) => self.review(now, &psbt),
            Command::ReviewTransaction(signed) => self.review_transaction(now, *signed),
            Command::SignPsbt(psbt) => self.sign_psbt(now, &psbt),
            Command::HoldPsbt(psbt) => self.hold_psbt(now, &psbt),
            Command::AnnouncePsbt(psbt) => self.announce_psbt(now, &psbt),
            Command::SignMessage { address, message, newer } => {
                self.sign_message(&address, &message, newer)
            }
            Command::Sweep(request) => self.begin_sweep(now, &request),
            Command::DraftSweep { fee, most_fee } => self.draft_sweep(now, fee, most_fee),
            Command::History(query) => Ok(Reply::History(self.wallet.history_page(&query)?)),
            Command::Coins => Ok(Reply::Coins(self.wallet.coins(tip, now.wall)?)),
            Command::Addresses(query) => {
                Ok(Reply::Addresses(self.wallet.addresses(&query, now.wall)?))
            }
            Command::Labels(about) => Ok(Reply::Labels(self.wallet.labels(about.as_ref())?)),
            Command::Label { reference, label } => {
                let label = self.wallet.set_label(&reference, label.as_deref())?;
                Ok(Reply::Labels(vec![label]))
            }
            Command::ImportLabels(import) => self.import_labels(&import),
            Command::Search { text, limit } => Ok(Reply::Found(self.wallet.search(&text, limit)?)),
            Command::Status => Ok(Reply::Status(Box::new(self.status()?))),
            Command::Rescan { from } => self.rescan(now, from),
            Command::Describe => Ok(Reply::Wallet(Box::new(self.wallet.description()?))),
            Command::Prove(txid) => self.prove(txid),
            Command::Lock => {
                self.lock();
                Ok(Reply::Done)
            }
            Command::Present => Ok(Reply::Done),
        }
    }

    fn import_labels(&mut self, import: &LabelImport) -> Result<Reply, CommandError> {
        Ok(Reply::ImportedLabels(Box::new(self.wallet.import_labels(import)?)))
    }

    fn draft(&mut self, now: Now, request: &PayRequest) -> Result<Reply, CommandError> {
        self.changed = true;
        let moment = self.moment(now);
        Ok(match self.wallet.draft(request, &moment)? {
            Drafted::Draft(draft) => Reply::Draft(draft),
            Drafted::Payment(payment) => Reply::Payment(payment),
        })
    }

    fn bump(&mut self, now: Now, request: &BumpRequest) -> Result<Reply, CommandError> {
        self.changed = true;
        let moment = self.moment(now);
        Ok(Reply::Draft(Box::new(self.wallet.bump(request, &moment)?)))
    }

    fn lock(&mut self) {
        if self.keys.lock() {
            self.say(Event::Locked);
        }
    }

    /// What a draft is made of besides the request and the wallet.
    pub(super) fn moment(&mut self, now: Now) -> DraftMoment {
        let entropy = self.entropy();
        let fees = self.chain.followed().map(|chain| chain.client.status().fees);
        let fees = fees.unwrap_or(FeeReport::NOTHING);
        DraftMoment { now: now.wall, tip: self.chain.tip().height, entropy, fees }
    }

    fn prove(&self, txid: Txid) -> Result<Reply, CommandError> {
        let Inclusion { transaction, block, branch } = self.wallet.inclusion(txid)?;
        let chain = self.chain.followed().ok_or(CommandError::Offline)?;
        let evidence = chain.client.evidence(block).ok_or(CommandError::NotConfirmed(txid))?;
        Ok(Reply::Proof(Box::new(Proof { transaction, block, branch, evidence })))
    }

    /// A scan that begins below the headers' base needs headers from lower down, so a new light
    /// client.
    fn rescan(&mut self, now: Now, from: Option<Height>) -> Result<Reply, CommandError> {
        let tip = self.chain.tip().height;
        if let Some(asked) = from.filter(|asked| *asked > tip) {
            return Err(CommandError::HeightAboveTip { asked, tip });
        }
        let chain = self.chain.followed();
        self.wallet.rescan_from(from, |time| match chain {
            Some(chain) => chain.client.first_block_since(time),
            // Whoever follows no chain knows no times.
            None => Height::GENESIS,
        })?;
        self.changed = true;
        let seed = self.entropy();
        let Some(chain) = self.chain.followed_mut() else { return Ok(Reply::Done) };
        if chain.lower(&self.wallet, None, seed, now)? {
            self.effects.push(Effect::Restart);
            self.introduce(now)?;
        } else {
            self.after_commit.push_back(ClientInput::Rescan(self.wallet.scan_start()?));
        }
        Ok(Reply::Done)
    }
}
