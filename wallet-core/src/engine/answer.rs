//! Owns the answers to commands: each calls the wallet and stages what must be durable first.
//!
//! Refuses to say anything itself: the engine tells the answer after the commit.

use bitcoin::{BlockHash, Txid};

use crate::backup::Backup;
use crate::command::{
    BlockQuery, BumpRequest, ChainQuery, Command, CommandError, KeyLayerState, PayRequest, Proof,
    Reply, StoreProblem,
};
use crate::engine::around::Around;
use crate::engine::chain_side::Chain;
use crate::engine::course::Course;
use crate::engine::follower::Follower;
use crate::engine::{Effect, Engine, draw};
use crate::light_client::height::Height;
use crate::light_client::input::Input as ClientInput;
use crate::light_client::status::Status;
use crate::light_client::time::{Now, WallTime};
use crate::signers::key_layer::OpenKeys;
use crate::vault::SeedKey;
use crate::wallet::{Drafted, Inclusion, Standing};
use crate::wallet_name::WalletName;

/// What comes of a command.
type Outcome = Result<Reply, CommandError>;

impl Engine {
    /// Carries out a command; what it staged is committed before the answer is told.
    pub(super) fn answer(&mut self, now: Now, name: &WalletName, command: Command) -> Outcome {
        let (one, around) = self.attend(now, name, &command)?;
        match command {
            Command::Balance
            | Command::History(_)
            | Command::Transactions(_)
            | Command::Records(_)
            | Command::Entries { .. }
            | Command::Coins(_)
            | Command::Holdings { .. }
            | Command::Received(_)
            | Command::ReceivedSum(_)
            | Command::Addresses(_)
            | Command::Owner(_)
            | Command::Labels(_)
            | Command::Left(_)
            | Command::Applied
            | Command::Describe => one.read(&command, &around),
            Command::Status => Ok(Reply::Status(Box::new(self.status(name)?))),
            Command::Rescan { from } => self.rescan(now, name, from),
            Command::Import(_) | Command::Operation(_) => self.search(now, name, &command),
            Command::Signing(signing) => one.by_device(&around, &signing),
            Command::Account(command) => self.account(now, name, &command),
            Command::Sweep(request) => self.begin_sweep(now, name, &request),
            Command::Receive { .. } | Command::Issue { .. } => one.give_address(now.wall, &command),
            Command::Draft(request) => one.draft(&around, &request),
            Command::Bump(request) => one.bump(&around, &request),
            Command::Sign(draft) => one.sign(&around, draft),
            Command::HandOut(draft) => one.hand_out(&around, draft),
            Command::Drop(draft) => one.wallet.drop_draft(draft).map(|()| Reply::Done),
            Command::Drafts => Ok(Reply::Drafts(one.wallet.drafts(&around.moment())?)),
            Command::Abandon(txid) => one.abandon(&around, txid),
            Command::Freeze { .. } | Command::AvoidReuse(_) => one.spare(&command),
            Command::ReviewPsbt(psbt) => one.review(&around, &psbt),
            Command::FillPsbt(psbt) => one.fill(&around, *psbt),
            Command::ReviewTransaction(signed) => one.review_transaction(&around, *signed),
            Command::SignPsbt(psbt) => one.sign_psbt(&around, &psbt),
            Command::HoldPsbt(psbt) => one.hold_psbt(&around, &psbt),
            Command::AnnouncePsbt(psbt) => one.announce_psbt(&around, &psbt),
            Command::SignMessage { address, message, newer } => {
                one.sign_message(&address, &message, newer)
            }
            Command::DraftSweep { fee, most_fee } => one.draft_sweep(&around, fee, most_fee),
            Command::Label { .. } | Command::ImportLabels(_) => one.label(&command),
            Command::Search { text, limit } => Ok(Reply::Found(one.wallet.search(&text, limit)?)),
            Command::Block(query) => block(&self.chain, query),
            Command::Prove(txid) => one.prove(&around, txid),
            Command::Ordered(order) => self.carry_out(now, name, *order),
            Command::Teller(command) => one.tell(&around, &command),
            Command::Recall(_) | Command::Remember { .. } => one.keyed(&command),
            Command::WordsChecked | Command::KeyLayer | Command::Lock => {
                one.about_keys(now, &command)
            }
            Command::Present => Ok(Reply::Done),
        }
    }

    /// Imports, or does what concerns operations.
    fn search(
        &mut self,
        now: Now,
        name: &WalletName,
        command: &Command,
    ) -> Result<Reply, CommandError> {
        match command {
            Command::Import(imports) => self.import(now, name, imports),
            Command::Operation(command) => self.operate(now, name, *command),
            _ => Ok(Reply::Done),
        }
    }

    /// The wallet of this name, of which somebody may be there who asks, and what is around it.
    fn attend(
        &mut self,
        now: Now,
        name: &WalletName,
        command: &Command,
    ) -> Result<(&mut Follower, Around<'_>), CommandError> {
        let entropy = self.entropy();
        let not_loaded = || CommandError::NotLoaded(name.clone());
        let one = self.followers.get_mut(name).ok_or_else(not_loaded)?;
        if command.shows_a_person() {
            one.keys.touch(now);
        }
        let tip = self.chain.tip();
        if !one.wallet.ends_at(tip) {
            match &self.chain {
                Chain::Followed(chain) if chain.client.is_at_tip() => {
                    one.meet_end(tip, self.chain.end())?;
                }
                // A chain that is fetched anew ends low for a while: what nodes hold waits for nothing.
                Chain::Followed(_) | Chain::Stored(_) => one.wallet.set_end(tip, self.chain.end()),
            }
        }
        Ok((one, Around { now, entropy, chain: &self.chain }))
    }

    /// What is known of the chain, whichever wallets are open.
    pub(super) fn answer_of_chain(
        &mut self,
        now: Now,
        query: ChainQuery,
    ) -> Result<Reply, CommandError> {
        match query {
            ChainQuery::Status => Ok(Reply::Status(Box::new(self.chain.status()))),
            ChainQuery::Block(query) => block(&self.chain, query),
            // It is answered when the block is here, or the filters are.
            ChainQuery::Fetch(_) | ChainQuery::Filters(_) => Err(CommandError::Busy),
            ChainQuery::FilterHeader(hash) => {
                let client = &mut self.chain.followed_mut().ok_or(CommandError::Offline)?.client;
                let block = client.known_block(&hash);
                Ok(Reply::FilterHeader(block.and_then(|block| client.filter_header(block.id))))
            }
            // Whoever owns the clock has set it: what was due by the time before is no more.
            ChainQuery::SetTime(_) => {
                self.followers.values_mut().for_each(|one| one.invoicing.look_again());
                Ok(Reply::Done)
            }
            ChainQuery::Judge { block, valid } => self.judge(block, valid),
            ChainQuery::Addresses => {
                let chain = self.chain.followed().ok_or(CommandError::Offline)?;
                Ok(Reply::KnownAddresses(chain.client.known_addresses(now.wall)))
            }
            ChainQuery::Order(order) => {
                self.chain.followed().ok_or(CommandError::Offline)?;
                self.after_commit.push_back(ClientInput::Order(order));
                Ok(Reply::Done)
            }
            ChainQuery::Applied => Ok(Reply::Applied(self.seen_by_all())),
        }
    }

    /// Leaves the branch of a block, or takes it again.
    fn judge(&mut self, block: BlockHash, valid: bool) -> Outcome {
        let client = &self.chain.followed().ok_or(CommandError::Offline)?.client;
        let (known, input) = if valid {
            (client.is_doubted(&block), ClientInput::Reconsider(block))
        } else {
            (client.fork_of(&block).is_some(), ClientInput::Invalidate(block))
        };
        self.after_commit.push_back(input);
        Ok(Reply::Judged(known))
    }

    /// Everything about a wallet that the chain can't give back.
    ///
    /// # Errors
    /// As [`Face::backup`](crate::face::Face::backup).
    pub fn backup(&self, name: &WalletName, now: WallTime) -> Result<Backup, CommandError> {
        let not_loaded = || CommandError::NotLoaded(name.clone());
        let one = self.followers.get(name).ok_or_else(not_loaded)?;
        if one.wallet.accounts().is_empty() {
            return Err(CommandError::NoAccounts);
        }
        let backup = one.wallet.backup(now)?;
        match one.keys.open(&one.wallet.sealed_keys()?, one.wallet.network()) {
            Ok(OpenKeys { seed, held }) => Ok(Backup { seed, held, ..backup }),
            Err(CommandError::WatchOnly) => Ok(backup),
            Err(error) => Err(error),
        }
    }

    /// Puts a wallet's key layer under a passphrase. With a new key all keys are sealed anew, and the
    /// layer is locked.
    pub(super) fn protect(
        &mut self,
        name: &WalletName,
        sealed: &[u8],
        key: Option<SeedKey>,
    ) -> Result<Reply, CommandError> {
        let entropy = self.entropy();
        let not_loaded = || CommandError::NotLoaded(name.clone());
        let one = self.followers.get_mut(name).ok_or_else(not_loaded)?;
        if !one.wallet.takes_keys() {
            return Err(CommandError::WatchOnly);
        }
        if let Some(key) = key {
            let (before, network) = (one.wallet.sealed_keys()?, one.wallet.network());
            let after = if before.is_empty() {
                before
            } else {
                let mut numbers = 0..;
                let drawn = || draw(&entropy, numbers.next().unwrap_or(u64::MAX));
                one.keys.open(&before, network)?.seal(&key, drawn)
            };
            one.wallet.reseal(&after, sealed)?;
            one.lock();
        } else {
            one.wallet.set_passphrase(sealed)?;
        }
        Ok(Reply::Done)
    }

    /// What the light client knows, and how far this wallet has come.
    fn status(&self, name: &WalletName) -> Result<Status, StoreProblem> {
        let status = self.chain.status();
        let Some(one) = self.followers.get(name) else { return Ok(status) };
        Ok(match &self.chain {
            Chain::Followed(chain) if !one.is_behind() => {
                // A wallet that is behind makes no other one less synced.
                let level = self.followers.len() > 1 && chain.client.is_at_tip();
                let synced = status.synced || (level && one.is_synced_at(status.tip)?);
                Status { synced, ..status }
            }
            _ => Status { cursor: one.wallet.cursor()?, synced: false, ..status },
        })
    }

    /// A scan that begins below the headers' base needs headers from lower down, so a new light
    /// client. Beside other wallets the scan goes on for them.
    fn rescan(
        &mut self,
        now: Now,
        name: &WalletName,
        from: Option<Height>,
    ) -> Result<Reply, CommandError> {
        let tip = self.chain.tip().height;
        if let Some(asked) = from.filter(|asked| *asked > tip) {
            return Err(CommandError::HeightAboveTip { asked, tip });
        }
        let seed = self.entropy();
        let alone = self.followers.len() == 1;
        let Some(one) = self.followers.get_mut(name) else { return Ok(Reply::Done) };
        let chain = self.chain.followed();
        one.wallet.rescan_from(from, |time| match chain {
            Some(chain) => chain.client.first_block_since(time),
            // Whoever follows no chain knows no times.
            None => Height::GENESIS,
        })?;
        one.changed = true;
        let start = one.wallet.scan_start()?;
        let Some(chain) = self.chain.followed_mut() else { return Ok(Reply::Done) };
        if chain.lower(&mut self.followers, None, seed, now) {
            self.effects.push(Effect::Restart);
            self.introduce(now);
        } else if alone {
            self.followers.values_mut().for_each(|one| one.course = Course::Level);
            self.after_commit.push_back(ClientInput::Rescan(start));
        } else {
            self.join(name, true);
        }
        Ok(Reply::Done)
    }
}

/// A block of the best chain, if that is followed.
fn block(chain: &Chain, query: BlockQuery) -> Result<Reply, CommandError> {
    let client = &chain.followed().ok_or(CommandError::Offline)?.client;
    let hash = match query {
        BlockQuery::Hash(hash) => Some(hash),
        BlockQuery::Height(height) => client.block_at(height).map(|block| block.hash),
    };
    let block = hash.and_then(|hash| client.known_block(&hash));
    Ok(Reply::Block(block.map(Box::new)))
}

impl Follower {
    fn give_address(&mut self, now: WallTime, command: &Command) -> Result<Reply, CommandError> {
        let given = match command {
            Command::Receive { amount, note, expires, fresh } => {
                let expires = expires.map(WallTime::new);
                self.wallet.receive(*amount, note.as_deref(), expires, *fresh, now)?
            }
            Command::Issue { account, branch, note } => {
                self.wallet.issue_at(account, *branch, note.as_deref(), now)?
            }
            _ => return Ok(Reply::Done),
        };
        self.changed = true;
        Ok(Reply::Address(given))
    }

    /// Says which coins are left alone.
    fn spare(&mut self, command: &Command) -> Result<Reply, CommandError> {
        match command {
            Command::Freeze { outpoints, frozen } => self.wallet.set_frozen(outpoints, *frozen)?,
            Command::AvoidReuse(avoids) => self.wallet.set_avoids_reuse(*avoids)?,
            _ => {}
        }
        Ok(Reply::Done)
    }

    fn read(&self, command: &Command, around: &Around<'_>) -> Result<Reply, CommandError> {
        let reading = command.reading().expect("whoever calls it asks for what is read");
        let (tip, now) = around.place();
        self.wallet.read(&reading, Standing { tip, applied: self.applied, now })
    }

    fn abandon(&mut self, around: &Around<'_>, txid: Txid) -> Result<Reply, CommandError> {
        let changes = self.wallet.abandon(txid, around.now.wall)?;
        self.say_changes(changes)?;
        Ok(Reply::Done)
    }

    /// How the keys stand; or locks them, or notes that their words are known to be written down.
    fn about_keys(&mut self, now: Now, command: &Command) -> Result<Reply, CommandError> {
        match command {
            Command::WordsChecked => self.wallet.note_words_checked(now.wall)?,
            Command::Lock => self.lock(),
            _ => return self.key_layer(now),
        }
        Ok(Reply::Done)
    }

    fn key_layer(&self, now: Now) -> Result<Reply, CommandError> {
        let has_passphrase = self.wallet.passphrase()?.is_some();
        let (state, locks_in) = (self.keys.state(), self.keys.locks_in(now.mono));
        Ok(Reply::KeyLayer(KeyLayerState { has_passphrase, state, locks_in }))
    }

    /// Writes labels.
    fn label(&mut self, command: &Command) -> Result<Reply, CommandError> {
        match command {
            Command::Label { reference, label } => {
                let label = self.wallet.set_label(reference, label.as_deref())?;
                Ok(Reply::Labels(vec![label]))
            }
            Command::ImportLabels(import) => {
                Ok(Reply::ImportedLabels(Box::new(self.wallet.import_labels(import)?)))
            }
            _ => Ok(Reply::Done),
        }
    }

    fn draft(&mut self, around: &Around<'_>, request: &PayRequest) -> Result<Reply, CommandError> {
        self.changed = true;
        let moment = self.moment(around);
        let made = self.wallet.draft(request, &moment)?;
        self.within_limits(around, made, request.dry_run)
    }

    fn bump(&mut self, around: &Around<'_>, request: &BumpRequest) -> Result<Reply, CommandError> {
        self.changed = true;
        let moment = self.moment(around);
        if let Some(id) = moment.request.as_ref().filter(|_| !request.dry_run)
            && let Some(made) = self.wallet.made_by(id, &moment)?
        {
            return self.within_limits(around, made, false);
        }
        let made = Drafted::Draft(Box::new(self.wallet.bump(request, &moment)?));
        self.within_limits(around, made, request.dry_run)
    }

    fn prove(&self, around: &Around<'_>, txid: Txid) -> Result<Reply, CommandError> {
        let Inclusion { transaction, block, branch } = self.wallet.inclusion(txid)?;
        let chain = around.chain.followed().ok_or(CommandError::Offline)?;
        let evidence = chain.client.evidence(block).ok_or(CommandError::NotConfirmed(txid))?;
        Ok(Reply::Proof(Box::new(Proof { transaction, block, branch, evidence })))
    }
}
