//! Owns the measurements of our wallet: the tables of its file, encrypted as always.

use std::path::{Path, PathBuf};
use std::time::Duration;

use billfold_wallet_core::command::{
    Birthday, CoinQuery, FeeChoice, HistoryQuery, PayAmount, PayRequest, Recipient, Reference,
};
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::keychain::{Account, AccountId, ScriptType, StandardAccount};
use billfold_wallet_core::light_client::fees::FeeReport;
use billfold_wallet_core::light_client::height::{BlockId, Height};
use billfold_wallet_core::light_client::time::WallTime;
use billfold_wallet_core::seed::{Seed, Words};
use billfold_wallet_core::vault::{self, KdfCost, Password};
use billfold_wallet_core::wallet::{Description, DraftMoment, Drafted, NewWallet, Wallet};
use bitcoin::{Address, Amount, FeeRate, Network};

use crate::figures::{Figures, median, resident, timed};
use crate::graph::{Mined, stranger};
use crate::{PAGE, PAID, RUNS};

/// The words of BIP39's first test vector.
const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";

/// Blocks that are made durable at once while the wallet is filled, as in a scan.
const IN_A_COMMIT: u32 = 50;

/// The account whose history it is.
pub(crate) fn account() -> Account {
    new_wallet().accounts.remove(0)
}

/// A wallet that is being filled.
pub(crate) struct Filling(Wallet);

impl Filling {
    /// An empty one in a directory.
    pub(crate) fn begin(dir: &Path) -> Self {
        let keys = vault::create(&header(dir), &password(), KdfCost::for_tests());
        let keys = keys.expect("a new directory");
        let mut wallet = Wallet::create(&file(dir), &keys.file, &new_wallet()).expect("a disk");
        let genesis = bitcoin::constants::genesis_block(Network::Regtest).block_hash();
        let nothing_older = BlockId::new(Height::GENESIS, genesis);
        wallet.end_search(nothing_older, WallTime::new(1_500_000_000)).expect("a disk");
        Self(wallet)
    }

    /// Takes a block.
    pub(crate) fn take(&mut self, mined: &Mined) {
        apply(&mut self.0, mined);
        if mined.at.height.to_u32().is_multiple_of(IN_A_COMMIT) {
            self.0.commit().expect("room on the disk");
        }
    }

    /// Keeps all in its file.
    pub(crate) fn end(mut self) {
        self.0.commit().expect("room on the disk");
    }
}

/// Opens it and measures. The derivation of its key from the password is not counted.
pub(crate) fn measure(dir: &Path, blocks: &[Mined]) -> Figures {
    let now = WallTime::new(1_900_000_000);
    let keys = vault::open(&header(dir), &password(), now).expect("the password is right");
    let before = resident();
    let (open, wallet) = timed(|| Wallet::open(&file(dir), &keys.file).expect("it was filled"));
    let mut wallet = wallet;
    let tip = wallet.cursor().expect("a disk").expect("it was filled").height;
    let balance =
        || timed(|| wallet.balance(tip, WallTime::new(0)).expect("a disk").total.confirmed);
    let (balance, total) = (0..RUNS).map(|_| balance()).min().expect("some runs");
    let query = HistoryQuery { limit: u32::try_from(PAGE).ok(), ..HistoryQuery::default() };
    let page = || timed(|| wallet.history_page(&query).expect("a disk").len());
    let (history, rows) = (0..RUNS).map(|_| page()).min().expect("some runs");
    assert_eq!(rows, PAGE);
    let coins = || timed(|| wallet.coins(&CoinQuery::default(), tip, now).expect("a disk").len()).0;
    let coins = median((0..3).map(|_| coins()).collect());
    let (told, ()) = timed(|| tell(&mut wallet));
    let taken: Vec<_> = blocks.iter().map(|mined| take(&mut wallet, mined)).collect();
    let (blocks, block_commits): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
    let drafted: Vec<_> = (0..RUNS).map(|_| draft(&mut wallet, tip, now, &[])).collect();
    let (drafts, draft_commits): (Vec<_>, Vec<_>) = drafted.into_iter().unzip();
    let (resident, disk) = (resident() - before, file(dir).metadata().map_or(0, |file| file.len()));
    let label = label_all(&mut wallet, tip, now);
    let labelled = (0..RUNS).map(|_| draft(&mut wallet, tip, now, &label).0).collect();
    Figures {
        open,
        told: Some(told),
        balance,
        history,
        coins,
        slowest_block: blocks.iter().max().copied().unwrap_or_default(),
        block: median(blocks),
        block_commit: Some(median(block_commits)),
        draft: median(drafts),
        draft_commit: Some(median(draft_commits)),
        labelled_draft: Some(median(labelled)),
        resident,
        disk,
        total,
    }
}

/// What the engine does of a wallet when it begins to follow the chain.
fn tell(wallet: &mut Wallet) {
    wallet.cursor().expect("a disk");
    wallet.watch_list().expect("a disk");
    wallet.coins_to_watch().expect("a disk");
    wallet.to_announce().expect("a disk");
}

/// What the engine does of a wallet with a new block: how long it takes, and the commit in it.
fn take(wallet: &mut Wallet, mined: &Mined) -> (Duration, Duration) {
    let (time, commit) = timed(|| {
        apply(wallet, mined);
        let (commit, ()) = timed(|| wallet.commit().expect("room on the disk"));
        wallet.take_grown().expect("a disk");
        wallet.take_moved_coins().expect("a disk");
        wallet.to_announce().expect("a disk");
        commit
    });
    (time, commit)
}

/// Gives the address of every coin the same label.
fn label_all(wallet: &mut Wallet, tip: Height, now: WallTime) -> [String; 1] {
    let label = "the shop".to_owned();
    for coin in wallet.coins(&CoinQuery::default(), tip, now).expect("a disk") {
        let address = Reference::Address(coin.address);
        wallet.set_label(&address, Some(&label)).expect("a disk");
    }
    wallet.commit().expect("room on the disk");
    [label]
}

/// A payment, and the commit in its time.
fn draft(
    wallet: &mut Wallet,
    tip: Height,
    now: WallTime,
    labels: &[String],
) -> (Duration, Duration) {
    let address = Address::from_script(&stranger(), Network::Regtest).expect("an address");
    let amount = PayAmount::Exactly(Amount::from_sat(PAID));
    let request = PayRequest {
        recipients: vec![Recipient { address, amount, note: None }],
        fee: FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(2)),
        labels: labels.to_vec(),
        ..PayRequest::default()
    };
    let moment =
        DraftMoment { now, tip, entropy: [7; 32], fees: FeeReport::NOTHING, request: None };
    let (time, (drafted, commit)) = timed(|| {
        let drafted = wallet.draft(&request, &moment).expect("there is enough");
        let (commit, ()) = timed(|| wallet.commit().expect("room on the disk"));
        (drafted, commit)
    });
    if let Drafted::Draft(draft) = drafted {
        wallet.drop_draft(draft.id).expect("it is there");
        wallet.commit().expect("room on the disk");
    }
    (time, commit)
}

fn apply(wallet: &mut Wallet, mined: &Mined) {
    wallet.apply_block(mined.at, mined.time, &mined.block).expect("a disk");
    wallet.advance(mined.at, mined.time).expect("a disk");
}

fn new_wallet() -> NewWallet {
    let seed = Seed::new(&Words::parse(WORDS).expect("a vector"), "");
    let keys = [ScriptType::Segwit].map(StandardAccount::first);
    NewWallet {
        description: Description {
            network: Network::Regtest,
            name: "large".to_owned(),
            fingerprint: Some(seed.fingerprint()),
            birthday: Birthday::Height(Height::GENESIS),
            takes_keys: true,
            external_signer: false,
            preferred: AccountId::new(0),
            look_ahead: LookAhead::RESTORED,
        },
        accounts: seed.accounts(&keys, Network::Regtest),
        sealed_seed: Some(b"sealed".to_vec()),
        passphrase: None,
        avoids_reuse: false,
    }
}

fn password() -> Password {
    Password::new("a password that only this bench knows").expect("it is long enough")
}

fn header(dir: &Path) -> PathBuf {
    dir.join("large.keys")
}

fn file(dir: &Path) -> PathBuf {
    dir.join("large.db")
}
