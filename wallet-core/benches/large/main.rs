//! Owns the bench of a wallet with a long life: 100,000 transactions, 50,000 coins, and the same for
//! `bdk_wallet` on the same blocks.
//!
//! Each wallet is filled in this process and measured in a new one, so that memory is that of an
//! open wallet. Arguments: the number of transactions; `--only billfold` or `--only bdk`.

mod bdk;
mod figures;
mod graph;
mod ours;

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use billfold_wallet_core::keychain::Account;

use figures::Figures;
use graph::{Graph, Mined};

/// Transactions of the wallet, unless an argument says otherwise.
const TRANSACTIONS: usize = 100_000;
/// Of them in one block.
const IN_A_BLOCK: usize = 50;
/// Rows of a page of history.
const PAGE: usize = 50;
/// What the drafted payment pays, in satoshi.
const PAID: u64 = 1_000_000;
/// How often what is short is measured: the least of reads, the median of what the disk is in.
const RUNS: usize = 20;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = arguments.iter().find_map(|argument| argument.parse().ok());
    let transactions = number.unwrap_or(TRANSACTIONS);
    let value = |name| arguments.iter().skip_while(|word| *word != name).nth(1);
    let account = ours::account();
    if let (Some(whose), Some(dir)) = (value("--measure"), value("--in")) {
        let (_, blocks) = mine(&account, transactions, |_| {});
        let figures = measure(whose, Path::new(dir), &blocks);
        report(&serde_json::to_string(&figures).expect("plain numbers"));
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    for whose in ["billfold", "bdk"] {
        if value("--only").is_none_or(|only| only == whose) {
            compare(whose, dir.path(), &account, transactions);
        }
    }
}

/// Fills one wallet here and measures it in a process of its own.
fn compare(whose: &str, dir: &Path, account: &Account, transactions: usize) {
    let start = Instant::now();
    let coins = fill(whose, dir, account, transactions);
    let filled = start.elapsed();
    let program = env::current_exe().expect("this program has a file");
    let output = Command::new(program)
        .args([&transactions.to_string(), "--measure", whose, "--in"])
        .arg(dir)
        .output()
        .expect("this program runs again");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with('{'));
    let Some(figures) = line.and_then(|line| serde_json::from_str::<Figures>(line).ok()) else {
        report(&format!("{whose}: no figures: {}", String::from_utf8_lossy(&output.stderr)));
        return;
    };
    report(&format!("{whose}: {transactions} transactions, {coins} coins, {}", figures.total));
    report(&format!("  {:<17} {:.1} s", "filled", filled.as_secs_f64()));
    for (what, reads) in figures.rows() {
        report(&format!("  {what:<17} {reads}"));
    }
}

fn fill(whose: &str, dir: &Path, account: &Account, transactions: usize) -> usize {
    if whose == "bdk" {
        let mut filling = bdk::Filling::begin(account);
        let coins = mine(account, transactions, |mined| filling.take(mined)).0;
        filling.end(&dir.join("bdk.json"));
        coins
    } else {
        let mut filling = ours::Filling::begin(dir);
        let coins = mine(account, transactions, |mined| filling.take(mined)).0;
        filling.end();
        coins
    }
}

fn measure(whose: &str, dir: &Path, blocks: &[Mined]) -> Figures {
    if whose == "bdk" {
        bdk::measure(&dir.join("bdk.json"), blocks)
    } else {
        ours::measure(dir, blocks)
    }
}

/// Mines the history, and some blocks more; how many coins there are before those, and they.
fn mine(
    account: &Account,
    transactions: usize,
    mut take: impl FnMut(&Mined),
) -> (usize, Vec<Mined>) {
    let mut graph = Graph::new(account);
    for _ in 0..transactions / IN_A_BLOCK {
        take(&graph.mine(IN_A_BLOCK, 0));
    }
    let coins = graph.coins();
    (coins, (0..RUNS).map(|_| graph.mine(4, 1_996)).collect())
}

#[expect(clippy::print_stdout, reason = "a bench is read on the terminal")]
fn report(line: &str) {
    println!("{line}");
}
