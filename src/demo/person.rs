//! Owns the person at the signer of the story: reads its display and presses its buttons, one at a
//! time, as people do.
//!
//! Refuses to agree to what was not read to its end, or does not say what it should.

use billfold_signer_core::press::Press;
use billfold_signer_core::view::View;

use crate::demo::actor::{expected, within};
use crate::demo::emulator::{Emulator, Picture};
use crate::failure::Failure;

/// Somebody who sits at a signer.
pub(super) struct Person<'a>(pub(super) &'a Emulator);

impl Person<'_> {
    /// Makes keys on the device: rolls of a die, words that are written down and typed back, a PIN.
    pub(super) async fn makes_keys(&self) -> Result<(), Failure> {
        self.chooses("Create keys").await?;
        self.chooses("12 words").await?;
        self.chooses("50 rolls of a die").await?;
        self.types(&ROLLS.repeat(10)).await?;
        self.chooses("Show the words").await?;
        let paper = self.reads().await?;
        self.presses(Press::Confirm).await?;
        self.chooses("Type them back").await?;
        let rows = paper.iter().flat_map(|page| &page.rows);
        for word in rows.filter_map(|row| row.split_whitespace().next_back()) {
            self.types(word).await?;
        }
        self.types(PIN).await?;
        self.types(PIN).await?;
        self.sees("a signer with keys", |picture| picture.view.title == "Ready").await?;
        Ok(())
    }

    /// Reads what a host asks, which must say all of this, and agrees.
    pub(super) async fn agrees(&self, what: &[String]) -> Result<(), Failure> {
        self.answers(what, Press::Confirm).await
    }

    /// Reads what a host asks, which must say all of this, and refuses.
    pub(super) async fn refuses(&self, what: &[String]) -> Result<(), Failure> {
        self.answers(what, Press::Back).await
    }

    async fn answers(&self, what: &[String], answer: Press) -> Result<(), Failure> {
        self.sees("a question on the signer", |picture| picture.awaited).await?;
        let asked: String = self.reads().await?.iter().map(text).collect();
        // A row ends where the display does, and addresses are shown in groups.
        let together = asked.replace([' ', '\n'], "");
        for part in what {
            if !together.contains(&part.replace(' ', "")) {
                return Err(expected(&format!("{part} on the signer"), &asked.replace('\n', " ")));
            }
        }
        self.presses(answer).await?;
        Ok(())
    }

    /// Goes to the row of a menu that begins like this, and takes it.
    async fn chooses(&self, row: &str) -> Result<(), Failure> {
        let is_there = |view: &View| {
            let selected = view.selected.and_then(|place| view.rows.get(place));
            selected.is_some_and(|selected| selected.starts_with(row))
        };
        let mut view = self.0.picture().view;
        while !is_there(&view) {
            let next = self.presses(Press::Down).await?;
            if next == view {
                return Err(expected(&format!("a choice {row} on the signer"), &text(&view)));
            }
            view = next;
        }
        self.presses(Press::Confirm).await?;
        Ok(())
    }

    async fn types(&self, letters: &str) -> Result<(), Failure> {
        for letter in letters.chars() {
            self.presses(Press::Letter(letter)).await?;
        }
        self.presses(Press::Confirm).await?;
        Ok(())
    }

    /// Reads page by page to the last.
    async fn reads(&self) -> Result<Vec<View>, Failure> {
        let mut pages = vec![self.0.picture().view];
        loop {
            let next = self.presses(Press::Down).await?;
            if pages.last() == Some(&next) {
                return Ok(pages);
            }
            pages.push(next);
        }
    }

    async fn sees(
        &self,
        what: &str,
        wanted: impl FnMut(&Picture) -> bool,
    ) -> Result<Picture, Failure> {
        within(what, self.0.until(wanted)).await?
    }

    async fn presses(&self, press: Press) -> Result<View, Failure> {
        Ok(within("the signer's display", self.0.press(press)).await??.view)
    }
}

/// The title and the rows, each with a line end.
fn text(view: &View) -> String {
    let rows = std::iter::once(&view.title).chain(&view.rows);
    rows.flat_map(|row| [row.as_str(), "\n"]).collect()
}

/// What the die showed, ten times over. The device mixes it with the system's randomness.
const ROLLS: &str = "31425";

const PIN: &str = "314159";
