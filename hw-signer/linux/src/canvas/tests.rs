//! Pictures of the small display, held against those that were looked at.

use std::path::Path;
use std::{env, fs};

use billfold_signer_core::address::ShownAddress;
use billfold_signer_core::entry::{Entry, EntryKind};
use billfold_signer_core::keys::Keys;
use billfold_signer_core::network::{Chain, Network};
use billfold_signer_core::pages::Pages;
use billfold_signer_core::path::Variant;
use billfold_signer_core::press::Press;
use billfold_signer_core::screen::Screen;
use billfold_signer_core::setup::{Goal, Setup};
use billfold_signer_core::words::Words;

use super::*;
use crate::display::Points;

#[test]
fn a_menu() {
    is_as_it_was("menu", &Setup::new(Goal::Restore).view());
}

#[test]
fn an_address() {
    let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                 abandon about";
    let keys = Keys::new(&Words::parse(words).unwrap(), "", Network::Test);
    let path = "m/86'/1'/0'/0/0".parse().unwrap();
    let shown = ShownAddress::of_key(&keys, Chain::Testnet, &path, Variant::Tr).unwrap();
    is_as_it_was("address", &Pages::new(shown.screens()).view());
}

#[test]
fn a_warning_and_a_question() {
    let line = "The fee is 12 % of what leaves. Nothing proves the sums.".to_string();
    let warning = Screen::new(ScreenKind::Warning, "Fee not proven", vec![line]);
    let question = vec!["Sign and pay 0.00 100 000 BTC?".to_string()];
    let question = Screen::new(ScreenKind::Confirm, "Sign?", question);
    let mut pages = Pages::new(&[warning, question]);
    is_as_it_was("warning", &pages.view());
    pages.press(Press::Down);
    is_as_it_was("question", &pages.view());
}

#[test]
fn a_pin_and_a_word() {
    let mut pin = Entry::new(EntryKind::Pin, "PIN (10 tries)");
    for digit in "123".chars() {
        pin.press(Press::Letter(digit));
    }
    pin.press(Press::Down);
    is_as_it_was("pin", &pin.view());
    let mut word = Entry::new(EntryKind::Word, "Word 3 of 12");
    for letter in "ab".chars() {
        word.press(Press::Letter(letter));
    }
    is_as_it_was("word", &word.view());
}

/// Compares with `fixtures/NAME.png`; `BILLFOLD_NEW_PICTURES=1` writes it anew, to be looked at.
#[track_caller]
fn is_as_it_was(name: &str, view: &View) {
    let mut points = Points::default();
    let Ok(()) = draw(view, &mut points);
    let drawn: Vec<u8> = points
        .colors()
        .flat_map(|color| [color.r() << 3, color.g() << 2, color.b() << 3])
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(format!("{name}.png"));
    if env::var_os("BILLFOLD_NEW_PICTURES").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut encoder = png::Encoder::new(fs::File::create(&path).unwrap(), SIDE, SIDE);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header().unwrap().write_image_data(&drawn).unwrap();
    }
    let file = std::io::BufReader::new(fs::File::open(&path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut kept = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut kept).unwrap();
    assert!(kept == drawn, "{name} is drawn otherwise: BILLFOLD_NEW_PICTURES=1 writes it anew");
}
