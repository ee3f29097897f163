//! Owns `docs/screens`, what each screen of the real program shows in a terminal of 80 columns and 24
//! lines, in front of a play-money network.
//!
//! What differs from run to run is written as if it did not: days, transaction ids, ports, speeds. All
//! else must be as the pages show it; `BILLFOLD_NEW_CAPTURES=1 cargo test --test captures` writes them
//! anew.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use billfold_tests::program::{PASSWORD, Program};
use billfold_tests::screens::{STRANGER, choose_password, compare, quit};
use billfold_tests::signer::{Signer, free_port};
use billfold_tests::town::Town;
use billfold_tests::typist::{DOWN, ENTER, ESC, Typist};
use billfold_tests::vector_wallet::{self, WORDS};
use serde_json::json;

const BILLFOLD: &str = env!("CARGO_BIN_EXE_billfold");

#[test]
fn every_screen_is_as_its_page_shows_it() -> Result<()> {
    let mut walk = Walk { pages: Vec::new() };
    let town = Town::build()?;
    walk.outside(&town)?;
    walk.inside(&town)?;
    walk.beside(&town)?;
    let mut wrong = Vec::new();
    for (name, shown) in walk.pages {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/screens"));
        let path = path.join(format!("{name}.txt"));
        if std::env::var_os("BILLFOLD_NEW_CAPTURES").is_some() {
            fs::write(&path, &shown)?;
        }
        if fs::read_to_string(&path).unwrap_or_default() != shown {
            wrong.push(format!("{name}:\n{shown}"));
        }
    }
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/screens"));
    complete(dir)?;
    ensure!(wrong.is_empty(), "capture them anew, and look at what changed:\n{}", wrong.join("\n"));
    Ok(())
}

/// Each screen has a page that is named for it, but where its rows are those of one machine.
fn complete(pages: &Path) -> Result<()> {
    let screens = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tui/src/screen"));
    let table = fs::read_to_string(pages.join("README.md"))?;
    for file in fs::read_dir(screens)? {
        let path = file?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let is_screen = fs::read_to_string(&path)?.contains("impl Screen for");
        let has_page = pages.join(format!("{name}.txt")).exists();
        ensure!(!is_screen || has_page || OF_ONE_MACHINE.contains(&name), "{name} has no page");
    }
    for file in fs::read_dir(pages)? {
        let name = file?.file_name().to_string_lossy().into_owned();
        ensure!(name == "README.md" || table.contains(&name), "{name} is not in the table");
    }
    Ok(())
}

/// Files, rooms on disks and terminals; `tui/pictures` has them with made-up ones.
const OF_ONE_MACHINE: [&str; 2] = ["doctor", "settings"];

/// Somebody who goes through the screens and keeps what they show.
struct Walk {
    pages: Vec<(&'static str, String)>,
}

impl Walk {
    /// Presses keys, waits until all of some texts are there, and keeps what is shown.
    fn see(
        &mut self,
        person: &mut Typist,
        name: &'static str,
        keys: &str,
        wanted: &[&str],
    ) -> Result<()> {
        person.press(keys)?;
        let shown = person.look(|display| {
            let text = display.text();
            wanted.iter().all(|wanted| text.contains(wanted)).then_some(text)
        })?;
        self.pages.push((name, settled(&shown)));
        Ok(())
    }

    /// Before there is a wallet.
    fn outside(&mut self, town: &Town) -> Result<()> {
        let program = Program::connected(BILLFOLD, town.network.address())?;
        let mut person = program.at_terminal_with(TIMES, &[])?;
        self.see(&mut person, "first", "", &["There is no wallet named main here yet", "Restore"])?;
        self.see(&mut person, "restore", "rlegal win", &["winner", "Tab completes a word"])?;
        person.press(ESC)?;
        person.see("There is no wallet")?;
        self.see(&mut person, "watch", "waccounts.txt", &["Paste a descriptor", "accounts.txt"])?;
        person.press(ESC)?;
        person.see("There is no wallet")?;
        self.see(&mut person, "trial", "t", &["Nothing here touches", "Signet"])?;
        person.press(ESC)?;
        person.see("There is no wallet")?;
        self.see(&mut person, "creation", "n", &["Nothing is made before"])?;
        self.see(&mut person, "creation-kind", ENTER, &["what nearly everybody can pay to"])?;
        let password = format!("{ENTER}{PASSWORD}{ENTER}");
        self.see(&mut person, "creation-password", &password, &["Again", "It protects"])?;
        quit(person)
    }

    /// A wallet with one coin to spend and one that is frozen.
    fn inside(&mut self, town: &Town) -> Result<()> {
        for (index, amount) in [(0, 1_250_000), (1, 70_000)] {
            town.pay(&json!(vector_wallet::address(86, 0, index)?.to_string()), amount)?;
        }
        let program = Program::connected(BILLFOLD, town.network.address())?;
        fs::write(program.file("words"), WORDS)?;
        program.ok(&[
            "restore",
            "--words-file",
            "words",
            "--types",
            "taproot",
            "--birthday",
            "0",
        ])?;
        program.ease()?;
        program.ok(&["sync"])?;
        for coin in program.ok(&["coins"])?.as_array().into_iter().flatten() {
            let outpoint = coin["coin"].as_str().unwrap_or_default();
            if coin["amount"] == 70_000 {
                program.ok(&["freeze", outpoint])?;
            } else {
                program.ok(&["label", outpoint, "salary"])?;
            }
        }
        let mut person = program.at_terminal_with(TIMES, &[])?;
        self.see(&mut person, "closed", "", &["Password"])?;
        person.enter(PASSWORD)?;
        self.numbered(&mut person)?;
        self.receiving(&mut person)?;
        self.around(&mut person)?;
        self.named(&mut person)?;
        self.paying(&mut person)?;
        quit(person)
    }

    fn numbered(&mut self, person: &mut Typist) -> Result<()> {
        self.see(person, "home", "", &["synced at", "# frozen", "+0.01 250 000", "1 peer"])?;
        self.see(person, "activity", "2", &["2 all", "+0.00 070 000"])?;
        self.see(person, "transaction", ENTER, &["Outputs", "+ "])?;
        self.see(person, "coins", "3", &["2 in all", "salary", "# frozen"])?;
        self.see(person, "addresses", "4", &["+ used"])?;
        self.see(person, "network", "6", &["at the tip", "filters agree"])?;
        self.see(person, "keys", "5", &["words checked", "tr(["])?;
        self.see(person, "palette-help", "?", &["copy what is shown"])?;
        person.press(ESC)?;
        person.see("words checked")?;
        self.see(person, "palette", ":", &["Everything"])?;
        self.see(person, "unlock", "unlock\r", &["Payments are then signed"])?;
        person.press(ESC)?;
        person.see("words checked")?;
        self.see(person, "find", "/sal", &["output", "salary"])?;
        person.press(ESC)?;
        person.see("words checked").map(drop)
    }

    fn receiving(&mut self, person: &mut Typist) -> Result<()> {
        self.see(person, "receive", "r", &["waiting for a payment"])?;
        self.see(person, "code", "Q", &["Esc goes back."])?;
        person.press(ESC)?;
        person.see("  Receive")?;
        self.see(person, "request", "a25k", &["Amount     25k"])?;
        person.press(ESC)?;
        person.see("waiting for a payment").map(drop)
    }

    /// What the palette leads to, and rows of lists.
    fn named(&mut self, person: &mut Typist) -> Result<()> {
        for (name, from, keys, seen) in [
            ("label", "3", "e", "Enter keeps it"),
            ("message", "4", ":message\rhello", "hello"),
            ("batch", "5", ":pay-file\rwages.csv", "wages.csv"),
            ("consolidation", "5", ":consolidate\r", "one person's"),
            ("export", "5", ":export\r", "billfold-history.csv"),
            ("wallets", "5", "w", "* main"),
            ("drafts", "5", "d", "Nothing waits"),
            ("returned", "5", "dn", "Paste what a signer gave back"),
        ] {
            let beneath = match from {
                "3" => "2 in all",
                "4" => "+ used",
                _ => "words checked",
            };
            person.press(from)?;
            person.see(beneath)?;
            self.see(person, name, keys, &[seen])?;
            person.press(ESC)?;
            if name == "returned" {
                person.see("Nothing waits")?;
                person.press(ESC)?;
            }
            person.see(beneath)?;
        }
        Ok(())
    }

    fn paying(&mut self, person: &mut Typist) -> Result<()> {
        person.press("s")?;
        person.see("There is")?;
        person.paste(&format!("bitcoin:{STRANGER}?amount=0.001&label=rent"))?;
        person.see("100000sat")?;
        self.see(person, "send", &format!("{DOWN}{DOWN}{DOWN}2"), &["Fee rate   2"])?;
        self.see(person, "review", ENTER, &["Type these groups", "\"salary\""])?;
        person.press("qejxary0")?;
        person.see("Enter goes on to sign")?;
        self.see(person, "sign", ENTER, &["Enter signs and sends"])?;
        person.press(ESC)?;
        person.see("Enter goes on to sign")?;
        self.see(person, "handing", CTRL_W, &["BBQr 1/"])?;
        // Which coins and which order is drawn by lot: the codes are others each time.
        if let Some((_, shown)) = self.pages.last_mut() {
            *shown = shown.lines().map(veiled).collect();
        }
        Ok(())
    }
}

impl Walk {
    /// What is there besides the money. Files and connections differ from machine to machine.
    fn around(&mut self, person: &mut Typist) -> Result<()> {
        let home = |person: &mut Typist| {
            person.press(ESC)?;
            person.see("words checked").map(drop)
        };
        home(person)?;
        self.see(person, "jobs", "J", &["Nothing is under way"])?;
        home(person)?;
        self.see(person, "log", "A", &["No program asked"])?;
        home(person)?;
        person.press(":doctor\r")?;
        person.see("these screens use it")?;
        person.see("what one peer leaves")?;
        home(person)?;
        person.press(":settings\r")?;
        person.see("5 min  lock.idle")?;
        home(person)
    }
}

impl Walk {
    /// With keys on a signer that agrees to all, and is unplugged in the end.
    fn beside(&mut self, town: &Town) -> Result<()> {
        let device = Signer::agreeing(free_port()?, WORDS)?;
        let place = format!("tcp:{}", device.address());
        let program = Program::connected(BILLFOLD, town.network.address())?;
        let mut person =
            program.at_terminal_with(&[TIMES, &[("BILLFOLD_SIGNER", &place)]].concat(), &[])?;
        person.see("There is no wallet named main here yet")?;
        self.see(&mut person, "connect", "c", &["Enter goes on with it."])?;
        self.see(&mut person, "connect-kind", ENTER, &["Which addresses?"])?;
        self.see(&mut person, "connect-compare", ENTER, &["Its first address."])?;
        self.see(&mut person, "connect-test", "v", &["One test"])?;
        self.see(&mut person, "watching", ENTER, &["the signature holds"])?;
        person.press(ENTER)?;
        choose_password(&mut person)?;
        person.see("The search for old payments has ended")?;
        self.see(&mut person, "at_signer", "5v", &["The signer has the same address"])?;
        // With what is pressed right after it, Escape would be another key.
        person.press(ESC)?;
        person.look(|display| (!display.text().contains("Compare every group")).then_some(()))?;
        drop(device);
        person.press("s")?;
        person.see("There is")?;
        person.paste(&format!("bitcoin:{STRANGER}?amount=0.001"))?;
        person.press(ENTER)?;
        person.see("Type these groups")?;
        compare(&mut person)?;
        person.see("Enter goes on to sign")?;
        self.see(&mut person, "by_signer", ENTER, &["Enter asks again"])?;
        quit(person)
    }
}

/// What is shown, with the same days, ids and ports every time.
fn settled(shown: &str) -> String {
    let mut rows = shown.lines().map(|row| {
        let mut row: Vec<char> = row.chars().collect();
        for (pattern, instead) in PATTERNS {
            overwrite(&mut row, pattern, instead);
        }
        overwrite_ids(&mut row);
        let mut row = row.into_iter().collect::<String>().trim_end().to_owned();
        overwrite_figures(&mut row);
        row + "\n"
    });
    rows.by_ref().collect()
}

/// A row of a code, without what it says.
fn veiled(row: &str) -> String {
    let is_code = row.contains(['█', '▀', '▄']);
    if is_code { "        the code\n".to_owned() } else { row.to_owned() + "\n" }
}

/// Writes over how long a peer took and how much it sent.
fn overwrite_figures(row: &mut String) {
    let Some((before, after)) = row.split_once(" ms  ") else { return };
    let Some((_, after)) = after.split_once(" kB received") else { return };
    let before = before.trim_end_matches(|letter: char| letter.is_ascii_digit());
    *row = format!("{before}5 ms  3.9 kB received{after}");
}

/// Writes over each place where digits stand as in a pattern.
fn overwrite(row: &mut [char], pattern: &str, instead: &str) {
    let pattern: Vec<char> = pattern.chars().collect();
    for start in 0..(row.len() + 1).saturating_sub(pattern.len()) {
        let place = &mut row[start..start + pattern.len()];
        let fits = |(shown, wanted): (&char, &char)| match wanted {
            '0' => shown.is_ascii_digit(),
            wanted => shown == wanted,
        };
        if place.iter().zip(&pattern).all(fits) {
            place.iter_mut().zip(instead.chars()).for_each(|(shown, new)| *shown = new);
        }
    }
}

/// Writes over what is hexadecimal and long enough for an id, also where it was cut.
fn overwrite_ids(row: &mut [char]) {
    let is_hex = |letter: &char| letter.is_ascii_digit() || ('a'..='f').contains(letter);
    for part in row.split_mut(|letter| !letter.is_ascii_alphanumeric()) {
        if part.len() >= SHORTEST_ID && part.iter().all(is_hex) {
            part.iter_mut().zip(ID.chars().cycle()).for_each(|(shown, new)| *shown = new);
        }
    }
}

/// Times with a day, then days alone; ports.
const PATTERNS: &[(&str, &str)] = &[
    ("0000-00-00 00:00", "2026-05-01 09:30"),
    ("0000-00-00", "2026-05-01"),
    ("127.0.0.1:00000", "127.0.0.1:18444"),
];

/// Whole ids, and those that a row has room for.
const SHORTEST_ID: usize = 20;
const ID: &str = "8bc90f5036064e0a43e9132f27bd8c51";

/// The zone of all captures.
const TIMES: &[(&str, &str)] = &[("TZ", "UTC")];

/// Hands a payment out.
const CTRL_W: &str = "\x17";
