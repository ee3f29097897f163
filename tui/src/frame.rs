//! Owns what stands around every screen: wallet, chain and screen above, what is to be told and the
//! keys below.

use bitcoin::Network;

use crate::action::{Tab, Verb};
use crate::book::Book;
use crate::canvas::{Canvas, Piece, columns, dim, strong, text, wrap};
use crate::desk::Desk;
use crate::effect::Notice;
use crate::format;
use crate::keymap::Keymap;
use crate::places::Spot;
use crate::screen::Screen;
use crate::theme::Role;

/// Which wallet and chain it is, how far it is followed, and which screen this is that stands above
/// the numbered ones.
pub(crate) fn head(
    book: &Book,
    tab: Option<Tab>,
    screen: Option<&dyn Screen>,
    canvas: &mut Canvas<'_>,
) {
    let made = screen.and_then(Screen::makes);
    let mut name = vec![strong("billfold  "), text(made.unwrap_or(book.wallet.as_str()))];
    if book.network != Network::Bitcoin {
        name.push((format!("  [{}]", book.network), Role::Warning));
    }
    canvas.line(0, &name);
    // Before a wallet is open nobody asks how the chain stands.
    if let Some(tab) = tab {
        canvas.right(0, &chain(book));
        tabs(tab, screen.is_none(), canvas);
    }
    if let Some(screen) = screen {
        canvas.right(1, &[strong(format!(" {} ", screen.title()))]);
    }
}

/// What nobody may overlook: that the money is none.
pub(crate) fn banner(book: &Book, desk: Option<&Desk>, canvas: &mut Canvas<'_>) {
    match (desk, book.network) {
        (Some(desk), _) => desk.draw_keys(canvas),
        (None, Network::Bitcoin | Network::Regtest) => {}
        (None, network) => {
            let told = format!("TEST MONEY  coins of {network} are worth nothing");
            canvas.line(0, &[(told, Role::Warning)]);
        }
    }
}

/// The same in one line, to be read.
pub(crate) fn summary(book: &Book) -> String {
    let chain: String = chain(book).into_iter().map(|(text, _)| text).collect();
    match book.network {
        Network::Bitcoin => format!("{}, {chain}", book.wallet),
        network => format!("{} [{network}], {chain}", book.wallet),
    }
}

/// A click goes to one of them, unless a screen stands above them that it would leave.
fn tabs(tab: Tab, is_free: bool, canvas: &mut Canvas<'_>) {
    if canvas.width() < WIDE {
        canvas.line(1, &[(format!(" {} {} ", tab as usize + 1, tab.name()), Role::Selected)]);
        return;
    }
    let mut column = 0;
    for (number, one) in (1..).zip(Tab::ALL) {
        let role = if one == tab { Role::Selected } else { Role::Dim };
        let end = canvas.at(column, 1, &[(format!(" {number} {} ", one.name()), role)]);
        if is_free {
            canvas.spot(1, column..end, Spot::Tab(one));
        }
        column = end;
    }
}

fn chain(book: &Book) -> Vec<Piece> {
    let Some(status) = &book.status else { return vec![dim("starting")] };
    let ready = status.followed().count();
    let peers = if ready == 0 { String::new() } else { format::count(ready as u64, "peer") };
    let height = format::grouped(status.tip.height.to_u32().into());
    let lock = match (book.locked, book.locks_in) {
        (true, _) => String::new(),
        (false, None) => "  keys open".to_owned(),
        (false, Some(left)) => format!("  keys lock in {} s", left.as_secs()),
    };
    let (word, role) = match (status.synced, ready) {
        (_, 0) => ("! no peer", Role::Warning),
        (true, _) => ("synced", Role::Received),
        (false, _) if book.is_searching() => ("~ partial", Role::Pending),
        (false, _) => ("~ syncing", Role::Pending),
    };
    vec![(format!("{word} {height}"), role), dim(format!("  {peers}")), (lock, Role::Warning)]
}

/// What is to be told stands over the lowest rows but one, as many as it takes.
pub(crate) fn notice(notice: Option<&Notice>, canvas: &mut Canvas<'_>) {
    let (width, height) = (canvas.width(), canvas.height());
    let (told, role) = match notice {
        Some(Notice::Done(told)) => (told.clone(), Role::Strong),
        Some(Notice::Problem(told)) => (format!("! {told}"), Role::Error),
        None => (String::new(), Role::Normal),
    };
    let lines = u16::try_from(wrap(&told, width.into()).len()).unwrap_or(1).min(MOST_TOLD);
    let mut above = canvas.part(0, height - 1 - lines, width, lines);
    if notice.is_some() {
        above.clear();
        above.wrapped(0, &told, role);
    }
}

/// The keys that mean something here; Escape does only where there is something before. `?` comes first, so
/// that it is never the one for which there is no room.
pub(crate) fn hints(
    screen: &dyn Screen,
    has_before: bool,
    keymap: &Keymap,
    canvas: &mut Canvas<'_>,
) {
    let typing = screen.is_typing();
    let name = |verb| hint(keymap, verb, typing).unwrap_or_default();
    let help = name(Verb::Help);
    let mut column = 0;
    if !screen.title().is_empty() && !help.is_empty() {
        column = canvas.at(0, 0, &[(help, Role::Key), dim(" help  ")]);
    }
    if typing {
        let back = has_before.then(|| ("esc".to_owned(), "back"));
        let keys = [Some(("enter".to_owned(), "go on")), back, Some((name(Verb::Quit), "end"))];
        for (key, what) in keys.into_iter().flatten() {
            column = canvas.at(column, 0, &[(key, Role::Key), dim(format!(" {what}  "))]);
        }
        return;
    }
    for verb in screen.verbs() {
        let Some(key) = hint(keymap, *verb, false) else { continue };
        let width = columns(&key) + columns(verb.name()) + 3;
        if usize::from(column) + width > canvas.width().into() {
            break;
        }
        column = canvas.at(column, 0, &[(key, Role::Key), dim(format!(" {}  ", verb.name()))]);
    }
}

/// The key of a verb that works here: where a text is written, characters are text.
fn hint(keymap: &Keymap, verb: Verb, typing: bool) -> Option<String> {
    let keys = keymap.keys(verb).into_iter();
    let mut works = keys.filter(|key| !typing || keymap.action(*key, true) == Some(verb.into()));
    works.next().map(|key| key.to_string())
}

/// Columns that the names of all numbered screens take.
const WIDE: u16 = 70;

/// Rows that what is told may take.
const MOST_TOLD: u16 = 4;
