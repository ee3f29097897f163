//! Owns what is looked at of this machine, its files and its settings: for `doctor`, and for the screens
//! beside what their connections tell.
//!
//! Refuses to change anything.

use std::path::Path;

use billfold_tui::checkup::{Check, Machine, Setting};
use billfold_wallet_core::config::Settings;
use bitcoin::Amount;
use directories::ProjectDirs;

use crate::output::figures;

mod files;
mod machine;

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// The command, with connections only if it is asked for them.
    Alone,
    /// The screens, which have the directory open, and connections of their own.
    BesideScreens,
}

/// Everything but connections.
pub(crate) fn checks(settings: &Settings, look: Look) -> Vec<Check> {
    let mut checks = machine::checks(settings, look);
    checks.extend(files::checks(settings, look));
    checks
}

/// What the screens are told of the program around them.
pub(crate) struct Here {
    /// What they were opened with.
    pub(crate) settings: Settings,
    /// Whether they listen to the mouse.
    pub(crate) mouse: bool,
}

impl Machine for Here {
    fn checks(&self) -> Vec<Check> {
        checks(&self.settings, Look::BesideScreens)
    }

    fn settings(&self) -> Vec<Setting> {
        files_of(&self.settings).into_iter().chain(limits_of(self)).collect()
    }
}

/// Where everything is.
fn files_of(settings: &Settings) -> Vec<Setting> {
    let home = ProjectDirs::from("", "", "billfold");
    let beside = |name: &str| home.as_ref().map(|home| home.config_dir().join(name));
    let file = |name: &str| beside(name).map_or_else(|| "no home".to_owned(), |path| told(&path));
    let paths = settings.paths();
    vec![
        setting("settings", file("config.toml"), ""),
        setting("keys", file("keys.toml"), ""),
        setting("directory", told(&settings.data_dir), "data-dir"),
        setting("starts with", told(&paths.wallet(&settings.wallet)), "wallet"),
        setting("log", told(&paths.log()), "verbose"),
    ]
}

/// What bounds and steers it.
fn limits_of(here: &Here) -> Vec<Setting> {
    let Settings { network, connect, proxy, filters_disk, idle_lock, dust_limit, .. } =
        &here.settings;
    let peers = match connect.len() {
        0 => "found by themselves".to_owned(),
        named => figures::count(named as u64, "named peer"),
    };
    let proxy = match proxy {
        Some(proxy) => proxy.to_string(),
        None => "none".to_owned(),
    };
    let idle = idle_lock.map_or_else(|| "never".to_owned(), figures::duration);
    let dust = match *dust_limit {
        Amount::ZERO => "nothing is frozen".to_owned(),
        limit => format!("frozen below {} sat", figures::grouped(limit.to_sat())),
    };
    vec![
        setting("network", network.to_string(), "network"),
        setting("peers", peers, "[NETWORK] connect"),
        setting("proxy", proxy, "proxy"),
        setting("from genesis", on(here.settings.from_genesis), "validate-from-genesis"),
        setting("mempool", on(here.settings.mempool), "mempool"),
        setting("filters", format!("up to {} kept", figures::bytes(*filters_disk)), "filters.disk"),
        setting("idle lock", idle, "lock.idle"),
        setting("dust", dust, "dust.limit"),
        setting("mouse", on(here.mouse), "mouse"),
    ]
}

const fn setting(name: &'static str, value: String, place: &'static str) -> Setting {
    Setting { name, value, place }
}

fn on(is_on: bool) -> String {
    if is_on { "on" } else { "off" }.to_owned()
}

/// A path, and whether there is nothing at it.
fn told(path: &Path) -> String {
    let missing = if path.exists() { "" } else { " (none)" };
    format!("{}{missing}", path.display())
}
