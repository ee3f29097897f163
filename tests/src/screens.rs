//! Owns the steps of a person at the screens that many sessions take: opening, choosing a password, comparing,
//! signing.
//!
//! Refuses to go on before what is waited for is shown.

use anyhow::{Result, ensure};
use bitcoin::Txid;
use bitcoin::base64::Engine as _;
use bitcoin::base64::engine::general_purpose::STANDARD as BASE64;

use crate::program::{PASSWORD, Program};
use crate::typist::{ENTER, Typist};

/// Opens the wallet by its password.
///
/// # Errors
/// That something else is shown.
pub fn opened(program: &Program) -> Result<Typist> {
    let mut person = program.at_terminal(&[])?;
    person.see("Password")?;
    person.enter(PASSWORD)?;
    person.see("synced at")?;
    Ok(person)
}

/// Ends the program.
///
/// # Errors
/// That something else is shown.
pub fn quit(mut person: Typist) -> Result<()> {
    person.press("\x03")?;
    let ending = person.finish()?;
    ensure!(ending.code == 0, "{ending:?}");
    Ok(())
}

/// Does a verb by its name in the palette.
///
/// # Errors
/// That something else is shown.
pub fn verb(person: &mut Typist, name: &str, then: &str) -> Result<()> {
    person.press(":")?;
    person.see("Everything")?;
    person.press(name)?;
    person.press(ENTER)?;
    person.see(then).map(drop)
}

/// Chooses a password, and types it again.
///
/// # Errors
/// That something else is shown.
pub fn choose_password(person: &mut Typist) -> Result<()> {
    person.see("It protects the wallet's file")?;
    person.enter(PASSWORD)?;
    person.see("Again")?;
    person.enter(PASSWORD)
}

/// The words of the grid, in their order, once it is there.
#[must_use]
pub fn shown_words(text: &str) -> Option<Vec<String>> {
    let mut texts = text.split_whitespace();
    let mut numbered = Vec::new();
    while let Some(text) = texts.next() {
        if let Some(Ok(place)) = text.strip_suffix('.').map(str::parse::<usize>) {
            numbered.push((place, texts.next()?.to_owned()));
        }
    }
    numbered.sort();
    let is_whole = numbered.iter().map(|(place, _)| *place).eq(1..=12);
    is_whole.then(|| numbered.into_iter().map(|(_, word)| word).collect())
}

/// Types the words that are asked for; the places rise.
///
/// # Errors
/// That something else is shown.
pub fn type_back(person: &mut Typist, words: &[String]) -> Result<()> {
    let mut last = 0;
    for _ in 0..3 {
        let place = person.look(|display| {
            let text = display.text();
            let (_, rest) = text.split_once("Word ")?;
            let place = rest.split_whitespace().next()?.parse::<usize>().ok()?;
            Some(place).filter(|place| *place > last)
        })?;
        person.press(&words[place - 1])?;
        last = place;
    }
    Ok(())
}

/// Types the groups of the stranger's address that are asked for.
///
/// # Errors
/// That something else is shown.
pub fn compare(person: &mut Typist) -> Result<()> {
    let groups: Vec<String> = STRANGER
        .as_bytes()
        .chunks(4)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect();
    let of = format!(" of {}", groups.len());
    let asked = person.look(|display| {
        let text = display.text();
        let asked = text.lines().filter_map(|line| line.split_once(&of)?.0.trim().parse().ok());
        let asked: Vec<usize> = asked.collect();
        (asked.len() == 2).then_some(asked)
    })?;
    for number in asked {
        person.press(&groups[number - 1])?;
    }
    Ok(())
}

/// Goes on from a review, gives the password, and reads the id of what was sent.
///
/// # Errors
/// That something else is shown.
pub fn sign(person: &mut Typist) -> Result<Txid> {
    person.see("Enter goes on to sign")?;
    person.press(ENTER)?;
    person.see("Enter signs and sends")?;
    person.enter(PASSWORD)?;
    txid_after(person, "Signed and ")
}

/// The id that stands behind what is told.
///
/// # Errors
/// That something else is shown.
pub fn txid_after(person: &mut Typist, told: &str) -> Result<Txid> {
    person.look(|display| {
        let text = display.text();
        let (_, behind) = text.split_once(told)?;
        behind.split_whitespace().find_map(|part| part.parse().ok())
    })
}

/// Copies what is shown, and reads what the terminal was asked to keep.
///
/// # Errors
/// That something else is shown.
pub fn copied(person: &mut Typist) -> Result<String> {
    person.press("y")?;
    person.read_until("\x1b]52;c;")?;
    let text = person.read_until("\x07")?;
    person.see("Sent to the terminal")?;
    Ok(String::from_utf8(BASE64.decode(text.trim_end_matches('\x07'))?)?)
}

/// Somebody that no wallet here ever paid.
pub const STRANGER: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
