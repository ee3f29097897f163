//! Owns what the program says and keeps on a machine that fails it: a disk that goes bad at any
//! operation, files that were damaged, a clock that is wrong by years, too little memory, too few
//! files. Each is told by its name or overcome, and nothing of the wallet is forgotten.

#![cfg(target_os = "linux")]

use std::cell::Cell;
use std::ops::Range;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use billfold_tests::damage::{self, damages};
use billfold_tests::doom::{Blow, Doom, points};
use billfold_tests::draw::Draw;
use billfold_tests::program::{Outcome, Program, Running};
use billfold_tests::town::Town;
use serde_json::Value;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn no_command_loses_anything_on_a_disk_that_goes_bad() -> Result<()> {
    let (town, doom) = (Town::build()?, Doom::build()?);
    let program = town.wallet_with(BILLFOLD, 100_000)?;
    let address = program.ok(&["receive", "--new"])?["address"].clone();
    town.pay(&address, 1_000)?;
    let line = format!("{{\"type\":\"addr\",\"ref\":{address},\"label\":\"rent\"}}\n");
    fs::write(program.file("labels.jsonl"), line)?;
    fs::write(program.file("other"), "another password")?;
    let commands: [&[&str]; 7] = [
        &["balance"],
        &["receive", "--new"],
        &["sync"],
        &["rescan"],
        &["import", "labels", "labels.jsonl"],
        &["backup", "create", "main.backup"],
        &["--wallet", "other", "new", "--words-out", "others"],
    ];
    let blows =
        [(Blow::Full, "disk_full"), (Blow::ShortWrite, "disk_full"), (Blow::FailedSync, "io")];
    let mut blows = blows.iter().cycle();
    let (mut struck, mut refused) = (0, 0);
    for command in commands {
        let (done, count) = doom.count(&program.copy()?, command)?;
        ensure!(done.code == Some(0), "{command:?}: {done:?}");
        for (at, (blow, name)) in points(count, 4).into_iter().zip(blows.by_ref()) {
            let copy = program.copy()?;
            let (ended, was_struck) = doom.strike(&copy, command, (at, *blow))?;
            let place = format!("{command:?}, {blow:?} at {at} of {count}: {ended:?}");
            struck += u32::from(was_struck);
            refused += u32::from(ended.code != Some(0));
            let told = ended.json["error"]["name"] == *name;
            ensure!(ended.code == Some(0) || was_struck && told, "{place}");
            for made in ["others", "main.backup"] {
                let _ = fs::remove_file(copy.file(made));
            }
            let again = copy.run(command).with_context(|| place.clone())?;
            let made = again.json["error"]["name"] == "wallet_exists";
            ensure!(again.code == Some(0) || made, "{place} and then {again:?}");
            copy.ok(&["sync"]).with_context(|| place.clone())?;
            has(&copy, 101_000).context(place)?;
        }
    }
    ensure!(struck > 0 && refused > 0, "the disk was good");
    Ok(())
}

#[test]
fn damage_to_any_file_is_named_or_mended_and_no_money_is_forgotten() -> Result<()> {
    let house = House::build()?;
    for file in &house.files {
        for (turn, damaged) in (0..).zip(damages(&file.whole)) {
            house.suffer(file, &damaged).with_context(|| format!("damage {turn}"))?;
        }
    }
    house.has_named_some()
}

/// `BILLFOLD_DAMAGES` says how many, `BILLFOLD_SEED` from which seed on.
#[test]
fn damage_at_any_place_is_named_or_mended_and_nothing_is_dropped_silently() -> Result<()> {
    let house = House::build()?;
    for seed in seeds(16)? {
        let mut draw = Draw::of(seed, 0);
        let file = draw.one_of(&house.files);
        let damaged = damage::drawn(&mut draw, &file.whole);
        house.suffer(file, &damaged).with_context(|| format!("seed {seed}"))?;
    }
    Ok(())
}

/// A log that ends early is what a sudden death leaves: nothing tells whether it said more.
#[test]
fn a_damaged_log_takes_back_the_last_changes_at_most_and_no_money() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 100_000)?;
    let mut daemon = town.serve(&program)?;
    let mut states = vec![says(&program)?];
    let mut last = Value::Null;
    for n in 0..4 {
        last = program.ok(&["receive", "--new"])?["address"].clone();
        states.push(says(&program)?);
        let line = format!("{{\"type\":\"addr\",\"ref\":{last},\"label\":\"rent {n}\"}}\n");
        fs::write(program.file("labels.jsonl"), line)?;
        program.ok(&["import", "labels", "labels.jsonl"])?;
        states.push(says(&program)?);
    }
    daemon.running.kill()?;
    town.pay(&last, 1_000)?;
    let root = program.network_dir();
    let logs: Vec<_> =
        files(&root, "")?.into_iter().filter(|name| name.ends_with("-wal")).collect();
    ensure!(logs.iter().any(|name| name.starts_with("wallets/")), "{logs:?}");
    let mut earlier = 0;
    for seed in seeds(8)? {
        let copy = program.copy()?;
        for log in &logs {
            let path = copy.network_dir().join(log);
            fs::write(&path, damage::drawn(&mut Draw::of(seed, 0), &fs::read(&path)?))?;
        }
        let place = || format!("{logs:?}, seed {seed}");
        let told = says(&copy).with_context(place)?;
        let state = states.iter().position(|state| *state == told).with_context(place)?;
        earlier += usize::from(state + 1 < states.len());
        for repaired in ["sync", "rescan"] {
            copy.ok(&[repaired]).with_context(place)?;
            has(&copy, 101_000).with_context(place)?;
        }
    }
    ensure!(earlier > 0, "no damage was found");
    Ok(())
}

/// All that is read of a wallet.
fn says(program: &Program) -> Result<Vec<Value>> {
    READS.iter().map(|read| program.ok(read)).collect()
}

/// From `BILLFOLD_SEED` on, as many as `BILLFOLD_DAMAGES` says.
fn seeds(otherwise: u64) -> Result<Range<u64>> {
    let number = |name: &str, otherwise: u64| -> Result<u64> {
        env::var(name).map_or(Ok(otherwise), |text| text.parse().context("not a number"))
    };
    let first = number("BILLFOLD_SEED", 0)?;
    Ok(first..first + number("BILLFOLD_DAMAGES", otherwise)?)
}

/// A wallet that was used, and what is kept of it.
struct House {
    program: Program,
    _town: Town,
    files: Vec<Kept>,
    /// What it says.
    says: Vec<Value>,
    /// How often damage was told by its name.
    named: Cell<u32>,
}

/// A file below the network's folder, and what is in it.
struct Kept {
    name: String,
    whole: Vec<u8>,
}

impl House {
    fn build() -> Result<Self> {
        let town = Town::build()?;
        let program = town.wallet_with(BILLFOLD, 100_000)?;
        furnish(&town, &program)?;
        let root = program.network_dir();
        let kept = |name: String| Ok(Kept { whole: fs::read(root.join(&name))?, name });
        let files = files(&root, "")?.into_iter().map(kept).collect::<Result<_>>()?;
        let says = says(&program)?;
        for (read, said) in READS.iter().zip(&says) {
            let empty = said.as_array().is_some_and(Vec::is_empty);
            ensure!(!empty, "{read:?}: there is nothing to lose");
        }
        Ok(Self { program, _town: town, files, says, named: Cell::new(0) })
    }

    /// What is said of a wallet whose file was damaged is what was said before, or that the file
    /// is. What the chain has is fetched again, and then all is as it was.
    fn suffer(&self, file: &Kept, damaged: &[u8]) -> Result<()> {
        let copy = self.damaged(file, damaged)?;
        if file.name.starts_with("wallets/") {
            self.named_or(&copy, file, |told, said| told == said)?;
            for write in WRITES {
                self.write(file, damaged, write).with_context(|| format!("{write:?}"))?;
            }
            fs::write(copy.network_dir().join(&file.name), &file.whole)?;
        }
        for repaired in ["sync", "rescan"] {
            copy.ok(&[repaired]).with_context(|| file.name.clone())?;
            for (read, said) in READS.iter().zip(&self.says) {
                let told = copy.ok(read).with_context(|| file.name.clone())?;
                ensure!(told == *said, "{}, after {repaired}: {told} and not {said}", file.name);
            }
        }
        Ok(())
    }

    /// Who writes into a damaged wallet is told that it is, or takes nothing from what is there.
    fn write(&self, file: &Kept, damaged: &[u8], write: &[&str]) -> Result<()> {
        let copy = self.damaged(file, damaged)?;
        let ended = copy.run(write)?;
        let given = &ended.json["address"];
        let known = self.says.iter().any(|said| said.to_string().contains(&given.to_string()));
        let done = ended.code == Some(0) && (given.is_null() || !known);
        ensure!(done || self.is_named(file, &ended), "{}: {ended:?}", file.name);
        self.named_or(&copy, file, holds)
    }

    /// All reads name the damaged file, or say what is right beside what was said before.
    fn named_or(
        &self,
        copy: &Program,
        file: &Kept,
        right: impl Fn(&Value, &Value) -> bool,
    ) -> Result<()> {
        for (read, said) in READS.iter().zip(&self.says) {
            let told = copy.run(read)?;
            let right = told.code == Some(0) && right(&told.json, said);
            ensure!(right || self.is_named(file, &told), "{}: {read:?}: {told:?}", file.name);
        }
        Ok(())
    }

    fn is_named(&self, file: &Kept, told: &Outcome) -> bool {
        let error = told.json["error"].to_string();
        let named = told.code == Some(8) && error.contains(&file.name);
        self.named.set(self.named.get() + u32::from(named));
        named
    }

    fn damaged(&self, file: &Kept, damaged: &[u8]) -> Result<Program> {
        let copy = self.program.copy()?;
        fs::write(copy.network_dir().join(&file.name), damaged)?;
        Ok(copy)
    }

    fn has_named_some(&self) -> Result<()> {
        ensure!(self.named.get() > 0, "no damage was found");
        Ok(())
    }
}

/// Whether all that was said is said, in its order; of a list there may be more.
fn holds(told: &Value, said: &Value) -> bool {
    let (Some(told), Some(said)) = (told.as_array(), said.as_array()) else { return told == said };
    let mut told = told.iter();
    said.iter().all(|one| told.any(|other| other == one))
}

/// Of everything that a wallet keeps there is something: a label, a payment by its key, an invoice, a
/// frozen coin, a draft.
fn furnish(town: &Town, program: &Program) -> Result<()> {
    let rented = program.ok(&["receive", "--new", "--note", "rent"])?["address"].clone();
    town.pay(&rented, 30_000)?;
    program.ok(&["sync"])?;
    let pay = ["pay", STRANGER, "20k", "--fee-rate", "2", "--note", "bread", "--yes"];
    let keyed = [&pay[..], &["--idempotency-key", "bread"]].concat();
    let paid = program.ok(&keyed)?["txid"].as_str().context("no txid")?.parse()?;
    town.await_payment(paid)?;
    town.mine();
    town.pay(&program.ok(&["receive", "--new"])?["address"], 40_000)?;
    program.ok(&["sync"])?;
    program.ok(&["receive", "--amount", "25k", "--note", "shoes", "--expires", "9000"])?;
    let coins = program.ok(&["coins"])?;
    let coin = coins[0]["coin"].as_str().context("no coin")?;
    program.ok(&["freeze", coin])?;
    let draft = ["psbt", "create", STRANGER, "5k", "--fee-rate", "2", "--yes", "--out", "draft"];
    program.ok(&draft)?;
    Ok(())
}

/// Of BIP173's test vectors, on regtest.
const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// What a wallet is asked. Its addresses with what was asked for there.
const READS: [&[&str]; 5] = [&["balance"], &["history"], &["coins"], &["drafts"], &["addresses"]];

/// What changes a wallet's file.
const WRITES: [&[&str]; 2] = [&["receive", "--new"], &["sync"]];

#[test]
fn a_clock_that_is_wrong_by_years_costs_nothing() -> Result<()> {
    let (town, doom) = (Town::build()?, Doom::build()?);
    let program = town.wallet_with(BILLFOLD, 100_000)?;
    let mut sum = 100_000;
    for years in [-40_i64, -10, -1, 1, 10, 80] {
        let wrong = (years * 365 * 86_400).to_string();
        let run = |arguments: &[&str]| -> Result<Outcome> {
            let mut command = program.command(arguments);
            let _fate = doom.burden(command.env("DOOM_CLOCK", &wrong))?;
            Running::start(command)?.finish()
        };
        let received = run(&["receive", "--new"])?;
        ensure!(received.code == Some(0), "{years} years: {received:?}");
        town.pay(&received.json["address"], 1_000)?;
        sum += 1_000;
        let synced = run(&["sync", "--timeout", "20"])?;
        if years < 0 {
            // The newest blocks come from the future, as this machine sees it.
            let error =
                synced.refused(6, "sync_timeout").with_context(|| format!("{years} years"))?;
            ensure!(error["message"].to_string().contains("clock"), "{years} years: {error}");
        } else {
            ensure!(synced.code == Some(0), "{years} years: {synced:?}");
        }
        program.ok(&["sync"]).with_context(|| format!("after {years} years"))?;
        has(&program, sum).with_context(|| format!("after {years} years"))?;
    }
    Ok(())
}

#[test]
fn too_little_memory_and_too_few_files_are_told() -> Result<()> {
    let program = Program::new(BILLFOLD)?;
    program.ok(&["new", "--words-out", "words"])?;
    let address = program.ok(&["receive"])?;
    for (limit, name, told) in [
        ("-n 16", "io", "ulimit -n"),
        ("-n 63", "io", "ulimit -n"),
        ("-v 100000", "out_of_memory", "KiB of memory"),
    ] {
        for command in [&["balance"][..], &["receive", "--new"]] {
            let error = limited(&program, limit, command)?.refused(1, name);
            let error = error.with_context(|| format!("{limit}: {command:?}"))?;
            ensure!(error["message"].to_string().contains(told), "{limit}: {error}");
        }
    }
    ensure!(program.ok(&["receive"])? == address, "an address was given out to nobody");
    Ok(())
}

/// Where memory or files run out is not where anybody expects it: in the middle of a sync.
#[test]
fn whatever_the_limit_a_command_goes_on_or_tells_and_nothing_is_lost() -> Result<()> {
    let town = Town::build()?;
    let program = town.wallet_with(BILLFOLD, 100_000)?;
    let mut sum = 100_000;
    let memory = (0..12).map(|step| format!("-v {}", 80_000 + step * 20_000));
    let files = (0..6).map(|step| format!("-n {}", 62 + step * 2));
    let (mut told, mut went_on) = (0, 0);
    for limit in memory.chain(files) {
        let address = program.ok(&["receive", "--new"])?["address"].clone();
        town.pay(&address, 1_000)?;
        sum += 1_000;
        for command in [&["sync"][..], &["receive", "--new"]] {
            match limited(&program, &limit, command) {
                Ok(ended) if ended.code == Some(0) => went_on += 1,
                Ok(ended) => {
                    let name = &ended.json["error"]["name"];
                    let named =
                        name == "out_of_memory" || name == "io" || name == "peer_unreachable";
                    // Who can't even be loaded is told of by the system.
                    let said = ["memory", "thread", "shared object"];
                    let said = said.iter().any(|word| ended.stderr.contains(word));
                    ensure!(named || said, "{limit}: {command:?}: {ended:?}");
                    told += 1;
                }
                Err(error) => return Err(error.context(format!("{limit}: {command:?}"))),
            }
        }
        program.ok(&["sync"]).with_context(|| limit.clone())?;
        has(&program, sum).with_context(|| limit.clone())?;
        let next = &program.ok(&["receive", "--new"])?["address"];
        ensure!(*next != address, "{limit}: an address was given out twice");
    }
    ensure!(told > 0 && went_on > 0, "{told} were told, {went_on} went on");
    Ok(())
}

/// Runs a command under a limit of the shell.
fn limited(program: &Program, limit: &str, arguments: &[&str]) -> Result<Outcome> {
    let inner = program.command(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit {limit}; exec \"$@\""), "sh"]);
    command.arg(inner.get_program()).args(inner.get_args());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(inner.get_current_dir().context("a command has a folder")?);
    Running::start(command)?.finish()
}

/// The files below a folder that hold something, by their paths from there.
fn files(root: &std::path::Path, below: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            found.extend(files(root, &format!("{name}/"))?);
        } else if entry.metadata()?.len() > 0 && name != "lock" {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

fn has(program: &Program, sum: u64) -> Result<()> {
    let balance: Value = program.ok(&["balance"])?;
    ensure!(balance["confirmed"] == sum, "{balance} of {sum}");
    Ok(())
}
