//! Owns somebody who uses the wallet: what they ask, what they were told, and what must be true of
//! it ever after.
//!
//! Refuses to look behind the replies: only what was said binds the wallet.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use billfold_wallet_core::command::{
    BumpRequest, BumpWay, Coin, CoinQuery, Command, CommandError, FeeChoice, HistoryQuery,
    HistoryRow, Hold, PayAmount, PayRequest, PaymentState, Recipient, Reply,
};
use bitcoin::hashes::{Hash, sha256};
use bitcoin::{
    Address, Amount, FeeRate, KnownHrp, OutPoint, ScriptBuf, Txid, WitnessProgram, WitnessVersion,
};

use crate::draw::Draw;

/// Somebody who uses the wallet.
#[derive(Debug, Default)]
pub(super) struct Person {
    /// Addresses that they were given.
    pub(super) addresses: Vec<Address>,
    given: BTreeSet<Address>,
    /// What they wanted to pay, in order.
    pub(super) wishes: Vec<Wish>,
    frozen: BTreeSet<OutPoint>,
    /// What the wallet last said of its coins and its history.
    pub(super) coins: Vec<Coin>,
    /// See `coins`.
    pub(super) history: Vec<HistoryRow>,
    /// What they asked and were not answered yet.
    errand: Option<Errand>,
}

/// A payment that somebody wants, with a key of its own.
#[derive(Debug)]
pub(super) struct Wish {
    /// To whom; nobody else pays there.
    pub(super) payee: ScriptBuf,
    address: Address,
    /// How much.
    pub(super) amount: Amount,
    /// What was signed for it, the last one last.
    pub(super) signed: Vec<Txid>,
    /// Whether it was taken back, or that was tried.
    pub(super) taken_back: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Errand {
    Receive { fresh: bool },
    Pay(usize),
    Sign(usize),
    Bump { wish: usize, way: BumpWay },
    Freeze(OutPoint, bool),
    Coins,
    History,
    Other,
}

impl Person {
    /// What they ask next, if they wait for no answer.
    pub(super) fn ask(&mut self, draw: &mut Draw) -> Option<Command> {
        if self.errand.is_some() {
            return None;
        }
        let (errand, command) = match draw.below(12) {
            0 | 1 => {
                let fresh = draw.once_in(2);
                let (amount, note, expires) = (None, None, None);
                (Errand::Receive { fresh }, Command::Receive { amount, note, expires, fresh })
            }
            2..=4 => self.pay(draw),
            5 => self.bump(draw)?,
            6 => self.freeze(draw)?,
            7 if draw.once_in(6) => (Errand::Other, Command::Rescan { from: None }),
            8 => (Errand::Other, Command::Balance),
            9 => (Errand::Coins, Command::Coins(CoinQuery::default())),
            _ => (Errand::History, Command::History(HistoryQuery::default())),
        };
        self.errand = Some(errand);
        Some(command)
    }

    /// Asks for all that the wallet knows: its coins, then its history.
    pub(super) fn look(&mut self, coins: bool) -> Command {
        let (errand, command) = if coins {
            (Errand::Coins, Command::Coins(CoinQuery::default()))
        } else {
            (Errand::History, Command::History(HistoryQuery::default()))
        };
        self.errand = Some(errand);
        command
    }

    /// Whether they wait for an answer.
    #[must_use]
    pub(super) fn waits(&self) -> bool {
        self.errand.is_some()
    }

    /// What was signed for them.
    pub(super) fn signed(&self) -> impl Iterator<Item = Txid> {
        self.wishes.iter().flat_map(|wish| &wish.signed).copied()
    }

    /// The program died: nobody will answer.
    pub(super) fn give_up(&mut self) {
        self.errand = None;
    }

    /// Hears the answer, and asks what follows from it.
    ///
    /// # Errors
    /// That it can't be true together with what was said before.
    pub(super) fn hear(&mut self, answer: Result<Reply, CommandError>) -> Result<Option<Command>> {
        let Some(errand) = self.errand.take() else { bail!("nobody asked: {answer:?}") };
        let reply = match answer {
            Ok(reply) => reply,
            Err(CommandError::Store(problem)) => bail!("the disk refused: {problem}"),
            Err(_) => return Ok(None),
        };
        match (errand, reply) {
            (Errand::Receive { fresh }, Reply::Address(issued)) => {
                let new = self.given.insert(issued.address.clone());
                ensure!(new || !fresh, "{} was given out before", issued.address);
                if new {
                    self.addresses.push(issued.address);
                }
            }
            (Errand::Pay(wish), Reply::Draft(draft)) => {
                self.errand = Some(Errand::Sign(wish));
                return Ok(Some(Command::Sign(draft.id)));
            }
            (Errand::Bump { wish, way }, Reply::Draft(draft)) => {
                let cancels = way == BumpWay::Cancel;
                self.wishes[wish].taken_back |= cancels;
                let replaces = cancels || way == BumpWay::Replace;
                self.errand = Some(if replaces { Errand::Sign(wish) } else { Errand::Other });
                return Ok(Some(Command::Sign(draft.id)));
            }
            (Errand::Pay(wish) | Errand::Sign(wish), Reply::Payment(payment)) => {
                let frozen = payment.inputs.iter().find(|coin| self.frozen.contains(coin));
                ensure!(frozen.is_none(), "{frozen:?} is frozen and was spent");
                let wish = &mut self.wishes[wish];
                let txid = payment.transaction.compute_txid();
                if !wish.signed.contains(&txid) {
                    wish.signed.push(txid);
                }
            }
            (Errand::Freeze(coin, frozen), Reply::Done) => {
                if frozen {
                    self.frozen.insert(coin);
                } else {
                    self.frozen.remove(&coin);
                }
            }
            (Errand::Coins, Reply::Coins(coins)) => self.coins = coins,
            (Errand::History, Reply::History(rows)) => self.read(rows)?,
            (Errand::Other, _) => {}
            (errand, reply) => bail!("{errand:?} was answered by {reply:?}"),
        }
        Ok(None)
    }

    /// What was signed is never forgotten.
    fn read(&mut self, rows: Vec<HistoryRow>) -> Result<()> {
        let known: BTreeSet<Txid> = rows.iter().map(|row| row.txid).collect();
        let forgotten: Vec<Txid> = self.signed().filter(|txid| !known.contains(txid)).collect();
        ensure!(forgotten.is_empty(), "{forgotten:?} were signed and are forgotten");
        self.history = rows;
        Ok(())
    }

    /// A new payment, or one again of which no answer came.
    fn pay(&mut self, draw: &mut Draw) -> (Errand, Command) {
        let unsigned = self.wishes.iter().position(|wish| wish.signed.is_empty());
        let again =
            (!self.wishes.is_empty() && draw.once_in(5)).then(|| draw.place(self.wishes.len()));
        let at = unsigned.or(again).unwrap_or_else(|| {
            let address = stranger(self.wishes.len());
            let amount = Amount::from_sat(draw.between(1_000, 400_000));
            let (payee, signed) = (address.script_pubkey(), Vec::new());
            self.wishes.push(Wish { payee, address, amount, signed, taken_back: false });
            self.wishes.len() - 1
        });
        let wish = &self.wishes[at];
        let request = PayRequest {
            recipients: vec![Recipient {
                address: wish.address.clone(),
                amount: PayAmount::Exactly(wish.amount),
                note: None,
            }],
            fee: FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(2)),
            idempotency_key: Some(format!("wish {at}")),
            ..PayRequest::default()
        };
        (Errand::Pay(at), Command::Draft(Box::new(request)))
    }

    fn bump(&self, draw: &mut Draw) -> Option<(Errand, Command)> {
        let waits = |txid: &Txid| {
            let row = self.history.iter().find(|row| row.txid == *txid);
            row.is_some_and(|row| {
                matches!(row.state, PaymentState::Signed | PaymentState::Announced)
            })
        };
        let places = 0..self.wishes.len();
        let waiting: Vec<usize> =
            places.filter(|at| self.wishes[*at].signed.last().is_some_and(waits)).collect();
        let wish = *(!waiting.is_empty()).then(|| draw.one_of(&waiting))?;
        let way = *draw.one_of(&[BumpWay::Replace, BumpWay::Child, BumpWay::Cancel]);
        let rate = u32::try_from(draw.between(3, 30)).unwrap_or(3);
        let request = BumpRequest {
            txid: *self.wishes[wish].signed.last()?,
            way,
            fee: FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(rate)),
            most_fee: None,
            hold: Hold::Briefly,
            dry_run: false,
        };
        Some((Errand::Bump { wish, way }, Command::Bump(request)))
    }

    fn freeze(&self, draw: &mut Draw) -> Option<(Errand, Command)> {
        let coin = (!self.coins.is_empty()).then(|| draw.one_of(&self.coins))?;
        let (outpoint, frozen) = (coin.outpoint, !self.frozen.contains(&coin.outpoint));
        let command = Command::Freeze { outpoints: vec![outpoint], frozen };
        Some((Errand::Freeze(outpoint, frozen), command))
    }
}

/// An address that belongs to nobody.
fn stranger(number: usize) -> Address {
    let program = sha256::Hash::hash(format!("stranger {number}").as_bytes()).to_byte_array();
    let program = WitnessProgram::new(WitnessVersion::V0, &program).expect("32 bytes");
    Address::from_witness_program(program, KnownHrp::Regtest)
}
