//! Owns the list of coins: marked to be spent together, frozen, labelled.
//!
//! Refuses to mark what is frozen.

use std::collections::BTreeSet;

use billfold_wallet_core::command::{Coin, Command, Reference};
use bitcoin::{Amount, OutPoint};

use crate::action::{Action, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, strong, text};
use crate::effect::{Delivery, Effect, Outbox, Question};
use crate::list::List;
use crate::screen::consolidation::Consolidation;
use crate::screen::label::Label;
use crate::screen::send::Send;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// All coins.
#[derive(Default)]
pub(crate) struct Coins {
    list: List,
    marked: BTreeSet<OutPoint>,
    asked: Question,
}

impl Coins {
    fn chosen<'a>(&self, book: &'a Book) -> Option<&'a Coin> {
        let coins = book.coins.as_deref()?;
        coins.get(self.list.chosen(coins.len())?)
    }

    fn mark(&mut self, coin: &Coin, out: &mut Outbox) {
        if self.marked.remove(&coin.outpoint) {
            return;
        }
        if coin.frozen || coin.reserved || coin.immature {
            out.problem("a coin that is frozen, held by a draft or too young can't be spent");
        } else {
            self.marked.insert(coin.outpoint);
        }
    }

    /// What is marked and still there.
    fn marked_coins<'a>(&self, book: &'a Book) -> Vec<&'a Coin> {
        let coins = book.coins.as_deref().unwrap_or_default();
        coins.iter().filter(|coin| self.marked.contains(&coin.outpoint)).collect()
    }
}

impl Screen for Coins {
    fn title(&self) -> &'static str {
        "Coins"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Coins, Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Mark, Verb::Send, Verb::Freeze, Verb::Label, Verb::Copy, Verb::Consolidate]
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        let Action::Move(to) = action else { return self.verb(action, book, out) };
        self.list.step(*to, book.coins.as_ref().map_or(0, Vec::len));
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        // What is frozen now is told by the coins themselves.
        self.asked.replied(delivery, out);
        Step::Stay
    }

    fn reads_on(&self, book: &Book) -> Option<Page> {
        let known = book.coins.as_ref().map_or(0, Vec::len);
        self.list.is_near_end(known).then_some(Page::Coins)
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let Some(coins) = &book.coins else {
            canvas.line(0, &[dim("Reading the coins…")]);
            return;
        };
        let marked = self.marked_coins(book);
        let sum: Amount = marked.iter().map(|coin| coin.amount).sum();
        let head = match marked.len() {
            0 if book.is_whole(Page::Coins) => vec![dim(format!("{} in all", coins.len()))],
            0 => vec![dim(format!("the oldest {}, younger ones follow", coins.len()))],
            count => vec![strong(format!("{count} marked, {}", book.look.amount(sum)))],
        };
        canvas.line(0, &head);
        self.list.draw(canvas, 1, coins.len(), |at| self.row(&coins[at], book));
    }
}

impl Coins {
    fn verb(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        let Some(coin) = self.chosen(book) else { return Step::Pass };
        match action {
            Action::Verb(Verb::Mark) | Action::Enter => self.mark(coin, out),
            Action::Verb(Verb::Freeze) if self.asked.is_free() => {
                self.marked.remove(&coin.outpoint);
                let (outpoints, frozen) = (vec![coin.outpoint], !coin.frozen);
                self.asked.put(out.ask(&book.wallet, Command::Freeze { outpoints, frozen }));
            }
            Action::Verb(Verb::Label) => {
                let reference = Reference::Output(coin.outpoint);
                return Step::Open(Box::new(Label::new(reference, coin.note.as_deref())));
            }
            Action::Verb(Verb::Copy) => out.put(Effect::Copy(coin.outpoint.to_string())),
            Action::Verb(verb @ (Verb::Send | Verb::Consolidate)) if !self.marked.is_empty() => {
                let coins = self.marked_coins(book);
                let coins = coins.into_iter().map(|coin| coin.outpoint).collect();
                return Step::Open(match verb {
                    Verb::Send => Box::new(Send::of(coins)),
                    _ => Box::new(Consolidation::of(coins)),
                });
            }
            _ => return Step::Pass,
        }
        Step::Stay
    }

    fn row(&self, coin: &Coin, book: &Book) -> Vec<Piece> {
        let mark = if self.marked.contains(&coin.outpoint) { "[x] " } else { "[ ] " };
        let (state, role) = match coin {
            Coin { frozen: true, .. } => ("# frozen  ", Role::Frozen),
            Coin { reserved: true, .. } => ("~ drafted ", Role::Pending),
            Coin { immature: true, .. } => ("o immature", Role::Dim),
            Coin { height: None, .. } => ("~ pending ", Role::Pending),
            _ => ("+         ", Role::Received),
        };
        let mut pieces = vec![
            text(mark),
            (state.to_owned(), role),
            text(format!("{:>22}  ", book.look.amount(coin.amount))),
        ];
        pieces.extend(coin.marks.iter().map(|mark| (format!("! {} ", mark.name()), Role::Warning)));
        pieces.push(match &coin.note {
            Some(note) => text(note.clone()),
            None => dim(coin.outpoint.to_string()),
        });
        pieces
    }
}
