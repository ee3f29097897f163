//! Owns the device's own menus: unlocking, setting up, settings, policies, wiping. No host gets
//! here, but to ask for the PIN prompt.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::host::Wish;
use super::{Lock, Opened, Pending, Session, Stage, Work, note};
use crate::entropy::HostEntropy;
use crate::entry::{Entry, EntryKind, Typing};
use crate::menu::{Choosing, Menu};
use crate::network::Network;
use crate::pages::{Pages, Reading};
use crate::press::Press;
use crate::screen::{Screen, ScreenKind};
use crate::settings::Settings;
use crate::setup::{Goal, Progress, Setup};
use crate::unlocked::Unlocked;
use crate::vault::{Pin, State, Vault, VaultError};
use crate::words::Words;

/// A row of the first menu.
#[derive(Debug, Clone, Copy)]
pub(super) enum HomeItem {
    Unlock,
    SetUp(Goal),
    Network,
    Policies,
    Settings,
    Lock,
    About,
    Wipe,
}

/// A row of the settings.
#[derive(Debug, Clone, Copy)]
pub(super) enum Setting {
    FeeLimit,
    Unproven,
    Passphrase,
    IdleLock,
    Network,
}

impl Session {
    pub(super) fn go_home(&mut self) {
        let network = |network| match network {
            Network::Main => "Network: main",
            Network::Test => "Network: test",
        };
        let menu = match &self.lock {
            Lock::Empty => Menu::new(
                "No keys",
                [
                    ("Create keys", HomeItem::SetUp(Goal::Create)),
                    ("Restore from words", HomeItem::SetUp(Goal::Restore)),
                    ("Use words once", HomeItem::SetUp(Goal::Once)),
                    (network(self.options.network), HomeItem::Network),
                    ("About", HomeItem::About),
                ],
            ),
            Lock::Locked { .. } => Menu::new(
                "Locked",
                [
                    ("Unlock", HomeItem::Unlock),
                    ("About", HomeItem::About),
                    ("Wipe", HomeItem::Wipe),
                ],
            ),
            Lock::Broken(_) => {
                Menu::new("Can't be opened", [("Why", HomeItem::About), ("Wipe", HomeItem::Wipe)])
            }
            Lock::Open(_) => Menu::new(
                "Ready",
                [
                    ("Lock", HomeItem::Lock),
                    ("Policies", HomeItem::Policies),
                    ("Settings", HomeItem::Settings),
                    ("About", HomeItem::About),
                    ("Wipe", HomeItem::Wipe),
                ],
            ),
        };
        self.stage = Stage::Home(menu);
    }

    pub(super) fn ask_pin(&mut self) {
        let title = match &self.lock {
            Lock::Locked { attempts_left } => format!("PIN ({attempts_left} tries)"),
            _ => "PIN".to_string(),
        };
        self.stage = Stage::Pin(Entry::new(EntryKind::Pin, title));
    }

    /// Takes a press that is not about a host's request.
    pub(super) fn press_own(&mut self, press: Press) {
        match core::mem::replace(&mut self.stage, Stage::Between) {
            Stage::Home(mut menu) => match menu.press(press) {
                Choosing::Chose(item) => self.choose(item),
                Choosing::On | Choosing::Left => self.stage = Stage::Home(menu),
            },
            Stage::Read(mut pages) => match pages.press(press) {
                Reading::On => self.stage = Stage::Read(pages),
                Reading::Agreed | Reading::Refused => self.go_home(),
            },
            Stage::Setup(setup) => self.set_up(setup, press),
            Stage::Pin(mut entry) => match entry.press(press) {
                Typing::On => self.stage = Stage::Pin(entry),
                Typing::Left => self.leave(),
                Typing::Typed(text) => match Pin::parse(&text) {
                    Some(pin) => self.stage = Stage::Working(Work::Unlock(pin)),
                    None => self.ask_pin(),
                },
            },
            Stage::Passphrase(mut entry, opened) => match entry.press(press) {
                Typing::On => self.stage = Stage::Passphrase(entry, opened),
                Typing::Left => self.leave(),
                Typing::Typed(text) => self.stage = Stage::Working(Work::Derive(opened, text)),
            },
            Stage::Settings(mut menu) => match menu.press(press) {
                Choosing::On => self.stage = Stage::Settings(menu),
                Choosing::Left => self.go_home(),
                Choosing::Chose(setting) => self.change(setting),
            },
            Stage::FeeLimit(entry) => self.type_fee_limit(entry, press),
            Stage::Policies(menu) => self.choose_policy(menu, press),
            Stage::Forget(pages, name) => self.forget(pages, name, press),
            Stage::Wipe(mut pages) => match pages.press(press) {
                Reading::On => self.stage = Stage::Wipe(pages),
                Reading::Agreed => self.wipe(),
                Reading::Refused => self.go_home(),
            },
            // Nothing to press.
            stage => self.stage = stage,
        }
    }

    /// Does a step of work that a person began.
    pub(super) fn work_on(&mut self, work: Work) {
        match work {
            Work::Unlock(pin) => match Vault::unlock(&mut *self.board.storage, &pin) {
                Ok((vault, state)) => self.opened(Opened { state, vault: Some(vault) }),
                Err(why) => self.not_unlocked(why),
            },
            Work::Keep(words, pin) => {
                let state = self.first_state(words);
                let (storage, randomness) = (&mut *self.board.storage, &mut *self.board.randomness);
                match Vault::create(storage, randomness, &pin, &state, self.options.cost) {
                    Ok(vault) => self.opened(Opened { state, vault: Some(vault) }),
                    Err(why) => {
                        self.look_for_state();
                        self.tell("Not kept", &why.to_string());
                    }
                }
            }
            Work::Derive(opened, passphrase) => {
                let Opened { state, vault } = *opened;
                match Unlocked::new(state, vault, &passphrase) {
                    Ok(unlocked) => self.unlocked(unlocked, !passphrase.is_empty()),
                    Err(why) => self.tell("Not unlocked", &why.to_string()),
                }
            }
        }
    }

    pub(super) fn first_state(&self, words: Words) -> State {
        State { words, settings: Settings::new(self.options.network), records: Vec::new() }
    }

    fn choose(&mut self, item: HomeItem) {
        match item {
            HomeItem::Unlock => self.ask_pin(),
            HomeItem::SetUp(goal) => self.stage = Stage::Setup(Box::new(Setup::new(goal))),
            HomeItem::Network => {
                self.options.network = other(self.options.network);
                self.go_home();
            }
            HomeItem::Policies => self.list_policies(),
            HomeItem::Settings => self.list_settings(),
            HomeItem::Lock => self.lock(),
            HomeItem::About => self.stage = Stage::Read(Pages::new(&[self.about()])),
            HomeItem::Wipe => {
                let lines = vec![
                    "Everything on this device is removed. Your money is gone for ever if you have \
                     not written down your words."
                        .to_string(),
                ];
                let warning = Screen::new(ScreenKind::Warning, "Wipe?", lines);
                let last = Screen::new(
                    ScreenKind::Confirm,
                    "Wipe now?",
                    vec!["Agree to wipe the device.".to_string()],
                );
                self.stage = Stage::Wipe(Pages::new(&[warning, last]));
            }
        }
    }

    fn about(&self) -> Screen {
        let mut lines = vec![format!("billfold signer {}", self.options.version)];
        match &self.lock {
            Lock::Open(unlocked) => {
                lines.push(format!("Fingerprint {}", unlocked.keys().fingerprint()));
                if !unlocked.is_kept() {
                    lines.push("The words are forgotten when the device is locked.".to_string());
                }
            }
            Lock::Locked { attempts_left } => {
                lines.push(format!("{attempts_left} wrong PINs are left."));
            }
            Lock::Broken(why) => lines.push(why.to_string()),
            Lock::Empty => {}
        }
        Screen::new(ScreenKind::Text, "About", lines)
    }

    fn set_up(&mut self, mut setup: Box<Setup>, press: Press) {
        match setup.press(press, &mut *self.board.randomness, &self.host_entropy) {
            Progress::On => self.stage = Stage::Setup(setup),
            Progress::Left => self.go_home(),
            Progress::Done(words, Some(pin)) => {
                self.host_entropy = HostEntropy::default();
                self.stage = Stage::Working(Work::Keep(words, pin));
            }
            Progress::Done(words, None) => {
                let state = self.first_state(words);
                self.ask_passphrase(Opened { state, vault: None });
            }
        }
    }

    fn opened(&mut self, opened: Opened) {
        if opened.state.settings.ask_passphrase {
            self.ask_passphrase(opened);
        } else {
            let none = Zeroizing::new(String::new());
            self.stage = Stage::Working(Work::Derive(Box::new(opened), none));
        }
    }

    fn ask_passphrase(&mut self, opened: Opened) {
        let entry = Entry::new(EntryKind::Passphrase, "Passphrase, or none");
        self.stage = Stage::Passphrase(entry, Box::new(opened));
    }

    fn unlocked(&mut self, unlocked: Unlocked, passphrase: bool) {
        let fingerprint = unlocked.keys().fingerprint().to_string();
        self.lock = Lock::Open(Box::new(unlocked));
        self.go_home();
        self.answer_unlock();
        if passphrase {
            // A passphrase that is mistyped makes other keys: this is where it shows.
            let lines = vec!["Fingerprint of these keys:".to_string(), fingerprint];
            let page = Screen::new(ScreenKind::Text, "Unlocked", lines);
            self.stage = Stage::Read(Pages::new(&[page]));
        }
    }

    fn not_unlocked(&mut self, why: VaultError) {
        self.look_for_state();
        self.tell("Not unlocked", &why.to_string());
        if matches!(why, VaultError::WrongPin { .. }) {
            return;
        }
        self.answer_unlock();
    }

    /// Tells a host that waits for it whether the device is unlocked.
    fn answer_unlock(&mut self) {
        if let Some(Pending { id, wish: Wish::Unlock(chain) }) = self.pending.take() {
            let reply = self.authenticated(chain);
            self.answer(&id, &reply);
        }
    }

    /// Leaves the PIN or the passphrase.
    fn leave(&mut self) {
        self.refuse("refused on the device");
        self.look_for_state();
        self.go_home();
    }

    /// Shows something to read.
    pub(super) fn tell(&mut self, title: &str, line: &str) {
        self.stage = Stage::Read(Pages::new(&[note(title, line)]));
    }
}

pub(super) fn other(network: Network) -> Network {
    match network {
        Network::Main => Network::Test,
        Network::Test => Network::Main,
    }
}
