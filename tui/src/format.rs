//! Owns how numbers and times are written for people: amounts with a sign, fee rates, sizes of
//! things, local time with its offset.
//!
//! Refuses to round what a person compares: amounts and rates are exact.

use std::time::Duration;

use billfold_wallet_core::amount::{display_amount, display_fee_rate};
use billfold_wallet_core::{foreign, recipient};
use bitcoin::bip32::Fingerprint;
use bitcoin::{Address, Amount, FeeRate, SignedAmount};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `0.01 250 000 BTC`.
#[must_use]
pub fn amount(amount: Amount) -> String {
    display_amount(amount)
}

/// An amount with `+` or `-` before it.
#[must_use]
pub fn net(net: SignedAmount) -> String {
    let sign = if net.is_negative() { '-' } else { '+' };
    format!("{sign}{}", display_amount(net.unsigned_abs()))
}

/// `2.1 sat/vB`.
#[must_use]
pub fn fee_rate(rate: FeeRate) -> String {
    format!("{} sat/vB", display_fee_rate(rate))
}

/// Satoshi per virtual byte as a number for JSON; exact up to three decimals.
#[must_use]
pub fn sat_per_vb(rate: FeeRate) -> f64 {
    // One sat/vB is 250 sat/kwu; no rate that a person would agree to needs more than 32 bits.
    f64::from(u32::try_from(rate.to_sat_per_kwu()).unwrap_or(u32::MAX)) / 250.0
}

/// What part of `whole` a `part` is, in percent with two decimals.
#[must_use]
pub fn percent(part: Amount, whole: Amount) -> String {
    let (part, whole) = (u128::from(part.to_sat()), u128::from(whole.to_sat()));
    if whole == 0 {
        return "100 %".to_owned();
    }
    let hundredths = part * 10_000 / whole;
    if hundredths == 0 && part > 0 {
        return "less than 0.01 %".to_owned();
    }
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// `1 peer`, `2 peers`; the plural adds an s.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {noun}{s}", grouped(number))
}

/// Digits in groups of three: `961,204`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `24.1 MB`: in powers of a thousand, as links are measured.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let units = [("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)];
    match units.into_iter().rev().find(|(_, size)| bytes >= *size) {
        Some((unit, size)) => format!("{}.{} {unit}", bytes / size, bytes % size / (size / 10)),
        None => format!("{bytes} B"),
    }
}

/// `45 s`, `6 min`, `3 h 20 min`, `2 d 5 h`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match () {
        () if days > 0 => format!("{days} d {} h", hours % 24),
        () if hours > 0 => format!("{hours} h {} min", minutes % 60),
        () if minutes > 0 => format!("{minutes} min"),
        () => format!("{seconds} s"),
    }
}

/// A whole address in groups of four, eight to a line, for comparing by eye.
#[must_use]
pub fn address(address: &Address, indent: &str) -> String {
    let lines = address_lines(address, GROUPS).into_iter().map(|line| indent.to_owned() + &line);
    lines.collect::<Vec<_>>().join("\n")
}

/// The same in lines of so many groups.
#[must_use]
pub fn address_lines(address: &Address, groups: usize) -> Vec<String> {
    let text = recipient::grouped(address);
    let all: Vec<_> = text.split(' ').collect();
    all.chunks(groups.max(1)).map(|line| line.join(" ")).collect()
}

/// A fingerprint of a master key, or that there is none.
#[must_use]
pub fn fingerprint(fingerprint: Option<Fingerprint>) -> String {
    fingerprint.map_or_else(|| "none".to_owned(), |fingerprint| fingerprint.to_string())
}

/// Unix seconds as local time with its offset: `2026-05-01 09:30 +02:00`.
#[must_use]
pub fn local_time(unix_seconds: u64) -> String {
    in_zone(unix_seconds, zone())
}

/// Unix seconds as a local day: `2026-05-01`.
#[must_use]
pub fn local_day(unix_seconds: u64) -> String {
    local_time(unix_seconds).chars().take(DAY).collect()
}

/// The zone of this machine; that of pictures in tests is the same everywhere.
fn zone() -> TimeZone {
    if cfg!(test) { TimeZone::UTC } else { TimeZone::system() }
}

fn in_zone(unix_seconds: u64, zone: TimeZone) -> String {
    i64::try_from(unix_seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(
            || format!("{unix_seconds} s after 1970"),
            |time| time.to_zoned(zone).strftime("%Y-%m-%d %H:%M %:z").to_string(),
        )
}

/// A text that may come from a file or another program, without anything that moves a cursor or
/// reorders what stands beside it.
#[must_use]
pub fn foreign(text: &str) -> String {
    foreign::shown(text)
}

/// Characters of a day.
const DAY: usize = 10;

/// Groups of an address to a line: half of the longest address, and 80 columns hold them.
const GROUPS: usize = 8;

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;

    use super::*;

    #[test]
    fn times_carry_their_offset() {
        let zone = TimeZone::fixed(Offset::constant(2));
        assert_eq!(in_zone(1_777_620_600, zone), "2026-05-01 09:30 +02:00");
        assert_eq!(in_zone(0, TimeZone::UTC), "1970-01-01 00:00 +00:00");
        assert_eq!(in_zone(u64::MAX, TimeZone::UTC), format!("{} s after 1970", u64::MAX));
    }

    #[test]
    fn digits_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(count(1, "peer"), "1 peer");
        assert_eq!(count(1_000, "filter"), "1,000 filters");
    }

    #[test]
    fn sizes_and_waits_are_short() {
        let sizes = [(0, "0 B"), (999, "999 B"), (1_050, "1.0 kB"), (24_199_999, "24.1 MB")];
        for (size, text) in sizes {
            assert_eq!(bytes(size), text);
        }
        assert_eq!(bytes(421_000_000_000), "421.0 GB");
        let waits = [(0, "0 s"), (59, "59 s"), (60, "1 min"), (12_000, "3 h 20 min")];
        for (seconds, text) in waits {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
        assert_eq!(duration(Duration::from_secs(200_000)), "2 d 7 h");
    }

    #[test]
    fn a_percentage_is_cut_not_rounded_up() {
        let sat = Amount::from_sat;
        assert_eq!(percent(sat(1), sat(3)), "33.33 %");
        assert_eq!(percent(sat(412), sat(1_250_000)), "0.03 %");
        assert_eq!(percent(sat(1), sat(1_000_000)), "less than 0.01 %");
        assert_eq!(percent(sat(5), sat(0)), "100 %");
        assert_eq!(percent(Amount::MAX_MONEY, Amount::MAX_MONEY), "100.00 %");
    }

    #[test]
    fn rates_for_programs_are_exact() {
        assert!((sat_per_vb(FeeRate::from_sat_per_kwu(525)) - 2.1).abs() < f64::EPSILON);
    }

    #[test]
    fn foreign_text_cannot_move_the_cursor_or_hide() {
        assert_eq!(foreign("a\x1b[31m\n\u{202e}b é 鈴"), "a\u{fffd}[31m\u{fffd}\u{fffd}b é 鈴");
    }
}
