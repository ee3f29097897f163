//! Owns what is looked at of the machine: program, clock, memory, terminal.

use std::env;
use std::io::{self, IsTerminal};
use std::time::SystemTime;

use billfold_tui::checkup::Check;
use billfold_wallet_core::config::Settings;

use super::Look;
use crate::hardening;
use crate::output::figures;

/// Everything that needs no file of a wallet.
pub(super) fn checks(settings: &Settings, look: Look) -> Vec<Check> {
    vec![
        program(settings),
        clock(SystemTime::now(), look),
        memory(hardening::core_dumps_are_off()),
        terminal(),
    ]
}

fn program(settings: &Settings) -> Check {
    let (version, network) = (env!("CARGO_PKG_VERSION"), settings.network);
    let (system, processor) = (env::consts::OS, env::consts::ARCH);
    let route = match (&settings.proxy, settings.connect.len()) {
        (Some(_), 0) => "by proxy".to_owned(),
        (Some(_), named) => format!("by proxy to {}", figures::count(named as u64, "named peer")),
        (None, 0) => "direct".to_owned(),
        (None, named) => format!("direct to {}", figures::count(named as u64, "named peer")),
    };
    Check::good("program", format!("billfold {version}, {system} {processor}, {network}, {route}"))
}

/// Peers are asked with `--online`; without them only a clock that can't be right is noticed.
fn clock(now: SystemTime, look: Look) -> Check {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if seconds < WRITTEN {
        return Check::bad("clock", "it shows a time before this program was written: set it");
    }
    match look {
        Look::Alone => Check::good(
            "clock",
            "it shows a time that can be right; --online compares it with peers",
        ),
        Look::BesideScreens => Check::good("clock", "it shows a time that can be right"),
    }
}

fn memory(core_dumps_are_off: Option<bool>) -> Check {
    match core_dumps_are_off {
        Some(true) => Check::good("memory", "core dumps are off"),
        Some(false) => Check::odd("memory", "core dumps are on: a crash could write keys to disk"),
        None => Check::odd("memory", "whether core dumps are off is not known on this system"),
    }
}

fn terminal() -> Check {
    let screen = io::stdout().is_terminal() && io::stdin().is_terminal();
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let term = set("TERM").unwrap_or_else(|| "none".to_owned());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    let utf8 = locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    let told = format!(
        "{}, type {}, {}, colours {}",
        if screen { "a terminal" } else { "no terminal" },
        term.chars().filter(char::is_ascii_graphic).take(32).collect::<String>(),
        if utf8 { "UTF-8" } else { "not known to show UTF-8" },
        if set("NO_COLOR").is_some() { "off" } else { "on" },
    );
    if screen && (!utf8 || term == "dumb") {
        return Check::odd("terminal", format!("{told}: use --plain if drawings look wrong"));
    }
    Check::good("terminal", told)
}

/// When this was written, in Unix seconds: no clock that is right shows less.
const WRITTEN: u64 = 1_795_000_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use billfold_tui::checkup::Health;

    use super::*;

    #[test]
    fn a_clock_of_1970_is_noticed() {
        assert_eq!(clock(SystemTime::UNIX_EPOCH, Look::Alone).health, Health::Bad);
        let later = SystemTime::UNIX_EPOCH + Duration::from_secs(WRITTEN + 1);
        assert_eq!(clock(later, Look::Alone).health, Health::Good);
    }
}
