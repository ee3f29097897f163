//! Owns `Setup`: how words get into the device, on the device: made from dice or keys, or typed.
//!
//! Words that were made are typed back before they count. Refuses to skip that, and to be driven
//! by a host.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::entropy::{Drawn, HostEntropy, Typed, draw, least_keys, least_rolls};
use crate::entry::{Entry, EntryKind, Typing};
use crate::menu::{Choosing, Menu};
use crate::pages::{Pages, Reading};
use crate::press::Press;
use crate::randomness::Randomness;
use crate::screen::{Screen, ScreenKind};
use crate::vault::Pin;
use crate::view::View;
use crate::words::{WordCount, Words};

/// Words on their way into the device.
pub struct Setup {
    goal: Goal,
    step: Step,
}

/// What the words are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// New ones, kept under a PIN.
    Create,
    /// Known ones, kept under a PIN.
    Restore,
    /// Known ones, forgotten when the device is locked.
    Once,
}

/// How far the person is.
pub enum Progress {
    /// Not done.
    On,
    /// Left; nothing is kept.
    Left,
    /// Words, and the PIN to keep them under; none to forget them.
    Done(Words, Option<Pin>),
}

enum Step {
    Count(Menu<usize>),
    Source(Menu<EntryKind>, WordCount),
    Random(Entry, EntryKind, WordCount),
    Drawn(Drawn, Menu<Choice>),
    Look(Drawn, Pages),
    Type(Typewriter),
    Pin(Words, Entry),
    PinAgain(Words, Entry, Zeroizing<String>),
    /// Something went wrong; where to go on.
    Told(Pages, alloc::boxed::Box<Step>),
}

#[derive(Clone, Copy)]
enum Choice {
    Words,
    Transcript,
    TypeBack,
}

/// Words that are being typed, one after the other.
struct Typewriter {
    count: usize,
    typed: Zeroizing<String>,
    done: usize,
    entry: Entry,
    /// What must be typed; anything if there is nothing.
    expected: Option<Drawn>,
}

impl Setup {
    /// Begins.
    #[must_use]
    pub fn new(goal: Goal) -> Self {
        let counts: &[usize] = if goal == Goal::Create { &[12, 24] } else { &[12, 15, 18, 21, 24] };
        let rows = counts.iter().map(|count| (format!("{count} words"), *count));
        Self { goal, step: Step::Count(Menu::new("How many words?", rows)) }
    }

    /// Whether there are words that are not kept yet.
    #[must_use]
    pub const fn has_words(&self) -> bool {
        !matches!(self.step, Step::Count(_) | Step::Source(..) | Step::Random(..))
    }

    /// What is shown.
    #[must_use]
    pub fn view(&self) -> View {
        match &self.step {
            Step::Count(menu) => menu.view(),
            Step::Source(menu, _) => menu.view(),
            Step::Random(entry, ..) | Step::Pin(_, entry) | Step::PinAgain(_, entry, _) => {
                entry.view()
            }
            Step::Drawn(_, menu) => menu.view(),
            Step::Look(_, pages) | Step::Told(pages, _) => pages.view(),
            Step::Type(typewriter) => typewriter.entry.view(),
        }
    }

    /// Takes a press.
    pub fn press(
        &mut self,
        press: Press,
        randomness: &mut dyn Randomness,
        host: &HostEntropy,
    ) -> Progress {
        // Whatever goes back goes to the beginning: words that were made are not shown twice.
        let step = core::mem::replace(&mut self.step, Step::Count(Menu::new(" ", [("", 12)])));
        let next = match step {
            Step::Drawn(drawn, menu) => Some(Self::drawn(drawn, menu, press)),
            Step::Look(drawn, pages) => Some(Self::look(drawn, pages, press)),
            Step::Random(entry, kind, count) => {
                Self::random(entry, kind, count, press, randomness, host)
            }
            Step::Count(menu) => self.count(menu, press),
            Step::Source(menu, count) => Self::source(menu, count, press),
            Step::Type(typewriter) => match self.typing(typewriter, press) {
                Ok(next) => next,
                Err(words) => return Progress::Done(words, None),
            },
            Step::Pin(words, entry) => Self::pin(words, entry, press),
            Step::PinAgain(words, entry, first) => {
                match Self::pin_again(words, entry, &first, press) {
                    Ok(next) => next,
                    Err((words, pin)) => return Progress::Done(words, Some(pin)),
                }
            }
            Step::Told(mut pages, after) => Some(match pages.press(press) {
                Reading::On => Step::Told(pages, after),
                Reading::Agreed | Reading::Refused => *after,
            }),
        };
        match next {
            Some(next) => {
                self.step = next;
                Progress::On
            }
            None => Progress::Left,
        }
    }

    fn count(&self, mut menu: Menu<usize>, press: Press) -> Option<Step> {
        match menu.press(press) {
            Choosing::On => Some(Step::Count(menu)),
            Choosing::Left => None,
            Choosing::Chose(count) if self.goal == Goal::Create => {
                let count = if count == 12 { WordCount::Twelve } else { WordCount::TwentyFour };
                Some(Step::Source(source_menu(count), count))
            }
            Choosing::Chose(count) => Some(Step::Type(Typewriter::new(count, None))),
        }
    }

    fn source(mut menu: Menu<EntryKind>, count: WordCount, press: Press) -> Option<Step> {
        match menu.press(press) {
            Choosing::On => Some(Step::Source(menu, count)),
            Choosing::Left => None,
            Choosing::Chose(kind) => Some(Step::Random(random_entry(kind), kind, count)),
        }
    }

    fn random(
        mut entry: Entry,
        kind: EntryKind,
        count: WordCount,
        press: Press,
        randomness: &mut dyn Randomness,
        host: &HostEntropy,
    ) -> Option<Step> {
        let text = match entry.press(press) {
            Typing::On => return Some(Step::Random(entry, kind, count)),
            Typing::Left => return None,
            Typing::Typed(text) => text,
        };
        let typed = if kind == EntryKind::Dice { Typed::Dice(text) } else { Typed::Keys(text) };
        Some(match draw(randomness, &typed, host, count) {
            Ok(drawn) => Step::Drawn(drawn, drawn_menu()),
            Err(why) => told(&why.to_string(), Step::Random(random_entry(kind), kind, count)),
        })
    }

    fn drawn(drawn: Drawn, mut menu: Menu<Choice>, press: Press) -> Step {
        match menu.press(press) {
            Choosing::Chose(Choice::Words) => {
                let pages = Pages::new(&words_pages(&drawn.words));
                Step::Look(drawn, pages)
            }
            Choosing::Chose(Choice::Transcript) => {
                let pages = Pages::new(&[transcript_page(&drawn)]);
                Step::Look(drawn, pages)
            }
            Choosing::Chose(Choice::TypeBack) => {
                let count = drawn.words.iter().count();
                Step::Type(Typewriter::new(count, Some(drawn)))
            }
            // Leaving needs a second thought; the words would be lost.
            Choosing::On | Choosing::Left => Step::Drawn(drawn, menu),
        }
    }

    fn look(drawn: Drawn, mut pages: Pages, press: Press) -> Step {
        match pages.press(press) {
            Reading::On => Step::Look(drawn, pages),
            Reading::Agreed | Reading::Refused => Step::Drawn(drawn, drawn_menu()),
        }
    }

    /// The next step, or the words of someone who wants them once.
    fn typing(&self, mut typewriter: Typewriter, press: Press) -> Result<Option<Step>, Words> {
        if !typewriter.press(press) {
            return Ok(typewriter.expected.map(|drawn| Step::Drawn(drawn, drawn_menu())));
        }
        if typewriter.done < typewriter.count {
            return Ok(Some(Step::Type(typewriter)));
        }
        let Typewriter { count, typed, expected, .. } = typewriter;
        let words = match expected {
            Some(drawn) if !drawn.words.are(&typed) => {
                let after = Step::Drawn(drawn, drawn_menu());
                return Ok(Some(told("These are not the words. Look at them again.", after)));
            }
            Some(drawn) => drawn.words,
            None => match Words::parse(&typed) {
                Ok(words) => words,
                Err(why) => {
                    let again = Step::Type(Typewriter::new(count, None));
                    return Ok(Some(told(&why.to_string(), again)));
                }
            },
        };
        if self.goal == Goal::Once { Err(words) } else { Ok(Some(Step::Pin(words, pin_entry()))) }
    }

    fn pin(words: Words, mut entry: Entry, press: Press) -> Option<Step> {
        let first = match entry.press(press) {
            Typing::On => return Some(Step::Pin(words, entry)),
            Typing::Left => return None,
            Typing::Typed(first) => first,
        };
        if Pin::parse(&first).is_none() {
            return Some(told("A PIN has 6 to 16 digits.", Step::Pin(words, pin_entry())));
        }
        Some(Step::PinAgain(words, Entry::new(EntryKind::Pin, "The same PIN again"), first))
    }

    /// The next step, or the words and the PIN that was typed twice.
    fn pin_again(
        words: Words,
        mut entry: Entry,
        first: &Zeroizing<String>,
        press: Press,
    ) -> Result<Option<Step>, (Words, Pin)> {
        let second = match entry.press(press) {
            Typing::On => return Ok(Some(Step::PinAgain(words, entry, first.clone()))),
            Typing::Left => return Ok(Some(Step::Pin(words, pin_entry()))),
            Typing::Typed(second) => second,
        };
        match Pin::parse(&second).filter(|_| second == *first) {
            Some(pin) => Err((words, pin)),
            None => Ok(Some(told("The PINs are not the same.", Step::Pin(words, pin_entry())))),
        }
    }
}

impl Typewriter {
    fn new(count: usize, expected: Option<Drawn>) -> Self {
        let typed = Zeroizing::new(String::with_capacity(count * LONGEST_WORD));
        Self { count, typed, done: 0, entry: word_entry(0, count), expected }
    }

    /// Whether it goes on.
    fn press(&mut self, press: Press) -> bool {
        match self.entry.press(press) {
            Typing::On => {}
            Typing::Left => return false,
            Typing::Typed(word) => {
                self.typed.push_str(&word);
                self.typed.push(' ');
                self.done += 1;
                self.entry = word_entry(self.done, self.count);
            }
        }
        true
    }
}

fn told(text: &str, after: Step) -> Step {
    let page = Screen::new(ScreenKind::Warning, "Not done", vec![text.to_string()]);
    Step::Told(Pages::new(&[page]), alloc::boxed::Box::new(after))
}

fn source_menu(count: WordCount) -> Menu<EntryKind> {
    let dice = format!("{} rolls of a die", least_rolls(count));
    let keys = format!("{} keys at random", least_keys(count));
    Menu::new("Randomness of yours", [(dice, EntryKind::Dice), (keys, EntryKind::Keys)])
}

fn random_entry(kind: EntryKind) -> Entry {
    let dice = kind == EntryKind::Dice;
    Entry::new(kind, if dice { "Roll and type, 1 to 6" } else { "Type at random" })
}

fn drawn_menu() -> Menu<Choice> {
    Menu::new(
        "Your words",
        [
            ("Show the words", Choice::Words),
            ("Type them back", Choice::TypeBack),
            ("How they were made", Choice::Transcript),
        ],
    )
}

fn words_pages(words: &Words) -> Vec<Screen> {
    let words: Vec<&str> = words.iter().collect();
    let page = |(page, part): (usize, &[&str])| {
        let number = |place| page * WORDS_ON_A_PAGE + place + 1;
        let lines =
            part.iter().enumerate().map(|(place, word)| format!("{:>2}  {word}", number(place)));
        Screen::new(ScreenKind::Text, "Write them down", lines.collect())
    };
    words.chunks(WORDS_ON_A_PAGE).enumerate().map(page).collect()
}

fn transcript_page(drawn: &Drawn) -> Screen {
    let mut lines = vec![
        "As secret as the words. SHA256 of these lines, each with a line feed at its end, begins with the words' entropy:".to_string(),
    ];
    lines.extend(drawn.transcript.lines().map(ToString::to_string));
    Screen::new(ScreenKind::Warning, "How they were made", lines)
}

fn word_entry(done: usize, count: usize) -> Entry {
    Entry::new(EntryKind::Word, format!("Word {} of {count}", (done + 1).min(count)))
}

fn pin_entry() -> Entry {
    Entry::new(EntryKind::Pin, "New PIN, 6-16 digits")
}

const WORDS_ON_A_PAGE: usize = 6;

/// Letters of the longest word, and a space.
const LONGEST_WORD: usize = 9;

#[cfg(test)]
mod tests;
