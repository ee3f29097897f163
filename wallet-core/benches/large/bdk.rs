//! Owns the same measurements of `bdk_wallet`, as far as it can do the same.
//!
//! Its state is a change set, which is kept as JSON between the two processes; reading and parsing
//! that file is not counted into the opening. Refuses `bdk_wallet`'s own SQLite: it would be a
//! second one in the tree.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use bdk_wallet::{ChangeSet, Wallet};
use billfold_wallet_core::keychain::Account;
use bitcoin::{Amount, FeeRate, Network};

use crate::figures::{Figures, median, resident, timed};
use crate::graph::{Mined, stranger};
use crate::{PAID, RUNS};

/// A wallet that is being filled.
pub(crate) struct Filling(Wallet);

impl Filling {
    /// An empty one.
    pub(crate) fn begin(account: &Account) -> Self {
        let wallet = Wallet::create_from_two_path_descriptor(account.descriptor().to_string())
            .network(Network::Regtest)
            .lookahead(200)
            .create_wallet_no_persist();
        Self(wallet.expect("a descriptor with two branches"))
    }

    /// Takes a block.
    pub(crate) fn take(&mut self, mined: &Mined) {
        let height = mined.at.height.to_u32();
        self.0.apply_block(&mined.block, height).expect("it is on the last one");
    }

    /// Keeps all in a file.
    pub(crate) fn end(mut self, path: &Path) {
        let changes = self.0.take_staged().expect("it was filled");
        let file = BufWriter::new(File::create(path).expect("a directory"));
        serde_json::to_writer(file, &changes).expect("room on the disk");
    }
}

/// Opens it and measures.
pub(crate) fn measure(path: &Path, blocks: &[Mined]) -> Figures {
    let before = resident();
    let file = BufReader::new(File::open(path).expect("it was filled"));
    let changes: ChangeSet = serde_json::from_reader(file).expect("it was written whole");
    let (open, wallet) = timed(|| {
        let loaded = Wallet::load().lookahead(200).load_wallet_no_persist(changes);
        loaded.expect("it belongs together").expect("it is not empty")
    });
    let mut wallet = wallet;
    let (balance, total) = timed(|| wallet.balance().total());
    let (history, rows) = timed(|| {
        let newest_first = |one: &bdk_wallet::WalletTx<'_>, other: &bdk_wallet::WalletTx<'_>| {
            other.chain_position.cmp(&one.chain_position)
        };
        wallet.transactions_sort_by(newest_first).into_iter().take(crate::PAGE).count()
    });
    assert_eq!(rows, crate::PAGE);
    let (coins, _) = timed(|| wallet.list_unspent().count());
    let taken = blocks.iter().map(|mined| {
        let height = mined.at.height.to_u32();
        timed(|| wallet.apply_block(&mined.block, height).expect("it is on the last one")).0
    });
    let taken: Vec<_> = taken.collect();
    let drafts = (0..RUNS).map(|_| {
        let (time, psbt) = timed(|| {
            let mut builder = wallet.build_tx();
            let rate = FeeRate::from_sat_per_vb_u32(2);
            builder.add_recipient(stranger(), Amount::from_sat(PAID)).fee_rate(rate);
            builder.finish()
        });
        psbt.expect("there is enough");
        time
    });
    let draft = median(drafts.collect());
    Figures {
        open,
        told: None,
        balance,
        history,
        coins,
        slowest_block: taken.iter().max().copied().unwrap_or_default(),
        block: median(taken),
        block_commit: None,
        draft,
        draft_commit: None,
        labelled_draft: None,
        resident: resident() - before,
        disk: path.metadata().map_or(0, |file| file.len()),
        total,
    }
}
