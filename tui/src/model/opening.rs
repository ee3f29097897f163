//! Owns which verb opens which screen, wherever the person is.

use crate::action::Verb;
use crate::model::Model;
use crate::screen::Screen;
use crate::screen::batch::Batch;
use crate::screen::consolidation::Consolidation;
use crate::screen::doctor::Doctor;
use crate::screen::drafts::Drafts;
use crate::screen::export::Export;
use crate::screen::find::Find;
use crate::screen::jobs::Jobs;
use crate::screen::log::Log;
use crate::screen::message::Message;
use crate::screen::palette::Palette;
use crate::screen::receive::Receive;
use crate::screen::send::Send;
use crate::screen::settings::Settings;
use crate::screen::unlock::Unlock;
use crate::screen::wallets::Wallets;

impl Model {
    /// The screen that a verb opens.
    pub(super) fn opened_by(&self, verb: Verb) -> Option<Box<dyn Screen>> {
        let playing = self.desk.is_some();
        Some(match verb {
            Verb::Receive => Box::new(Receive::new()),
            Verb::Send => Box::new(Send::new()),
            Verb::Find => Box::new(Find::new()),
            Verb::Palette => Box::new(Palette::all(&self.keymap, playing)),
            Verb::Help => Box::new(Palette::here(self.top().verbs(), &self.keymap, playing)),
            Verb::Drafts => Box::<Drafts>::default(),
            Verb::Jobs => Box::<Jobs>::default(),
            Verb::Rescan => Box::new(Jobs::rescan()),
            Verb::Batch => Box::new(Batch::new()),
            Verb::Consolidate => Box::new(Consolidation::of(Vec::new())),
            Verb::Message => Box::new(Message::new(None)),
            Verb::Export => Box::new(Export::new()),
            Verb::Log => Box::<Log>::default(),
            Verb::Doctor => Box::<Doctor>::default(),
            Verb::Settings => Box::<Settings>::default(),
            Verb::Wallets => Box::<Wallets>::default(),
            Verb::Unlock => Box::new(Unlock::new()),
            _ => return None,
        })
    }
}
