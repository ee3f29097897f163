//! Owns a wallet that answers from fixed values, and a person who presses keys at its screens.

use std::time::Duration;

use billfold_wallet_core::command::{
    AccountDescription, AccountSearch, AddressRow, AddressStatus, AuditEntry, Balance,
    BalanceParts, Birthday, ChainSearch, Change, Coin, CoinQuery, Command, CommandError, Draft,
    DraftId, FeeBasis, FeeChoice, Finding, Happened, HistoryRow, InvoiceState, IssuedAddress,
    JournalEntry, KeyLayerState, KeyState, Limit, Mark, Matched, MessageForm, Operation,
    OperationCommand, OperationId, OperationState, PayAmount, Payment, PaymentState, PsbtOutput,
    PsbtReview, Purpose, Reach, Reference, Reply, SearchEnd, SearchReport, SignedMessage, Task,
    TellerCommand, TellerReading, TellerReply, TransactionRecord, WalletDescription, Warning,
};
use billfold_wallet_core::event::{Event, News};
use billfold_wallet_core::founding::Founding;
use billfold_wallet_core::keychain::{
    AccountDescriptor, AccountId, AccountKind, AccountName, Branch, DerivationIndex, KeychainId,
    ScriptType, SpendRule, StandardAccount,
};
use billfold_wallet_core::light_client::dial::{Purpose as Connection, Wire};
use billfold_wallet_core::light_client::height::{BlockId, Height};
use billfold_wallet_core::light_client::peer_id::PeerId;
use billfold_wallet_core::light_client::status::{Pace, PeerStatus, Status, Waiting};
use billfold_wallet_core::light_client::time::WallTime;
use billfold_wallet_core::open_error::OpenError;
use billfold_wallet_core::seed::{Seed, Words};
use billfold_wallet_core::signer_host::device::{About, Networks, State as DeviceState};
use billfold_wallet_core::signer_host::doctor::Diagnosis;
use billfold_wallet_core::signer_host::place::Place;
use billfold_wallet_core::signer_host::problem::DeviceError;
use billfold_wallet_core::signer_host::watch::Progress;
use billfold_wallet_core::signers::device::{
    DeviceSigningError, DisplayError, Displayed, Registration,
};
use billfold_wallet_core::wallet_name::WalletName;
use bitcoin::hashes::Hash as _;
use bitcoin::{
    Address, Amount, BlockHash, FeeRate, Network, OutPoint, Psbt, SignedAmount, Transaction, Txid,
    absolute, transaction,
};

use crate::checkup::{Check, Setting};
use crate::device::{DeviceFailure, DeviceQuestion, DeviceReply};
use crate::effect::{Answer, Effect, Fresh, Ticket, Trial};
use crate::key::Key;
use crate::keymap::Keymap;
use crate::model::{Message, Model};
use crate::play::{Button, Display, Granted, Wish};
use crate::theme::Theme;

/// What the wallet is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing ever happened.
    Empty,
    /// Much happened, and the scan goes on.
    Busy,
    /// Nobody is connected, and nothing is answered.
    Error,
}

/// Where the wallet's keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    Here,
    AtSigner,
}

/// What becomes of a payment that was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It is sent.
    Sent,
    /// Others must sign it too.
    Shared,
    /// It is to be sent, and nobody answers.
    Unanswered,
}

/// The screens, with a wallet and a person.
pub(super) struct Bench {
    pub(super) model: Model,
    state: State,
    /// What was asked, in its order.
    pub(super) asked: Vec<Command>,
    /// What was copied.
    pub(super) copied: Vec<String>,
    /// The wallets that were made: accounts, birthday, whether the words were checked.
    pub(super) founded: Vec<(usize, Birthday, bool)>,
    /// Whether the program was ended.
    pub(super) ended: bool,
    /// What was pressed at the signer of the demonstration.
    pub(super) pressed: Vec<Button>,
    /// What the signer does.
    pub(super) signer: Signer,
    /// Questions to the signer that were taken back.
    pub(super) hung_up: usize,
    keys: Keys,
    /// Wallets that were closed.
    pub(super) closed: Vec<WalletName>,
    /// Files that were written.
    pub(super) written: Vec<(String, Vec<u8>)>,
    /// Where the person wants to try.
    pub(super) tried: Option<Trial>,
    /// What waits for its time.
    waits: Vec<Ticket>,
    /// The question that the signer has not answered yet.
    at_signer: Option<(Ticket, DeviceQuestion)>,
    /// Whether the keys are open.
    unlocked: bool,
    /// The rescan that goes on.
    rescan: Option<Operation>,
    /// How long is left before the keys lock themselves.
    pub(super) locks_in: Option<Duration>,
    paid: bool,
    /// Coins that it has beside those that a busy wallet has.
    pub(super) more_coins: u32,
    /// What becomes of a payment that was signed.
    pub(super) course: Course,
    /// Payments that came after all others.
    pub(super) newer_payments: usize,
    typed: String,
}

/// What a key signed.
pub(super) const SIGNATURE: &str =
    "H9L5yLFjti0QTHhPyFrZCT1V/MMnBtXKmoiKDZ78NDBjERki6ZTQZdSMCtkgoNmp17By9ItJr8o7ChX0XxY91nk=";

/// Whom to pay.
const WAGES: &str = "address,amount,note\nbcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080,25k,may\n\
                     bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080,30k\n";

/// The password that opens the wallet.
pub(super) const PASSWORD: &str = "correct horse";

impl Bench {
    /// The screens of a closed wallet.
    pub(super) fn closed(state: State, colour: bool) -> Self {
        let theme = Theme { colour };
        let model = Model::new(WalletName::default(), Network::Regtest, Keymap::default(), theme);
        let (asked, copied, founded) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            model,
            state,
            asked,
            copied,
            founded,
            ended: false,
            pressed: Vec::new(),
            signer: Signer::Agrees,
            hung_up: 0,
            keys: Keys::Here,
            closed: Vec::new(),
            tried: None,
            written: Vec::new(),
            waits: Vec::new(),
            at_signer: None,
            unlocked: false,
            rescan: (state == State::Busy).then(rescan),
            locks_in: None,
            paid: false,
            more_coins: 0,
            course: Course::Sent,
            newer_payments: 0,
            typed: String::new(),
        }
    }

    /// The screens where there is no wallet yet.
    pub(super) fn first(colour: bool) -> Self {
        let theme = Theme { colour };
        let model = Model::first(WalletName::default(), Network::Regtest, Keymap::default(), theme);
        Self { model, ..Self::closed(State::Empty, colour) }
    }

    /// The screens of a demonstration, where there is no wallet yet.
    pub(super) fn playing(colour: bool) -> Self {
        let theme = Theme { colour };
        let model =
            Model::playing(WalletName::default(), Network::Regtest, Keymap::default(), theme);
        let mut bench = Self { model, ..Self::closed(State::Busy, colour) };
        let rows = ["Create keys", "Restore from words"].map(str::to_owned).to_vec();
        let (title, footer) = ("No keys".to_owned(), "up/down  OK  back".to_owned());
        let display = Display { title, rows, selected: Some(0), footer, awaited: false };
        bench.tell(Message::Shown(display));
        bench
    }

    /// The screens of a wallet whose keys are on a signer, open.
    pub(super) fn watching(state: State, colour: bool) -> Self {
        let mut bench = Self { keys: Keys::AtSigner, ..Self::closed(state, colour) };
        bench.types(PASSWORD);
        bench.press("enter");
        bench
    }

    /// The same beside a signer that does this.
    pub(super) fn beside(self, signer: Signer) -> Self {
        Self { signer, ..self }
    }

    /// What waited for its time goes on.
    pub(super) fn wake(&mut self) {
        for ticket in std::mem::take(&mut self.waits) {
            self.tell(Message::Answered(ticket, Answer::Woken));
        }
    }

    /// The person at the signer answers.
    pub(super) fn at_signer(&mut self, signer: Signer) {
        self.signer = signer;
        if let Some((ticket, question)) = self.at_signer.take() {
            let answer = Answer::Device(Box::new(signer.answer(question)));
            self.tell(Message::Answered(ticket, answer));
        }
    }

    /// The same, opened by its password.
    pub(super) fn open(state: State, colour: bool) -> Self {
        let mut bench = Self::closed(state, colour);
        bench.types(PASSWORD);
        bench.press("enter");
        assert!(bench.model.is_open());
        bench
    }

    /// Presses keys, by their names.
    pub(super) fn press(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            let key: Key = key.parse().expect("a key");
            self.tell(Message::Press(key));
        }
    }

    /// Types a text.
    pub(super) fn types(&mut self, text: &str) {
        text.clone_into(&mut self.typed);
        for character in text.chars() {
            self.tell(Message::Press(Key::char(character)));
        }
    }

    /// Gives the screens a message, and carries out all that comes of it.
    pub(super) fn tell(&mut self, message: Message) {
        let mut effects = self.model.handle(message);
        while !effects.is_empty() {
            let effect = effects.remove(0);
            if let Some(message) = self.carry_out(effect) {
                effects.extend(self.model.handle(message));
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Message> {
        let (ticket, answer) = match effect {
            Effect::Ask { ticket, command, .. } => {
                return self.asked_for(*command).map(|reply| Message::Answered(ticket, reply));
            }
            effect @ (Effect::Load { ticket, .. } | Effect::Unlock { ticket, .. }) => {
                // A password can't be looked at; what was typed can.
                let right = self.typed == PASSWORD;
                self.unlocked |= right && matches!(effect, Effect::Unlock { .. });
                let opened = if right { Ok(()) } else { Err(OpenError::WrongPassword) };
                (ticket, Answer::Opened(opened))
            }
            Effect::Copy(text) => {
                self.copied.push(text);
                return None;
            }
            Effect::Quit => {
                self.ended = true;
                return None;
            }
            Effect::Words { ticket, .. } => (ticket, Answer::Words(Ok(fresh()))),
            Effect::Found { ticket, founding, checked, .. } => {
                self.founded.push(match *founding {
                    Founding::Keys(new) => (new.accounts.len(), new.birthday, checked),
                    Founding::Watch(new) => (new.accounts.len(), new.birthday, checked),
                    Founding::Backup { .. } | Founding::Blank { .. } => {
                        unreachable!("neither is made here")
                    }
                });
                (ticket, Answer::Founded(Ok(Box::new(description(false)))))
            }
            Effect::Press(button) => {
                self.pressed.push(button);
                return None;
            }
            Effect::Wish { ticket, wish } => (ticket, Answer::Granted(Ok(granted(&wish)))),
            Effect::Device { ticket, question, .. } if self.signer == Signer::Waits => {
                self.at_signer = Some((ticket, *question));
                (ticket, Answer::Progress(Progress::Waiting))
            }
            Effect::Device { ticket, question, .. } => {
                (ticket, Answer::Device(Box::new(self.signer.answer(*question))))
            }
            Effect::HangUp(_) => {
                self.hung_up += 1;
                return None;
            }
            Effect::Wake { ticket, .. } => {
                self.waits.push(ticket);
                return None;
            }
            Effect::Read { ticket, path, .. } => {
                let content = match path.rsplit('/').next() {
                    Some("accounts.txt") => {
                        Ok(of_signer(ScriptType::Segwit).to_string().into_bytes())
                    }
                    Some("wages.csv") => Ok(WAGES.as_bytes().to_vec()),
                    Some("signed.psbt") => Ok(handed().psbt.serialize()),
                    _ => Err("no such file".to_owned()),
                };
                (ticket, Answer::Read(content))
            }
            Effect::Write { ticket, path, bytes } => {
                let is_there = self.written.iter().any(|(written, _)| *written == path);
                let answer =
                    if is_there { Err("it is there already".to_owned()) } else { Ok(path.clone()) };
                self.written.push((path, bytes));
                (ticket, Answer::Written(answer))
            }
            Effect::Wallets { ticket } => {
                let name = |name: &str| name.parse::<WalletName>().expect("a name");
                let closed = self.closed.contains(&name("savings"));
                let rows = vec![
                    (WalletName::default(), true),
                    (name("savings"), !closed),
                    (name("shop"), false),
                ];
                (ticket, Answer::Wallets(Ok(rows)))
            }
            Effect::Checks { ticket } => (ticket, Answer::Checks(checks())),
            Effect::Settings { ticket } => (ticket, Answer::Settings(settings())),
            Effect::Try(trial) => {
                self.tried = Some(trial);
                return None;
            }
            Effect::Unload { ticket, wallet } => {
                self.closed.push(wallet);
                (ticket, Answer::Closed)
            }
            Effect::Redraw | Effect::Suspend => return None,
        };
        Some(Message::Answered(ticket, answer))
    }

    /// What a command is answered, if it is.
    fn asked_for(&mut self, command: Command) -> Option<Answer> {
        let is_announced = matches!(command, Command::AnnouncePsbt(_));
        let reply = self.answer(&command);
        let locks = command == Command::Lock && self.unlocked;
        self.asked.push(command);
        if locks {
            self.unlocked = false;
            let news = News { wallet: Some(WalletName::default()), event: Event::Locked };
            self.tell(Message::Heard(news));
        }
        let is_lost = is_announced && self.course == Course::Unanswered;
        (!is_lost).then_some(Answer::Reply(reply))
    }

    fn answer(&mut self, command: &Command) -> Result<Reply, CommandError> {
        if self.state == State::Error && !matches!(command, Command::Status | Command::Drop(_)) {
            return Err(CommandError::Busy);
        }
        let busy = self.state == State::Busy;
        Ok(match command {
            Command::Status => Reply::Status(Box::new(status(self.state))),
            Command::Balance => Reply::Balance(balance(busy)),
            Command::Describe => {
                let mut wallet = description(busy);
                wallet.accounts[0].signs = self.keys == Keys::Here;
                if self.keys == Keys::AtSigner {
                    (wallet.fingerprint, wallet.words_checked) = (None, None);
                    let descriptor = of_signer(ScriptType::Taproot);
                    wallet.accounts[0].keys = descriptor.keys();
                    wallet.accounts[0].descriptor = descriptor.to_string();
                }
                Reply::Wallet(Box::new(wallet))
            }
            Command::HandOut(_) | Command::ReviewPsbt(_) => Reply::Psbt(self.handed()),
            Command::History(query) => {
                let limit = query.limit.map_or(usize::MAX, |limit| limit as usize);
                let known = history(busy, self.paid);
                let newer = known.last().cloned().into_iter().cycle().take(self.newer_payments);
                Reply::History(newer.chain(known.clone()).take(limit).collect())
            }
            Command::Coins(CoinQuery::Page { limit: Some(limit), .. }) if busy => {
                let more = (0..self.more_coins).map(|vout| {
                    let outpoint = OutPoint { vout, txid: txid(7) };
                    Coin { outpoint, ..coins().remove(0) }
                });
                Reply::Coins(coins().into_iter().chain(more).take(*limit as usize).collect())
            }
            Command::Coins(_) => Reply::Coins(Vec::new()),
            Command::Addresses(_) => Reply::Addresses(if busy { addresses() } else { Vec::new() }),
            Command::Drafts => {
                Reply::Drafts(if busy { vec![draft(&[(known(), 1)], 500)] } else { Vec::new() })
            }
            Command::Receive { amount, .. } => Reply::Address(issued(*amount)),
            Command::Draft(request) if busy => {
                let to = request.recipients.iter().map(|recipient| {
                    let amount = match recipient.amount {
                        PayAmount::Exactly(amount) => amount.to_sat(),
                        _ => 1_000_000,
                    };
                    (recipient.address.clone(), amount)
                });
                let rate = match request.fee {
                    FeeChoice::Rate(rate) => rate.to_sat_per_kwu(),
                    _ => 525,
                };
                if rate > 100_000 {
                    return Err(CommandError::FeeRateOutOfRange(rate));
                }
                Reply::Draft(Box::new(draft(&to.collect::<Vec<_>>(), rate)))
            }
            Command::Draft(_) => {
                let (needed, available) = (Amount::from_sat(1_000_141), Amount::ZERO);
                return Err(CommandError::InsufficientFunds { needed, available });
            }
            Command::Bump(_) => Reply::Draft(Box::new(draft(&[(known(), 70_000)], 900))),
            Command::Sign(_) | Command::SignMessage { .. } if !self.unlocked => {
                return Err(CommandError::Locked);
            }
            Command::Sign(_) if self.course == Course::Shared => Reply::Psbt(self.handed()),
            Command::Sign(_) | Command::AnnouncePsbt(_) => {
                self.paid = true;
                Reply::Payment(Box::new(payment()))
            }
            Command::SignMessage { .. } => Reply::Message(SignedMessage {
                form: MessageForm::Legacy,
                signature: SIGNATURE.to_owned(),
            }),
            Command::Transactions(_) => Reply::Transactions(vec![record()]),
            Command::KeyLayer => {
                let state = if self.unlocked { KeyState::Open } else { KeyState::Locked };
                let locks_in = self.locks_in;
                Reply::KeyLayer(KeyLayerState { has_passphrase: false, state, locks_in })
            }
            Command::Search { .. } => Reply::Found(if busy { findings() } else { Vec::new() }),
            Command::Label { .. } => Reply::Labels(Vec::new()),
            Command::Operation(asked) => self.operate(*asked),
            Command::Teller(command) => Reply::Teller(Box::new(told(command, busy))),
            _ => Reply::Done,
        })
    }

    fn handed(&self) -> Box<PsbtReview> {
        let complete = handed().complete.filter(|_| self.course != Course::Shared);
        Box::new(PsbtReview { complete, ..handed() })
    }

    /// One rescan at a time; the busy wallet is at one already.
    fn operate(&mut self, command: OperationCommand) -> Reply {
        match command {
            OperationCommand::Rescan { .. } => self.rescan = Some(rescan()),
            OperationCommand::Cancel(_) => self.rescan = None,
            OperationCommand::Running | OperationCommand::Of(_) => {}
        }
        if command.changes() {
            let news = News {
                wallet: Some(WalletName::default()),
                event: Event::Operation(OperationId(3)),
            };
            self.tell(Message::Heard(news));
        }
        Reply::Operation(self.rescan.map(Box::new))
    }
}

/// What the made-up signer does with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    /// The person there agrees at once.
    Agrees,
    /// The person there refuses.
    Refuses,
    /// It waits for the person there.
    Waits,
    /// It is not plugged in.
    Absent,
    /// It shows another address than this wallet has.
    Differs,
}

impl Signer {
    fn answer(self, question: DeviceQuestion) -> Result<DeviceReply, DeviceFailure> {
        match (self, question) {
            (Self::Absent, DeviceQuestion::Look) => Ok(DeviceReply::Found(Vec::new())),
            (Self::Absent, _) => Err(DeviceError::NoDevice.into()),
            (Self::Refuses, DeviceQuestion::Sign(_)) => {
                Err(DeviceSigningError::Device(DeviceError::Cancelled).into())
            }
            (Self::Differs, DeviceQuestion::Display { account, branch, index }) => {
                let ours = account.address(branch, index).to_string();
                Err(DisplayError::Differs { ours, told: stranger().to_string() }.into())
            }
            (_, DeviceQuestion::Look) => {
                let place = Place::Serial("/dev/ttyACM0".into());
                let about = About {
                    place: place.clone(),
                    model: "BILLFOLD".to_owned(),
                    version: "1.0.40".to_owned(),
                    state: DeviceState::Ready,
                    networks: Networks::Test,
                };
                let found = Diagnosis { place, about: Some(about), problem: None };
                Ok(DeviceReply::Found(vec![found]))
            }
            (Self::Refuses, _) => Err(DeviceError::Cancelled.into()),
            (_, DeviceQuestion::Accounts(first)) => {
                let others = ScriptType::ALL.into_iter().filter(|kind| *kind != first);
                let accounts = std::iter::once(first).chain(others).map(|kind| {
                    let name = kind.name().parse().expect("a name");
                    (name, of_signer(kind))
                });
                let fingerprint = [0x2f, 0x5a, 0x91, 0xc0].into();
                Ok(DeviceReply::Accounts { fingerprint, accounts: accounts.collect() })
            }
            (_, DeviceQuestion::Display { account, branch, index }) => {
                let address = account.address(branch, index);
                Ok(DeviceReply::Displayed(Displayed { address, compared: true }))
            }
            (_, DeviceQuestion::Register(account)) => {
                let name = account.name().to_string();
                Ok(DeviceReply::Registered(Registration { name, new: true }))
            }
            (_, DeviceQuestion::Message { .. }) => Ok(DeviceReply::Signature),
            (_, DeviceQuestion::Sign(psbt)) => Ok(DeviceReply::Signed(psbt)),
        }
    }
}

/// The account of this kind of a signer that has the words of BIP39's test vectors.
fn of_signer(kind: ScriptType) -> AccountDescriptor {
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let words = Words::parse(words).expect("words of BIP39's test vectors");
    Seed::new(&words, "").descriptor(StandardAccount::first(kind), Network::Regtest)
}

/// A PSBT that needs no more signatures.
pub(super) fn handed() -> PsbtReview {
    PsbtReview {
        psbt: Psbt::from_unsigned_tx(unsigned()).expect("nothing is signed"),
        draft: Some(DraftId(7)),
        inputs: Vec::new(),
        outputs: vec![PsbtOutput {
            amount: Amount::from_sat(1_000_000),
            script: stranger().script_pubkey(),
            address: Some(stranger()),
            owner: None,
        }],
        fee: Some(Amount::from_sat(297)),
        complete: Some(unsigned()),
        warnings: Vec::new(),
    }
}

const fn rescan() -> Operation {
    let first = Height::new(700_000);
    Operation {
        id: OperationId(3),
        task: Task::Rescan { from: Birthday::Height(first) },
        begun: 1_795_000_000,
        state: OperationState::Running,
        reach: Some(Reach { first, next: Height::new(812_346), last: Height::new(961_204) }),
    }
}

fn told(command: &TellerCommand, busy: bool) -> TellerReply {
    let TellerCommand::Read(reading) = command else { return TellerReply::Done };
    match reading {
        TellerReading::Policy if busy => TellerReply::Policy(vec![
            Limit::PerPayment(Amount::from_sat(100_000)),
            Limit::Budget { amount: Amount::from_sat(500_000), seconds: 86_400 },
            Limit::Destinations(vec![stranger().script_pubkey()]),
        ]),
        TellerReading::Policy => TellerReply::Policy(Vec::new()),
        TellerReading::Audit { after: 0, .. } if busy => TellerReply::Audit(asked()),
        TellerReading::Audit { .. } => TellerReply::Audit(Vec::new()),
        TellerReading::Journal { after: 0, .. } if busy => TellerReply::Journal(happened()),
        TellerReading::Journal { .. } => TellerReply::Journal(Vec::new()),
        _ => TellerReply::Done,
    }
}

fn asked() -> Vec<AuditEntry> {
    let entry = |number: u8, method: &str, outcome: &str| AuditEntry {
        number: number.into(),
        at: 1_795_000_000 + u64::from(number) * 60,
        asker: "token 00112233aabbccdd".to_owned(),
        method: method.to_owned(),
        key: Some(format!("order-{number}")),
        txid: (outcome == "done").then(|| txid(number)),
        amount: Some(Amount::from_sat(u64::from(number) * 75_412)),
        outcome: outcome.to_owned(),
    };
    vec![
        entry(1, "sendtoaddress", "done"),
        entry(2, "billfold.pay", "per_payment"),
        AuditEntry { amount: None, key: None, ..entry(3, "billfold.pay", "insufficient_funds") },
    ]
}

fn happened() -> Vec<JournalEntry> {
    let transaction = |state| Happened::Transaction {
        txid: txid(1),
        net: SignedAmount::from_sat(-75_412),
        state,
        left: None,
    };
    let all = [
        transaction(PaymentState::Announced),
        transaction(PaymentState::Confirmed(block(961_200))),
        Happened::Reorganised { fork: block(961_199) },
        Happened::Invoice { id: 4, state: InvoiceState::Paid, received: Amount::from_sat(25_000) },
    ];
    (1..).zip(all).map(|(seq, happened)| JournalEntry { seq, happened }).collect()
}

fn checks() -> Vec<Check> {
    vec![
        Check::good("memory", "core dumps are off"),
        Check::odd("disk", "900.0 MB free: filters take up to 2 GB"),
        Check::bad("rights", "1 file can be read by others: chmod go= them"),
    ]
}

fn settings() -> Vec<Setting> {
    let setting = |name, value: &str, place| Setting { name, value: value.to_owned(), place };
    vec![
        setting("settings", "/home/me/.config/billfold/config.toml (none)", ""),
        setting("idle lock", "5 min", "lock.idle"),
        setting("mouse", "on", "mouse"),
    ]
}

fn granted(wish: &Wish) -> Granted {
    match wish {
        Wish::Mine => Granted::Done("Block 112 is mined, with 0 of what waited.".to_owned()),
        Wish::Earn(address) => Granted::Done(format!("Bob pays {address}")),
        Wish::Invoice => {
            let address = stranger();
            Granted::Invoice(format!("bitcoin:{address}?amount=0.00025&label=coffee"))
        }
    }
}

fn fresh() -> Fresh {
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let words = Words::parse(words).expect("words of BIP39's test vectors");
    Fresh { words, places: vec![1, 5, 11], made: WallTime::new(1_795_000_000) }
}

/// An address that was never paid.
pub(super) fn stranger() -> Address {
    address("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080")
}

fn known() -> Address {
    address("bcrt1pxp0rcwlqs54ts6x6z63ylsx6wfmtdd0u6nhg6k5ryrjm70dktp9sd25mwk")
}

fn address(text: &str) -> Address {
    let parsed = text.parse::<Address<_>>().map(Address::assume_checked);
    parsed.unwrap_or_else(|_| {
        let program =
            bitcoin::WitnessProgram::new(bitcoin::WitnessVersion::V1, &[7; 32]).expect("32 bytes");
        Address::from_witness_program(program, bitcoin::KnownHrp::Regtest)
    })
}

fn txid(number: u8) -> Txid {
    Txid::from_byte_array([number; 32])
}

fn block(height: u32) -> BlockId {
    BlockId::new(Height::new(height), BlockHash::all_zeros())
}

fn account() -> AccountName {
    "taproot".parse().expect("a name")
}

const fn keychain(branch: Branch) -> KeychainId {
    KeychainId { account: AccountId::new(0), branch }
}

fn index(number: u32) -> DerivationIndex {
    DerivationIndex::new(number).expect("small")
}

fn status(state: State) -> Status {
    let peer = PeerStatus {
        peer: PeerId::new(1),
        address: "127.0.0.1:18444".parse().expect("an address"),
        wire: Wire::V2,
        purpose: Connection::Chain,
        ready: true,
        user_agent: "/Satoshi:31.0.0/".to_owned(),
        services: 0b1001,
        height: Some(Height::new(961_204)),
        latency: Some(Duration::from_millis(31)),
        compared: Some(Height::new(961_204)),
        differences: 0,
        set_aside: false,
        bytes_received: 24_100_000,
        fee_floor: Some(FeeRate::from_sat_per_kwu(250)),
        named: true,
        traffic: None,
    };
    let known = Status { cursor: Some(block(961_204)), ..Status::at(block(961_204)) };
    match state {
        State::Empty => {
            Status { synced: true, waiting: Waiting::Nothing, peers: vec![peer], ..known }
        }
        State::Busy => Status {
            cursor: Some(block(812_345)),
            filter_headers: Some(Height::new(961_204)),
            waiting: Waiting::Filters,
            pace: Some(Pace {
                filters: 12_345,
                bytes: 3_400_000,
                left: Some(Duration::from_secs(3_700)),
            }),
            peers: vec![
                peer.clone(),
                PeerStatus { ready: false, user_agent: "\u{1b}[31mred".to_owned(), ..peer },
            ],
            ..known
        },
        State::Error => known,
    }
}

fn balance(busy: bool) -> Balance {
    let parts = BalanceParts {
        confirmed: Amount::from_sat(331_012_345),
        pending: Amount::from_sat(70_000),
        immature: Amount::ZERO,
        frozen: Amount::from_sat(546),
    };
    let total = if busy { parts } else { BalanceParts::default() };
    // Some of what is pending is own change.
    let spendable = total.confirmed + total.pending / 2;
    Balance { total, spendable, accounts: vec![(account(), total)] }
}

fn description(busy: bool) -> WalletDescription {
    let account = AccountDescription {
        id: AccountId::new(0),
        name: account(),
        kind: AccountKind::SingleKey(ScriptType::Taproot),
        script_type: ScriptType::Taproot,
        signs: true,
        keys: Vec::new(),
        signers: vec![[0x2f, 0x5a, 0x91, 0xc0].into()],
        rule: SpendRule::Key([0x2f, 0x5a, 0x91, 0xc0].into()),
        policy: None,
        birthday: Birthday::Height(Height::new(700_000)),
        gap: 20,
        change_gap: 20,
        first_address: known(),
        preferred: true,
        receive: None,
        change: None,
        descriptor: "tr([2f5a91c0/86'/1'/0']tpubDDSFMQ9gzyQdNTKdHe6tcppCEpUf89q5eoiKUJr6ZFbjs9CRZiLFs3EKoyNGP3MZ1m9udwQDL64cq6XEXecNJRm1r9wajPcXArzARaYiJhn/<0;1>/*)#tvpf2g0p".to_owned(),
    };
    WalletDescription {
        name: "main".to_owned(),
        fingerprint: Some([0x2f, 0x5a, 0x91, 0xc0].into()),
        takes_keys: true,
        external_signer: false,
        held_keys: Vec::new(),
        birthday: Birthday::Height(Height::new(700_000)),
        accounts: vec![account],
        avoids_reuse: false,
        words_checked: busy.then_some(1_790_000_000),
        search: SearchReport {
            end: (!busy).then(|| SearchEnd { tip: block(961_204), at: 1_795_000_000 }),
            accounts: vec![AccountSearch {
                account: AccountId::new(0),
                start: Birthday::Height(Height::new(709_632)),
                gap: 20,
                change_gap: 20,
                turn: 0,
                receive: ChainSearch {
                    searched: 25,
                    used: if busy { 4 } else { 0 },
                    paid: if busy { 3 } else { 0 },
                    payments: if busy { 5 } else { 0 },
                    received: Amount::from_sat(if busy { 331_070_546 } else { 0 }),
                },
                change: ChainSearch { searched: 25, ..ChainSearch::default() },
            }],
        },
    }
}

fn history(busy: bool, paid: bool) -> Vec<HistoryRow> {
    let row = |number, net, state, note: Option<&str>| HistoryRow {
        txid: txid(number),
        net: SignedAmount::from_sat(net),
        fee: (net < 0).then(|| Amount::from_sat(412)),
        state,
        replaces: None,
        replaced_by: None,
        seen_by: 0,
        time: 1_795_000_000 - u64::from(number) * 86_400,
        note: note.map(str::to_owned),
        marks: Vec::new(),
    };
    let confirmed = |height| PaymentState::Confirmed(block(height));
    let mut rows = Vec::new();
    if paid {
        rows.push(row(1, -1_000_412, PaymentState::Announced, Some("rent may")));
    }
    if busy {
        let alike = Mark::LooksLike { imitation: stranger(), known: known() };
        rows.extend([
            HistoryRow {
                seen_by: 2,
                ..row(2, 70_000, PaymentState::Pending, Some("coffee \u{202e}evil"))
            },
            row(3, -250_412, PaymentState::Signed, None),
            HistoryRow { marks: vec![alike], ..row(4, 546, confirmed(961_200), None) },
            row(5, 331_000_000, confirmed(900_000), Some("salary march")),
            HistoryRow {
                replaced_by: Some(txid(1)),
                ..row(6, -20_000, PaymentState::Replaced, None)
            },
        ]);
        rows.extend(
            (7..60).map(|number| row(number, i64::from(number) * 1_000, confirmed(800_000), None)),
        );
    }
    rows
}

fn coins() -> Vec<Coin> {
    let coin = |number, amount, note: Option<&str>| Coin {
        outpoint: OutPoint::new(txid(number), 0),
        amount: Amount::from_sat(amount),
        address: known(),
        account: account(),
        keychain: keychain(Branch::Receive),
        index: index(0),
        height: Some(Height::new(900_000)),
        immature: false,
        frozen: false,
        reserved: false,
        spent_from: false,
        address_note: None,
        note: note.map(str::to_owned),
        marks: Vec::new(),
    };
    vec![
        coin(5, 331_000_000, Some("salary march")),
        Coin { height: None, ..coin(2, 70_000, Some("coffee")) },
        Coin { frozen: true, marks: vec![Mark::Dust], ..coin(4, 546, None) },
        Coin { reserved: true, ..coin(9, 12_345, None) },
        Coin { immature: true, ..coin(8, 5_000_000_000, None) },
    ]
}

fn addresses() -> Vec<AddressRow> {
    let row = |address, status, received, note: Option<&str>| AddressRow {
        address,
        account: account(),
        keychain: keychain(Branch::Receive),
        index: index(0),
        status,
        amount: None,
        issued: Some(1_790_000_000),
        expires: None,
        received: Amount::from_sat(received),
        balance: Amount::ZERO,
        payments: u32::from(received > 0),
        note: note.map(str::to_owned),
        marks: Vec::new(),
    };
    vec![
        AddressRow {
            amount: Some(Amount::from_sat(25_000)),
            ..row(known(), AddressStatus::Open, 0, Some("for bob"))
        },
        row(stranger(), AddressStatus::Pending, 70_000, None),
        AddressRow {
            payments: 3,
            ..row(stranger(), AddressStatus::Paid, 331_000_000, Some("salary"))
        },
        row(stranger(), AddressStatus::Expired, 0, None),
    ]
}

fn issued(amount: Option<Amount>) -> IssuedAddress {
    let address = known();
    let query = amount.map_or_else(String::new, |_| "?amount=0.00025".to_owned());
    IssuedAddress {
        uri: format!("bitcoin:{address}{query}"),
        address,
        account: account(),
        keychain: keychain(Branch::Receive),
        index: index(3),
        unused_before: 2,
    }
}

fn unsigned() -> Transaction {
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: Vec::new(),
        output: Vec::new(),
    }
}

fn draft(to: &[(Address, u64)], rate: u64) -> Draft {
    let outputs: Vec<_> =
        to.iter().map(|(address, amount)| (address.clone(), Amount::from_sat(*amount))).collect();
    let first = outputs.iter().filter(|(address, _)| *address == stranger());
    let mut warnings: Vec<_> =
        first.map(|(address, _)| Warning::FirstPayment(address.clone())).collect();
    warnings.push(Warning::JoinsLabels(vec!["salary march".to_owned(), "coffee".to_owned()]));
    let change = Change {
        address: known(),
        amount: Amount::from_sat(3_310_588),
        vout: 1,
        account: account(),
        keychain: keychain(Branch::Change),
        index: index(18),
    };
    Draft {
        id: DraftId(7),
        purpose: Purpose::Payment,
        expires: Some(1_795_000_600),
        unsigned: unsigned(),
        psbt: String::new(),
        outputs,
        change: Some(change),
        inputs: coins().into_iter().take(2).collect(),
        fee: Amount::from_sat(rate),
        fee_rate: FeeRate::from_sat_per_kwu(rate),
        fee_basis: FeeBasis::Asked,
        note: Some("rent may".to_owned()),
        warnings,
    }
}

fn payment() -> Payment {
    Payment {
        transaction: unsigned(),
        psbt: String::new(),
        outputs: Vec::new(),
        change: None,
        inputs: Vec::new(),
        fee: Amount::from_sat(525),
        fee_rate: FeeRate::from_sat_per_kwu(525),
        state: PaymentState::Announced,
        repeated: false,
    }
}

fn record() -> TransactionRecord {
    TransactionRecord {
        transaction: unsigned(),
        state: PaymentState::Announced,
        block: None,
        first_seen: 1_795_000_000,
        trusted: true,
        net: SignedAmount::ZERO,
        fee: None,
        signed_here: true,
        outputs: Vec::new(),
        conflicts: Vec::new(),
        excluded: None,
        replaces: None,
        replaced_by: None,
        note: None,
    }
}

fn findings() -> Vec<Finding> {
    vec![
        Finding {
            reference: Reference::Transaction(txid(5)),
            matched: Matched::Label,
            label: Some("salary march".to_owned()),
            amount: Some(SignedAmount::from_sat(331_000_000)),
        },
        Finding {
            reference: Reference::Address(known()),
            matched: Matched::Label,
            label: Some("salary".to_owned()),
            amount: None,
        },
    ]
}
