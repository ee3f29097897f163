//! Setting up as a person does it, press by press.

use super::*;
use crate::randomness::NoRandomness;

const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";

struct Counting(u8);

impl Randomness for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.0 += 1;
        bytes.fill(self.0);
        Ok(())
    }
}

struct Broken;

impl Randomness for Broken {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), NoRandomness> {
        Err(NoRandomness)
    }
}

struct Person {
    setup: Setup,
    randomness: alloc::boxed::Box<dyn Randomness>,
}

impl Person {
    fn at(goal: Goal) -> Self {
        Self { setup: Setup::new(goal), randomness: alloc::boxed::Box::new(Counting(0)) }
    }

    fn press(&mut self, press: Press) -> Progress {
        self.setup.press(press, &mut *self.randomness, &HostEntropy::default())
    }

    fn types(&mut self, text: &str) -> Progress {
        for letter in text.chars() {
            self.press(Press::Letter(letter));
        }
        self.press(Press::Confirm)
    }

    fn types_words(&mut self, words: &str) -> Progress {
        let mut progress = Progress::On;
        for word in words.split_whitespace() {
            progress = self.types(word);
        }
        progress
    }

    /// To the words of 50 rolls.
    fn draws(&mut self) {
        self.press(Press::Confirm);
        self.press(Press::Confirm);
        self.types(&"12345".repeat(10));
    }

    fn title(&self) -> String {
        self.setup.view().title.clone()
    }

    /// Reads the words from the display.
    fn reads_words(&mut self) -> String {
        self.press(Press::Confirm);
        let mut words = Vec::new();
        for _ in 0..2 {
            let view = self.setup.view();
            words.extend(view.rows.iter().map(|row| row[4..].to_string()));
            self.press(Press::Down);
        }
        self.press(Press::Confirm);
        words.join(" ")
    }
}

#[test]
fn new_words_count_once_they_are_typed_back() {
    let mut person = Person::at(Goal::Create);
    person.draws();
    assert_eq!(person.title(), "Your words");
    assert!(person.setup.has_words());
    let words = person.reads_words();
    assert_eq!(words.split(' ').count(), 12);
    person.press(Press::Down);
    person.press(Press::Confirm);
    person.types_words(&words);
    assert_eq!(person.title(), "New PIN, 6-16 digits");
    person.types("123456");
    let Progress::Done(made, Some(_)) = person.types("123456") else { panic!("not done") };
    assert!(made.are(&words));
}

#[test]
fn other_words_do_not_count() {
    let mut person = Person::at(Goal::Create);
    person.draws();
    person.press(Press::Down);
    person.press(Press::Confirm);
    person.types_words(WORDS);
    assert_eq!(person.title(), "Not done");
    person.press(Press::Confirm);
    assert_eq!(person.title(), "Your words");
}

#[test]
fn made_words_are_not_lost_by_one_press() {
    let mut person = Person::at(Goal::Create);
    person.draws();
    assert!(matches!(person.press(Press::Back), Progress::On));
    assert_eq!(person.title(), "Your words");
}

#[test]
fn no_words_are_made_from_a_broken_source() {
    let mut person = Person::at(Goal::Create);
    person.randomness = alloc::boxed::Box::new(Broken);
    person.draws();
    assert_eq!(person.title(), "Not done");
    assert!(person.setup.view().rows.join(" ").contains("no randomness"));
}

#[test]
fn too_few_rolls_are_told() {
    let mut person = Person::at(Goal::Create);
    person.press(Press::Confirm);
    person.press(Press::Confirm);
    person.types("123456");
    assert_eq!(person.title(), "Not done");
    person.press(Press::Confirm);
    assert_eq!(person.title(), "Roll and type, 1 to 6");
}

#[test]
fn known_words_are_typed_once() {
    let mut person = Person::at(Goal::Restore);
    person.press(Press::Confirm);
    person.types_words(WORDS);
    person.types("123456");
    assert!(matches!(person.types("123456"), Progress::Done(_, Some(_))));
}

#[test]
fn words_for_once_need_no_pin() {
    let mut person = Person::at(Goal::Once);
    person.press(Press::Confirm);
    let Progress::Done(words, None) = person.types_words(WORDS) else { panic!("not done") };
    assert!(words.are(WORDS));
}

#[test]
fn a_wrong_checksum_and_unequal_pins_are_told() {
    let mut person = Person::at(Goal::Restore);
    person.press(Press::Confirm);
    person.types_words(&WORDS.replace("about", "abandon"));
    assert_eq!(person.title(), "Not done");
    person.press(Press::Confirm);
    person.types_words(WORDS);
    person.types("12345");
    assert_eq!(person.title(), "Not done");
    person.press(Press::Confirm);
    person.types("123456");
    person.types("123457");
    assert_eq!(person.title(), "Not done");
    person.press(Press::Confirm);
    assert_eq!(person.title(), "New PIN, 6-16 digits");
}

#[test]
fn the_transcript_is_shown_to_who_asks() {
    let mut person = Person::at(Goal::Create);
    person.draws();
    person.press(Press::Down);
    person.press(Press::Down);
    person.press(Press::Confirm);
    let mut rows = String::new();
    for _ in 0..9 {
        rows.push_str(&person.setup.view().rows.concat());
        person.press(Press::Down);
    }
    assert!(rows.contains(&"12345".repeat(4)), "{rows}");
}
