//! Owns what the screens show at one moment as lines to be read one after the other: the same values,
//! drawn by the same screens, without places and colours.

use billfold_wallet_core::event::{Event, News};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use crate::action::Verb;
use crate::canvas::Canvas;
use crate::effect::Notice;
use crate::format;
use crate::frame;
use crate::model::Model;
use crate::places::{Entry, Places};

/// What is shown, to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Where it is: the screen, and the wallet and its chain if one is open.
    pub title: String,
    /// What is there.
    pub lines: Vec<String>,
    /// What is to be told.
    pub notice: Option<String>,
    /// The fields, in their order.
    pub fields: Vec<Entry>,
    /// The rows that can be chosen, counted from 0.
    pub rows: Vec<usize>,
    /// Whether what is written into the field finds rows.
    pub finds_rows: bool,
    /// Whether a letter is an answer here, and no verb.
    pub takes_letters: bool,
    /// The verbs that mean something here, the most useful first.
    pub verbs: &'static [Verb],
}

impl Model {
    /// What the screens show, to be read.
    #[must_use]
    pub fn read(&self) -> View {
        let mut buffer = Buffer::empty(Rect::new(0, 0, COLUMNS, ROWS));
        let mut places = Places::in_lines();
        let top = self.top();
        top.draw(&self.book, &mut Canvas::new(&mut buffer, self.theme, &mut places));
        let place = if top.title().is_empty() { "billfold" } else { top.title() };
        let mut title = place.to_owned();
        if self.is_open() {
            title = format!("{place}: {}", frame::summary(&self.book));
        }
        let unanswered = self.book.problem.as_ref().map(|error| Notice::Problem(error.to_string()));
        let notice = self.notice.clone().or(unanswered).map(|notice| match notice {
            Notice::Done(told) => told,
            Notice::Problem(told) => format!("! {told}"),
        });
        View {
            title,
            lines: lines(&buffer),
            notice,
            rows: places.rows().collect(),
            finds_rows: top.finds_rows(),
            takes_letters: top.is_typing() && places.fields.is_empty(),
            fields: places.fields,
            verbs: top.verbs(),
        }
    }
}

impl Model {
    /// What of the news is told at once, though nobody asked.
    #[must_use]
    pub fn told(&self, news: &News) -> Option<String> {
        let is_ours = news.wallet.as_ref().is_none_or(|wallet| *wallet == self.book.wallet);
        if !is_ours || !self.is_open() {
            return None;
        }
        match &news.event {
            Event::Transaction(change) => {
                Some(format!("* {}, {}", self.book.look.net(change.net), change.state.name()))
            }
            Event::Synced { tip, .. } => {
                Some(format!("* synced at {}", format::grouped(tip.height.to_u32().into())))
            }
            _ => None,
        }
    }
}

impl View {
    /// The field that is written into.
    #[must_use]
    pub fn current(&self) -> Option<&Entry> {
        self.fields.iter().find(|field| field.is_current)
    }
}

/// The rows that have something, without the spaces at their ends.
fn lines(buffer: &Buffer) -> Vec<String> {
    let rows = buffer.content().chunks(COLUMNS.into());
    let text = |row: &[Cell]| {
        let text: String = row.iter().map(Cell::symbol).collect();
        text.trim_end().to_owned()
    };
    rows.map(text).filter(|line| !line.is_empty()).collect()
}

/// Room for everything that is read at once. Terminals break longer lines themselves, and voices
/// don't.
const COLUMNS: u16 = 160;
const ROWS: u16 = 60;
