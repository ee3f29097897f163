//! The device as hosts and people meet it. The host traps are in `traps`, the owner's own menus in
//! `menus`, what each request does in `requests`, payments in `signing`.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

use super::*;
use crate::randomness::{NoRandomness, Randomness};
use crate::storage::{Storage, StorageFault};

mod menus;
mod requests;
mod signing;
mod traps;

const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";

/// A card that outlives the device.
#[derive(Clone, Default)]
struct Card {
    bytes: Rc<RefCell<Option<Vec<u8>>>>,
    broken: Rc<RefCell<bool>>,
}

impl Card {
    fn check(&self) -> Result<(), StorageFault> {
        if *self.broken.borrow() { Err(StorageFault) } else { Ok(()) }
    }
}

impl Storage for Card {
    fn load(&mut self) -> Result<Option<Vec<u8>>, StorageFault> {
        self.check()?;
        Ok(self.bytes.borrow().clone())
    }

    fn store(&mut self, bytes: &[u8]) -> Result<(), StorageFault> {
        self.check()?;
        *self.bytes.borrow_mut() = Some(bytes.to_vec());
        Ok(())
    }

    fn wipe(&mut self) -> Result<(), StorageFault> {
        self.check()?;
        *self.bytes.borrow_mut() = None;
        Ok(())
    }
}

struct Counting(u8);

impl Randomness for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.0 = self.0.wrapping_add(1);
        bytes.fill(self.0);
        Ok(())
    }
}

/// A value of a reply.
#[derive(Debug, Clone, PartialEq)]
enum Item {
    Flag(bool),
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Item>),
    Map(Vec<(String, Item)>),
}

impl Item {
    fn read(decoder: &mut Decoder<'_>) -> Self {
        match decoder.datatype().unwrap() {
            Type::Bool => Self::Flag(decoder.bool().unwrap()),
            Type::String => Self::Text(decoder.str().unwrap().to_string()),
            Type::Bytes => Self::Bytes(decoder.bytes().unwrap().to_vec()),
            Type::Array => {
                let length = decoder.array().unwrap().unwrap();
                Self::List((0..length).map(|_| Self::read(decoder)).collect())
            }
            Type::Map => {
                let length = decoder.map().unwrap().unwrap();
                let entry = |_| (decoder.str().unwrap().to_string(), Self::read(decoder));
                Self::Map((0..length).map(entry).collect())
            }
            _ => Self::Number(decoder.i64().unwrap()),
        }
    }

    fn find(&self, name: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { panic!("no map: {self:?}") };
        entries.iter().find(|(known, _)| known == name).map(|(_, item)| item)
    }

    fn text(&self, name: &str) -> &str {
        let Some(Self::Text(text)) = self.find(name) else { panic!("no text {name}: {self:?}") };
        text
    }

    fn number(&self, name: &str) -> i64 {
        let Some(Self::Number(number)) = self.find(name) else { panic!("{name}: {self:?}") };
        *number
    }
}

/// A device, a host and a person.
struct Table {
    device: Session,
    card: Card,
    now: u64,
    kept: Vec<Item>,
}

impl Table {
    /// A device with nothing on it.
    fn empty() -> Self {
        Self::with(Card::default())
    }

    fn with(card: Card) -> Self {
        let board = Board { storage: Box::new(card.clone()), randomness: Box::new(Counting(0)) };
        let options = Options {
            version: "1.0.40-test".to_string(),
            network: Network::Test,
            cost: KdfCost::for_tests(),
        };
        Self {
            device: Session::new(board, options, Time::default()),
            card,
            now: 0,
            kept: Vec::new(),
        }
    }

    /// A device with `WORDS` for once.
    fn once() -> Self {
        let mut table = Self::empty();
        table.chooses("Use words once");
        table.press(Press::Confirm);
        table.types_words(WORDS);
        table.press(Press::Confirm);
        table.works();
        assert_eq!(table.title(), "Ready");
        table
    }

    /// A device that keeps `WORDS` under the PIN 123456, unlocked.
    fn kept() -> Self {
        let mut table = Self::empty();
        table.chooses("Restore from words");
        table.press(Press::Confirm);
        table.types_words(WORDS);
        table.types("123456");
        table.types("123456");
        table.works();
        assert_eq!(table.title(), "Ready");
        table
    }

    fn locked() -> Self {
        let mut table = Self::kept();
        table.chooses("Lock");
        assert_eq!(table.title(), "Locked");
        table
    }

    fn time(&self) -> Time {
        Time::from_millis(self.now)
    }

    fn press(&mut self, press: Press) {
        self.device.press(press, self.time());
    }

    fn types(&mut self, text: &str) {
        for letter in text.chars() {
            self.press(Press::Letter(letter));
        }
        self.press(Press::Confirm);
    }

    fn types_words(&mut self, words: &str) {
        for word in words.split_whitespace() {
            self.types(word);
        }
    }

    fn works(&mut self) {
        while self.device.is_working() {
            self.device.work(self.time());
        }
    }

    /// Goes to the row of a menu and takes it.
    fn chooses(&mut self, row: &str) {
        for _ in 0..20 {
            let view = self.device.view();
            if view.selected.is_some_and(|at| view.rows[at].starts_with(row)) {
                return self.press(Press::Confirm);
            }
            self.press(Press::Down);
        }
        panic!("no {row} in {:?}", self.device.view());
    }

    /// Reads all pages, agrees to the last, and tells what they showed.
    fn agrees(&mut self) -> Vec<View> {
        let views = self.reads();
        self.press(Press::Confirm);
        self.works();
        views
    }

    fn reads(&mut self) -> Vec<View> {
        let mut views = vec![self.device.view()];
        loop {
            self.press(Press::Down);
            let view = self.device.view();
            if views.last() == Some(&view) {
                return views;
            }
            views.push(view);
        }
    }

    fn title(&self) -> String {
        self.device.view().title.clone()
    }

    fn passes(&mut self, milliseconds: u64) {
        self.now += milliseconds;
        self.device.tick(self.time());
    }

    /// Sends a request and does not wait.
    fn sends(&mut self, id: &str, method: &str, params: impl FnOnce(&mut Encoder<Vec<u8>>)) {
        let bytes = request(id, method, params);
        self.device.receive(&bytes, self.time());
    }

    /// Sends a request and takes the reply, which must be the only one.
    fn asks(&mut self, method: &str, params: impl FnOnce(&mut Encoder<Vec<u8>>)) -> Item {
        self.sends("77", method, params);
        let reply = self.reply().expect("an answer at once");
        assert_eq!(reply.text("id"), "77");
        assert_eq!(self.reply(), None);
        reply
    }

    fn asks_ping(&mut self) -> i64 {
        self.sends("77", "ping", none);
        let replies: Vec<Item> = core::iter::from_fn(|| self.reply()).collect();
        // Another answer may have come just before; it is put back for whoever waits for it.
        let (own, other): (Vec<_>, Vec<_>) =
            replies.into_iter().partition(|reply| reply.text("id") == "77");
        self.kept.extend(other);
        own[0].number("result")
    }

    fn reply(&mut self) -> Option<Item> {
        if !self.kept.is_empty() {
            return Some(self.kept.remove(0));
        }
        let bytes = self.device.take_reply()?;
        let mut decoder = Decoder::new(&bytes);
        let item = Item::read(&mut decoder);
        assert_eq!(decoder.position(), bytes.len(), "a reply is one item");
        Some(item)
    }
}

fn request(id: &str, method: &str, params: impl FnOnce(&mut Encoder<Vec<u8>>)) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    encoder.map(3).unwrap().str("id").unwrap().str(id).unwrap();
    encoder.str("method").unwrap().str(method).unwrap().str("params").unwrap();
    params(&mut encoder);
    encoder.into_writer()
}

/// Parameters that are not there.
fn none(encoder: &mut Encoder<Vec<u8>>) {
    encoder.null().unwrap();
}

/// `{network, path}`.
fn path_on(network: &str, path: &[u32]) -> impl FnOnce(&mut Encoder<Vec<u8>>) {
    move |encoder| {
        encoder.map(2).unwrap().str("network").unwrap().str(network).unwrap();
        write_path(encoder, path);
    }
}

/// `{network, path, variant}`.
fn address_on(network: &str, path: &[u32], variant: &str) -> impl FnOnce(&mut Encoder<Vec<u8>>) {
    move |encoder| {
        encoder.map(3).unwrap().str("network").unwrap().str(network).unwrap();
        write_path(encoder, path);
        encoder.str("variant").unwrap().str(variant).unwrap();
    }
}

fn auth_on(network: &str) -> impl FnOnce(&mut Encoder<Vec<u8>>) {
    move |encoder| {
        encoder.map(2).unwrap().str("network").unwrap().str(network).unwrap();
        encoder.str("epoch").unwrap().u64(1_700_000_000).unwrap();
    }
}

fn write_path(encoder: &mut Encoder<Vec<u8>>, path: &[u32]) {
    encoder.str("path").unwrap().array(path.len() as u64).unwrap();
    for number in path {
        encoder.u32(*number).unwrap();
    }
}

fn error_of(reply: &Item) -> i64 {
    reply.find("error").unwrap_or_else(|| panic!("no error: {reply:?}")).number("code")
}

/// Where hardened numbers begin.
const H: u32 = 1 << 31;

const FIRST_ADDRESS: [u32; 5] = [84 + H, 1 + H, H, 0, 0];
