//! Owns what the owner changes on an unlocked device: settings, policies, and wiping it.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use bitcoin::Amount;

use super::owner::{Setting, other};
use super::{Lock, Session, Stage};
use crate::entry::{Entry, EntryKind, Typing};
use crate::menu::{Choosing, Menu};
use crate::network::Network;
use crate::pages::{Pages, Reading};
use crate::policy::Policy;
use crate::press::Press;
use crate::screen::{Screen, ScreenKind};
use crate::settings::Settings;
use crate::unlocked::{ChangeError, PlayMoneyOnly};

impl Session {
    pub(super) fn list_settings(&mut self) {
        let Lock::Open(unlocked) = &self.lock else { return self.go_home() };
        let settings = unlocked.settings();
        let switch = |on| if on { "yes" } else { "no" };
        let network = match settings.network {
            Network::Main => "main",
            Network::Test => "test",
        };
        let menu = Menu::new(
            "Settings",
            [
                (format!("Fee up to {}", settings.fee_limit.to_sat()), Setting::FeeLimit),
                (format!("Unproven sums: {}", switch(settings.accept_unproven)), Setting::Unproven),
                (format!("Passphrase: {}", switch(settings.ask_passphrase)), Setting::Passphrase),
                (format!("Lock after {} min", settings.idle_lock / 60), Setting::IdleLock),
                (format!("Network: {network}"), Setting::Network),
            ],
        );
        self.stage = Stage::Settings(menu);
    }

    pub(super) fn change(&mut self, setting: Setting) {
        let Lock::Open(unlocked) = &self.lock else { return self.go_home() };
        let settings = *unlocked.settings();
        let changed = match setting {
            Setting::FeeLimit => {
                let entry = Entry::new(EntryKind::Number, "Highest fee, in sat");
                self.stage = Stage::FeeLimit(entry);
                return;
            }
            Setting::Unproven => {
                Settings { accept_unproven: !settings.accept_unproven, ..settings }
            }
            Setting::Passphrase => {
                Settings { ask_passphrase: !settings.ask_passphrase, ..settings }
            }
            Setting::IdleLock => {
                let at = IDLE_LOCKS.iter().position(|seconds| *seconds == settings.idle_lock);
                let next = at.map_or(0, |at| (at + 1) % IDLE_LOCKS.len());
                Settings { idle_lock: IDLE_LOCKS[next], ..settings }
            }
            Setting::Network if cfg!(feature = "test-build") => {
                return self.tell("Not changed", &PlayMoneyOnly.to_string());
            }
            Setting::Network => Settings { network: other(settings.network), ..settings },
        };
        self.keep_settings(changed);
        // Keys are for one network: the others are derived when it is unlocked.
        if changed.network != settings.network && matches!(self.stage, Stage::Settings(_)) {
            self.options.network = changed.network;
            self.lock();
        }
    }

    pub(super) fn type_fee_limit(&mut self, mut entry: Entry, press: Press) {
        match entry.press(press) {
            Typing::On => self.stage = Stage::FeeLimit(entry),
            Typing::Left => self.list_settings(),
            Typing::Typed(text) => {
                let limit = text.parse().map(Amount::from_sat).ok();
                let limit = limit.filter(|limit| *limit <= Amount::MAX_MONEY);
                match (limit, &self.lock) {
                    (Some(fee_limit), Lock::Open(unlocked)) => {
                        self.keep_settings(Settings { fee_limit, ..*unlocked.settings() });
                    }
                    _ => self.list_settings(),
                }
            }
        }
    }

    pub(super) fn list_policies(&mut self) {
        let Lock::Open(unlocked) = &self.lock else { return self.go_home() };
        let names: Vec<_> = unlocked.policies().iter().map(Policy::name).zip(0..).collect();
        if names.is_empty() {
            return self.tell("Policies", "None is registered. A wallet can register one.");
        }
        let menu = Menu::new("Policies", names);
        self.stage = Stage::Policies(menu);
    }

    pub(super) fn choose_policy(&mut self, mut menu: Menu<usize>, press: Press) {
        let number = match menu.press(press) {
            Choosing::On => return self.stage = Stage::Policies(menu),
            Choosing::Left => return self.go_home(),
            Choosing::Chose(number) => number,
        };
        let Lock::Open(unlocked) = &self.lock else { return self.go_home() };
        let Some(policy) = unlocked.policies().iter().nth(number) else { return self.go_home() };
        // What it is, and then the question whether to forget it.
        let mut screens = policy.screens();
        screens.retain(|screen| screen.kind != ScreenKind::Confirm);
        let question =
            vec![format!("Forget {}? Its change will not be known any more.", policy.name())];
        screens.push(Screen::new(ScreenKind::Confirm, "Forget it?", question));
        self.stage = Stage::Forget(Pages::new(&screens), policy.name().to_string());
    }

    pub(super) fn forget(&mut self, mut pages: Pages, name: String, press: Press) {
        match pages.press(press) {
            Reading::On => self.stage = Stage::Forget(pages, name),
            Reading::Refused => self.list_policies(),
            Reading::Agreed => {
                let Lock::Open(unlocked) = &mut self.lock else { return self.go_home() };
                let forgotten = unlocked.forget(&name, &mut self.board);
                self.changed(forgotten);
            }
        }
    }

    pub(super) fn wipe(&mut self) {
        let wiped = self.board.storage.wipe();
        self.look_for_state();
        match wiped {
            Ok(()) => self.go_home(),
            Err(why) => self.tell("Not wiped", &why.to_string()),
        }
    }

    fn keep_settings(&mut self, settings: Settings) {
        let Lock::Open(unlocked) = &mut self.lock else { return self.go_home() };
        let kept = unlocked.set(settings, &mut self.board);
        self.list_settings();
        if let Err(why) = kept {
            self.tell("Not changed", &why.to_string());
        }
    }

    fn changed(&mut self, result: Result<(), ChangeError>) {
        match result {
            Ok(()) => self.go_home(),
            Err(why) => self.tell("Not changed", &why.to_string()),
        }
    }
}

/// Seconds after which the device locks itself, to choose from.
const IDLE_LOCKS: [u32; 4] = [60, 300, 600, 3_600];
