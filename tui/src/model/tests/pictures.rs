//! Pictures of every screen in every size, state and look, with the looks of their cells; they stand
//! in `tui/pictures`, and are written anew by `BILLFOLD_NEW_PICTURES=1 cargo test -p billfold-tui
//! pictures`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::puppet::{Bench, Signer, State};
use crate::model::Message;

/// Every screen, with what is pressed to come there from Home.
const SCREENS: &[(&str, Reach)] = &[
    ("closed", Reach::Closed),
    ("first", Reach::First("")),
    ("new-name", Reach::First("n")),
    ("new-kind", Reach::First("n enter")),
    ("new-password", Reach::First("n enter enter a b c enter a b")),
    ("new-words", Reach::First(NEW)),
    ("new-quiz", Reach::First(QUIZ)),
    ("new-card", Reach::First(CARD)),
    ("restore-words", Reach::First("r l e g a l space w i n")),
    ("restore-passphrase", Reach::Words("enter x")),
    ("restore-birthday", Reach::Words("enter enter 2 0 2 1")),
    ("connect-absent", Reach::Connect(Signer::Absent, "")),
    ("connect-found", Reach::Connect(Signer::Agrees, "")),
    ("connect-kind", Reach::Connect(Signer::Agrees, "enter down")),
    ("connect-compare", Reach::Connect(Signer::Agrees, "enter enter")),
    ("connect-test", Reach::Connect(Signer::Agrees, "enter enter v")),
    ("connect-watch", Reach::Connect(Signer::Agrees, "enter enter v enter")),
    ("connect-refused", Reach::Connect(Signer::Refuses, "enter enter")),
    ("watch", Reach::First("w a c c o u n t s")),
    ("watch-accounts", Reach::First("w a c c o u n t s . t x t enter")),
    ("watch-nothing", Reach::First("w x enter")),
    ("try", Reach::First("t down")),
    ("wallets", Reach::Keys("w down")),
    ("wallets-new", Reach::Keys("w n")),
    ("drafts", Reach::Keys("d")),
    ("psbt-codes", Reach::Keys("d p")),
    ("psbt-ur", Reach::Keys("d p tab - -")),
    ("psbt-file", Reach::Keys("d p p")),
    ("signed-elsewhere", Reach::Keys("d n")),
    ("signed-whole", Reach::Keys("d n / s i g n e d . p s b t enter s e n")),
    ("jobs", Reach::Keys("J")),
    ("log", Reach::Keys("A")),
    ("log-happened", Reach::Keys("A tab")),
    ("doctor", Reach::Keys(": d o c t o r enter")),
    ("settings", Reach::Keys(": s e t t i n g s enter down down")),
    ("home", Reach::Keys("1")),
    ("activity", Reach::Keys("2")),
    ("coins", Reach::Keys("3 space")),
    ("addresses", Reach::Keys("4")),
    ("keys", Reach::Keys("5")),
    ("network", Reach::Keys("6")),
    ("receive", Reach::Keys("r")),
    ("request", Reach::Keys("r a 2 5 k")),
    ("code", Reach::Keys("r Q")),
    ("send", Reach::Keys("s")),
    ("review", Reach::Pay("enter")),
    ("sign", Reach::Pay("enter q e j x a r y 0 enter h u n t e r 2")),
    ("sign-signer", Reach::Signer(Signer::Waits, SIGNED)),
    ("sign-refused", Reach::Signer(Signer::Refuses, SIGNED)),
    ("verify", Reach::Signer(Signer::Waits, "5 v")),
    ("verify-same", Reach::Signer(Signer::Agrees, "5 v")),
    ("verify-differs", Reach::Signer(Signer::Differs, "5 v")),
    ("keys-signer", Reach::Signer(Signer::Agrees, "5")),
    ("transaction", Reach::Keys("2 enter")),
    ("label", Reach::Keys("2 e")),
    ("pay-file", Reach::Keys(": p a y - f i l e enter w a g e s")),
    ("consolidate", Reach::Keys("3 : c o n s o l enter")),
    ("message", Reach::Keys("4 : m e s s a g e enter h i")),
    ("export", Reach::Keys(": e x p o r t enter")),
    ("find", Reach::Keys("/ s a l")),
    ("palette", Reach::Keys(":")),
    ("help", Reach::Keys("3 ?")),
    ("unlock", Reach::Keys(": u n l o c k enter")),
    ("refusal", Reach::Keys("1 +")),
    ("desk", Reach::Desk("")),
    ("desk-signer", Reach::Desk("f2")),
    ("desk-payment", Reach::Desk(PLAYED)),
];

/// How a screen is reached.
enum Reach {
    /// It is the one before the password.
    Closed,
    /// Where there is no wallet yet, by these keys.
    First(&'static str),
    /// There, by words that are pasted, and these keys.
    Words(&'static str),
    /// By meeting a signer that does this, and these keys.
    Connect(Signer, &'static str),
    /// In a wallet whose keys are on such a signer, by a pasted payment where `s` is pressed first, and these keys.
    Signer(Signer, &'static str),
    /// In a demonstration, by these keys.
    Desk(&'static str),
    /// By these keys.
    Keys(&'static str),
    /// By a payment that is pasted, and these keys.
    Pay(&'static str),
}

const NEW: &str = "n enter enter a b c enter a b c enter";
const QUIZ: &str = "n enter enter a b c enter a b c enter enter w i n";
const CARD: &str =
    "n enter enter a b c enter a b c enter enter w i n n e r s a u s a g e y e l l o w";

const SIGNED: &str = "s enter q e j x a r y 0 enter";

const PLAYED: &str =
    "n enter enter a b c enter a b c enter enter w i n n e r s a u s a g e y e l l o w enter f5";

const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

const URI: &str =
    "bitcoin:bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080?amount=0.01&label=rent%20may";

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (60, 16)];

fn bench(reach: &Reach, state: State, colour: bool) -> Bench {
    match reach {
        Reach::Closed => return Bench::closed(state, colour),
        Reach::First(keys) => {
            let mut bench = Bench::first(colour);
            bench.press(keys);
            return bench;
        }
        Reach::Words(keys) => {
            let mut bench = Bench::first(colour);
            bench.press("r");
            bench.tell(Message::Paste(WORDS.to_owned()));
            bench.press(keys);
            return bench;
        }
        Reach::Desk(keys) => {
            let mut bench = Bench::playing(colour);
            bench.press(keys);
            return bench;
        }
        Reach::Connect(signer, keys) => {
            let mut bench = Bench::first(colour).beside(*signer);
            bench.press("c");
            for _ in 0..5 {
                bench.wake();
            }
            bench.press(keys);
            return bench;
        }
        Reach::Signer(signer, keys) => {
            let mut bench = Bench::watching(state, colour).beside(*signer);
            if let Some(after) = keys.strip_prefix("s ") {
                bench.press("s");
                bench.tell(Message::Paste(URI.to_owned()));
                bench.press(after);
            } else {
                bench.press(keys);
            }
            return bench;
        }
        Reach::Keys(_) | Reach::Pay(_) => {}
    }
    let mut bench = Bench::open(state, colour);
    match reach {
        Reach::Pay(keys) => {
            bench.press("s");
            bench.tell(Message::Paste(URI.to_owned()));
            bench.press(keys);
        }
        Reach::Keys(keys) => bench.press(keys),
        _ => {}
    }
    bench
}

fn drawn(bench: &Bench, (width, height): (u16, u16)) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    bench.model.draw(&mut buffer);
    buffer
}

fn text(buffer: &Buffer) -> String {
    let area = buffer.area;
    let row = |y| {
        let cells = (0..area.width).map(|x| buffer[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_owned()
    };
    (0..area.height).map(row).collect::<Vec<_>>().join("\n")
}

/// The runs of cells that look other than ordinary, row by row.
fn looks(buffer: &Buffer) -> String {
    let mut told = String::new();
    for y in 0..buffer.area.height {
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        for x in 0..buffer.area.width {
            let look = look(buffer[(x, y)].style());
            match runs.last_mut() {
                Some((_, end, last)) if *last == look && *end == x => *end = x + 1,
                _ => runs.push((x, x + 1, look)),
            }
        }
        let runs = runs.into_iter().filter(|(_, _, look)| !look.is_empty());
        let runs: Vec<_> =
            runs.map(|(start, end, look)| format!("{start}-{} {look}", end - 1)).collect();
        if !runs.is_empty() {
            writeln!(told, "  {y}: {}", runs.join(", ")).expect("a string takes all");
        }
    }
    told
}

fn look(style: Style) -> String {
    let colour = |name, colour: Option<Color>| {
        colour.filter(|colour| *colour != Color::Reset).map(|colour| format!("{name}{colour}"))
    };
    let modifiers =
        [(Modifier::BOLD, "bold"), (Modifier::DIM, "dim"), (Modifier::REVERSED, "reversed")];
    let modifiers = modifiers
        .into_iter()
        .filter(|(modifier, _)| style.add_modifier.contains(*modifier))
        .map(|(_, name)| name.to_owned());
    let colours = [colour("", style.fg), colour("on ", style.bg)].into_iter().flatten();
    colours.chain(modifiers).collect::<Vec<_>>().join(" ")
}

fn picture(reach: &Reach) -> String {
    let mut told = String::new();
    for size in SIZES {
        for state in [State::Empty, State::Busy, State::Error] {
            let [colour, plain] =
                [true, false].map(|colour| drawn(&bench(reach, state, colour), size));
            let (with, without) = (text(&colour), text(&plain));
            write!(told, "== {}x{} {state:?}\n{with}\n", size.0, size.1)
                .expect("a string takes all");
            if with != without {
                write!(told, "-- without colour\n{without}\n").expect("a string takes all");
            }
            write!(told, "-- looks\n{}-- looks without colour\n{}", looks(&colour), looks(&plain))
                .expect("a string takes all");
        }
    }
    told
}

#[test]
fn every_screen_is_as_its_pictures_show_it() {
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/pictures"));
    let mut wrong = Vec::new();
    for (name, reach) in SCREENS {
        let path = dir.join(format!("{name}.txt"));
        let drawn = picture(reach);
        if std::env::var_os("BILLFOLD_NEW_PICTURES").is_some() {
            std::fs::write(&path, &drawn).expect("written");
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != drawn {
            wrong.push(*name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?} differ: draw them anew, and look at what changed");
}

/// A screen without pictures changes without anybody looking.
#[test]
fn every_screen_has_its_pictures_and_every_picture_its_screen() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kind = |(_, reach): &(_, Reach)| bench(reach, State::Busy, true).model.top().kind();
    let drawn: BTreeSet<_> =
        SCREENS.iter().filter_map(|one| kind(one).split("::").nth(2)).collect();
    for file in std::fs::read_dir(root.join("src/screen")).expect("the screens") {
        let path = file.expect("a screen").path();
        let source = std::fs::read_to_string(&path).expect("its source");
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let is_screen = source.contains("impl Screen for");
        assert!(!is_screen || drawn.contains(name), "{name} has no picture");
    }
    for file in std::fs::read_dir(root.join("pictures")).expect("the pictures") {
        let path = file.expect("a picture").path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        assert!(SCREENS.iter().any(|(screen, _)| *screen == name), "{name} is of no screen");
    }
}

/// What a person loses by a crash or a cleared field when a window is made smaller.
#[test]
fn every_screen_bears_every_size_and_keeps_what_was_typed() {
    for (name, reach) in SCREENS {
        for state in [State::Empty, State::Busy, State::Error] {
            let bench = bench(reach, state, true);
            let before = text(&drawn(&bench, (200, 60)));
            for size in [(80, 24), (60, 16), (59, 16), (40, 10), (1, 1), (0, 0), (300, 3), (3, 300)]
            {
                drawn(&bench, size);
            }
            assert_eq!(text(&drawn(&bench, (200, 60))), before, "{name} {state:?}");
        }
    }
}

/// A window that is too small shows no amount, and says what it needs.
#[test]
fn a_window_that_is_too_small_asks_for_room() {
    let bench = Bench::open(State::Busy, true);
    let told = text(&drawn(&bench, (40, 10)));
    assert!(told.contains("60 columns") && !told.contains("BTC"), "{told}");
}

/// Under `NO_COLOR` no cell has a colour, on any screen.
#[test]
fn without_colour_no_cell_has_one() {
    for (name, reach) in SCREENS {
        let buffer = drawn(&bench(reach, State::Busy, false), (80, 24));
        for cell in buffer.content() {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{name}");
        }
    }
}
