//! What the wallet has promised so far, by which the rules of the house are checked: no index is
//! handed out twice, no coin is in two drafts, a frozen one in none, and what was announced is kept.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::psbt::Psbt;
use bitcoin::{OutPoint, Script, ScriptBuf, Transaction, Txid};

use crate::command::DraftId;
use crate::keychain::{AccountId, Branch, DerivationIndex, KeychainId};
use crate::light_client::time::WallTime;
use crate::wallet::tests::bench::Bench;

/// The promises.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Addresses that somebody was told.
    told: BTreeSet<(KeychainId, DerivationIndex)>,
    /// Change of payments that were signed.
    change: BTreeSet<ScriptBuf>,
    /// Drafts that were neither signed nor dropped.
    pub(super) drafts: BTreeMap<DraftId, Sheet>,
    pub(super) frozen: BTreeSet<OutPoint>,
    announced: BTreeSet<Txid>,
}

/// A draft, as somebody has it.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    pub(super) psbt: Psbt,
    pub(super) expires: Option<WallTime>,
    /// What it speeds up or takes back.
    pub(super) bumps: Option<Txid>,
    /// What it replaces.
    pub(super) replaces: Option<Transaction>,
    /// Where its change goes.
    pub(super) change: Option<ScriptBuf>,
}

impl Sheet {
    fn holds(&self, now: WallTime) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn spent(&self) -> impl Iterator<Item = OutPoint> {
        self.psbt.unsigned_tx.input.iter().map(|input| input.previous_output)
    }
}

impl Ledger {
    /// An address was told.
    pub(super) fn issued(&mut self, keychain: KeychainId, index: DerivationIndex) {
        assert!(self.told.insert((keychain, index)), "{keychain:?} {index:?} is handed out twice");
    }

    /// The last address was told once more, or a new one.
    pub(super) fn repeated(&mut self, keychain: KeychainId, index: DerivationIndex) {
        let of_account = |(one, _): &&(KeychainId, DerivationIndex)| *one == keychain;
        let last = self.told.iter().rev().find(of_account).map(|(_, index)| *index);
        assert!(last.is_none_or(|last| last <= index), "{index:?} is older than {last:?}");
        self.told.insert((keychain, index));
    }

    /// A draft was made; what was out of date gave way, and a bump of the same that nobody signed.
    pub(super) fn drafted(&mut self, id: DraftId, sheet: Sheet, bench: &Bench) {
        let bumps_the_same = |other: &Sheet| other.bumps.is_some() && other.bumps == sheet.bumps;
        self.drafts.retain(|_, other| {
            other.holds(bench.now) && !(bumps_the_same(other) && other.expires.is_some())
        });
        for spent in sheet.spent() {
            assert!(!self.frozen.contains(&spent), "a frozen coin is in a draft");
            let twice = self.drafts.values().any(|other| other.spent().any(|one| one == spent));
            assert!(!twice, "a coin is in two drafts");
        }
        if let Some(change) = &sheet.change {
            let paid = |transaction: &Transaction| pays(transaction, change);
            if !sheet.replaces.as_ref().is_some_and(paid) {
                self.is_new(change, bench);
            }
        }
        let before = self.drafts.insert(id, sheet);
        assert!(before.is_none(), "a draft has the number of another");
    }

    /// A draft was signed.
    pub(super) fn signed(&mut self, id: DraftId, now: WallTime) {
        let sheet = self.drafts.remove(&id).expect("it was drafted");
        assert!(sheet.holds(now), "what is out of date was signed");
        for spent in sheet.spent() {
            assert!(!self.frozen.contains(&spent), "a frozen coin is spent");
        }
        self.change.extend(sheet.change);
    }

    /// All that is announced now, and ever was.
    pub(super) fn check(&mut self, bench: &Bench) {
        let line = bench.wallet.to_announce().unwrap();
        self.announced.extend(line.iter().map(|one| one.transaction.compute_txid()));
        for txid in &self.announced {
            let kept = bench.wallet.file.transaction(*txid).unwrap();
            assert!(kept.is_some(), "{txid} was announced and is not stored");
        }
        for change in self.drafts.values().filter_map(|sheet| sheet.change.as_ref()) {
            let place = bench.wallet.scripts[change];
            let next = bench.wallet.next_index(place.keychain).unwrap();
            assert!(
                place.index < next,
                "the change of a draft is to be handed out again: {place:?}"
            );
        }
        let drafts: Vec<DraftId> = self.drafts.keys().copied().collect();
        assert_eq!(bench.wallet.file.drafts().unwrap(), drafts);
    }

    fn is_new(&self, change: &Script, bench: &Bench) {
        let place = bench.wallet.scripts[change];
        assert!(!self.told.contains(&(place.keychain, place.index)), "change at a told address");
        assert!(!self.change.contains(change), "change of another payment at {place:?}");
        let mut others = self.drafts.values().filter_map(|sheet| sheet.change.as_ref());
        assert!(others.all(|other| **other != *change), "change of another draft at {place:?}");
    }
}

/// The next receiving address of an account, which nobody was told before.
pub(super) fn issue(ledger: &mut Ledger, bench: &mut Bench, account: AccountId) -> ScriptBuf {
    let name = bench.wallet.account(account).unwrap().name().clone();
    let issued = bench.wallet.issue_at(&name, Branch::Receive, None, bench.now).unwrap();
    bench.wallet.commit().unwrap();
    ledger.issued(issued.keychain, issued.index);
    issued.address.script_pubkey()
}

fn pays(transaction: &Transaction, script: &Script) -> bool {
    transaction.output.iter().any(|output| *output.script_pubkey == *script)
}
