//! Stopped dead before and after every step: what was said is on disk, and nothing is paid twice.

use std::collections::BTreeSet;

use bitcoin::{Address, Amount, FeeRate, Txid};

use super::home::{Home, World, nobody, stranger};
use super::machine::{Crash, Died, Machine};
use crate::command::{
    Asker, Authority, Command, FeeChoice, Happened, HistoryQuery, KeyedRequest, Limit, Order,
    PayAmount, PayRequest, PaymentState, Recipient, Reply, TellerCommand, TellerReading,
    TellerReply,
};
use crate::event::Event;
use crate::light_client::time::WallTime;

#[test]
fn a_process_that_dies_at_any_step_loses_nothing_it_said_and_pays_once() {
    let world = World::start();
    let mut at = 0;
    loop {
        let mut died = false;
        for crash in [Crash::Before(at), Crash::Unsaid(at)] {
            let mut person = Person::new(&world, &format!("{crash:?}"));
            if person.live(Some(crash)).is_err() {
                died = true;
                person.check_memory();
                person.live(None).expect("no crash is planned");
            }
            person.check_end();
        }
        if !died {
            return;
        }
        at += 1;
    }
}

/// Someone who receives once and pays once, remembers what they were told, and asks again after a
/// crash.
struct Person<'a> {
    world: &'a World,
    home: Home,
    stranger: Address,
    born: u32,
    was_paid: bool,
    mined: bool,
    memory: Memory,
}

/// What the person was told.
#[derive(Debug, Default)]
struct Memory {
    addresses: BTreeSet<Address>,
    known: BTreeSet<Txid>,
    has_money: bool,
    payment: Option<Txid>,
    confirmed: bool,
}

impl<'a> Person<'a> {
    fn new(world: &'a World, name: &str) -> Self {
        let born = world.devnet.tip().0;
        let home = Home::new(&world.devnet, name);
        let stranger = stranger(name);
        Self {
            world,
            home,
            stranger,
            born,
            was_paid: false,
            mined: false,
            memory: Memory::default(),
        }
    }

    /// Runs a process until all is done, or until it dies.
    fn live(&mut self, crash: Option<Crash>) -> Result<(), Died> {
        let mut machine = Machine::start(&self.home);
        let mut asked = Some(machine.ask(Command::History(HistoryQuery::default())));
        while !self.memory.confirmed {
            if asked.is_none() {
                asked = self.next_question().map(|command| machine.ask(command));
            }
            for event in machine.step(crash)? {
                self.hear(event);
            }
            for (id, answer) in machine.take_answers() {
                if Some(id) == asked {
                    asked = None;
                }
                if let Some(follow_up) = self.hear_reply(answer.unwrap()) {
                    asked = Some(machine.ask(follow_up));
                }
            }
            self.act();
        }
        machine.engine.finish().unwrap();
        Ok(())
    }

    fn next_question(&self) -> Option<Command> {
        if self.memory.addresses.is_empty() {
            return Some(Command::Receive {
                amount: None,
                note: None,
                expires: None,
                fresh: false,
            });
        }
        (self.memory.has_money && self.memory.payment.is_none()).then(|| {
            order(Command::Draft(Box::new(PayRequest {
                recipients: vec![Recipient {
                    address: self.stranger.clone(),
                    amount: PayAmount::Exactly(Amount::from_sat(300_000)),
                    note: None,
                }],
                fee: FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(2)),
                ..PayRequest::default()
            })))
        })
    }

    fn hear(&mut self, event: Event) {
        if let Event::Transaction(change) = event {
            self.hear_state(change.txid, change.state);
        }
    }

    fn hear_reply(&mut self, reply: Reply) -> Option<Command> {
        match reply {
            Reply::Address(issued) => {
                self.memory.addresses.insert(issued.address);
            }
            Reply::History(rows) => {
                for row in rows {
                    self.hear_state(row.txid, row.state);
                }
            }
            Reply::Draft(draft) => return Some(order(Command::Sign(draft.id))),
            Reply::Payment(payment) => {
                let txid = payment.transaction.compute_txid();
                self.memory.payment = Some(txid);
                self.hear_state(txid, payment.state);
            }
            other => panic!("not asked for: {other:?}"),
        }
        None
    }

    fn hear_state(&mut self, txid: Txid, state: PaymentState) {
        self.memory.known.insert(txid);
        if matches!(state, PaymentState::Confirmed(_)) {
            self.memory.has_money = true;
            self.memory.confirmed |= Some(txid) == self.memory.payment;
        }
    }

    /// What goes on outside of the wallet.
    fn act(&mut self) {
        let devnet = &self.world.devnet;
        let address = self.memory.addresses.first();
        if let Some(address) = address.filter(|_| !self.was_paid) {
            devnet.pay(&address.script_pubkey(), Amount::from_sat(1_000_000)).unwrap();
            devnet.mine(1, &nobody());
            self.was_paid = true;
        }
        let waits = self.memory.payment.is_some_and(|txid| devnet.mempool().contains(&txid));
        if waits && !self.mined {
            devnet.mine(1, &nobody());
            self.mined = true;
        }
    }

    /// After a crash: what was said is on disk.
    fn check_memory(&self) {
        let (mut wallet, _) = self.home.wallet();
        let history = wallet.history().unwrap();
        let stored: BTreeSet<Txid> = history.iter().map(|row| row.txid).collect();
        assert!(self.memory.known.is_subset(&stored), "{:?} {stored:?}", self.memory);
        let fresh = wallet.receive(None, None, None, true, WallTime::default()).unwrap().address;
        assert!(!self.memory.addresses.contains(&fresh), "an address was given out twice");
        wallet.abort().unwrap();
    }

    /// The stranger got the money once.
    fn check_end(&self) {
        let devnet = &self.world.devnet;
        let script = self.stranger.script_pubkey();
        let paid = (self.born + 1..=devnet.tip().0)
            .filter_map(|height| devnet.block_at(height))
            .flat_map(|block| block.txdata)
            .flat_map(|transaction| transaction.output)
            .filter(|output| output.script_pubkey == script)
            .count();
        assert_eq!(paid, 1);
        let (mut wallet, _) = self.home.wallet();
        assert_eq!(wallet.history().unwrap().len(), 2);
        let log = wallet.tell(
            &TellerCommand::Read(TellerReading::Audit { after: 0, limit: 100 }),
            WallTime::default(),
        );
        let Ok(TellerReply::Audit(entries)) = log else { panic!("{log:?}") };
        assert_eq!(entries.len(), 1, "what was signed is written down once: {entries:?}");
        assert!(entries[0].amount.is_some() && entries[0].txid == self.memory.payment);
        let told = TellerCommand::Read(TellerReading::Journal { after: 0, limit: 100 });
        let Ok(TellerReply::Journal(told)) = wallet.tell(&told, WallTime::default()) else {
            panic!("no journal")
        };
        assert!((1..).zip(&told).all(|(seq, entry)| entry.seq == seq), "no gaps: {told:?}");
        let confirmed = told.iter().filter(|entry| match entry.happened {
            Happened::Transaction { txid, state, .. } => {
                state.block().is_some() && Some(txid) == self.memory.payment
            }
            Happened::Reorganised { .. } | Happened::Invoice { .. } => false,
        });
        assert_eq!(confirmed.count(), 1, "{told:?}");
    }
}

/// As a program asks that may pay once: whatever it asks for has the key of its call.
fn order(command: Command) -> Command {
    let request = KeyedRequest { key: "rent".to_owned(), hash: [1; 32] };
    let once = Limit::Budget { amount: Amount::from_sat(310_000), seconds: 86_400 };
    let by = Authority {
        asker: Asker::User("shop".to_owned()),
        method: "billfold.pay".to_owned(),
        request: Some(request),
        limits: vec![once],
    };
    Command::Ordered(Box::new(Order { by, command }))
}
