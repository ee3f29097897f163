//! Owns the explanation of a policy: every way in which its coins can be spent, in words.
//!
//! Refuses to leave a way out.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use bitcoin::absolute::LockTime;
use bitcoin::relative;
use miniscript::descriptor::{Descriptor, DescriptorPublicKey};
use miniscript::policy::{Liftable as _, Semantic};

use super::PolicyError;
use super::key::PolicyKey;

/// One sentence for each way.
pub(super) fn explained(
    descriptor: &Descriptor<DescriptorPublicKey>,
    keys: &[PolicyKey],
) -> Result<Vec<String>, PolicyError> {
    let lifted = descriptor.lift().map_err(|error| PolicyError::Insane(error.to_string()))?;
    Ok(match lifted.normalized() {
        Semantic::Thresh(any) if any.k() == 1 => {
            any.iter().map(|way| sentence(way, keys)).collect()
        }
        one => vec![sentence(&one, keys)],
    })
}

fn sentence(way: &Semantic<DescriptorPublicKey>, keys: &[PolicyKey]) -> String {
    let mut sentence = phrase(way, keys);
    if let Some(first) = sentence.get(..1).map(str::to_uppercase) {
        sentence.replace_range(..1, &first);
    }
    sentence.push('.');
    sentence
}

fn phrase(way: &Semantic<DescriptorPublicKey>, keys: &[PolicyKey]) -> String {
    match way {
        Semantic::Unsatisfiable => "nobody".to_string(),
        Semantic::Trivial => "anybody".to_string(),
        Semantic::Key(key) => named(key, keys),
        Semantic::After(time) => absolute((*time).into()),
        Semantic::Older(time) => relative_to_deposit((*time).into()),
        Semantic::Sha256(hash) => secret("sha256", &hash.to_string()),
        Semantic::Hash256(hash) => secret("hash256", &hash.to_string()),
        Semantic::Ripemd160(hash) => secret("ripemd160", &hash.to_string()),
        Semantic::Hash160(hash) => secret("hash160", &hash.to_string()),
        Semantic::Thresh(threshold) => {
            let mut parts: Vec<_> = threshold.iter().map(|part| (is_time(part), part)).collect();
            // Who, then when.
            parts.sort_by_key(|(time, _)| *time);
            let parts: Vec<String> = parts.iter().map(|(_, part)| nested(part, keys)).collect();
            match (threshold.k(), parts.len()) {
                (k, n) if k == n => parts.join(" and "),
                (1, _) => parts.join(" or "),
                (k, n) => format!("{k} of these {n}: {}", parts.join(", ")),
            }
        }
    }
}

fn nested(part: &alloc::sync::Arc<Semantic<DescriptorPublicKey>>, keys: &[PolicyKey]) -> String {
    match &**part {
        Semantic::Thresh(_) => format!("({})", phrase(part, keys)),
        _ => phrase(part, keys),
    }
}

fn is_time(part: &Semantic<DescriptorPublicKey>) -> bool {
    matches!(part, Semantic::After(_) | Semantic::Older(_))
}

fn named(key: &DescriptorPublicKey, keys: &[PolicyKey]) -> String {
    let xpub = match key {
        DescriptorPublicKey::XPub(key) => Some(key.xkey),
        DescriptorPublicKey::Single(_) | DescriptorPublicKey::MultiXPub(_) => None,
    };
    match keys.iter().enumerate().find(|(_, key)| Some(key.xpub) == xpub) {
        Some((number, key)) if key.own => format!("your key @{number}"),
        Some((number, key)) if key.is_nobodys() => format!("nobody (key @{number})"),
        Some((number, _)) => format!("key @{number}"),
        None => format!("the key {key}"),
    }
}

fn secret(hash: &str, digest: &str) -> String {
    format!("whoever knows the secret of {hash} {digest}")
}

fn relative_to_deposit(time: relative::LockTime) -> String {
    match time {
        relative::LockTime::Blocks(blocks) => {
            let blocks = u32::from(blocks.value());
            format!("{blocks} blocks ({}) after the deposit", about(blocks * MINUTES_PER_BLOCK))
        }
        relative::LockTime::Time(time) => {
            let seconds = u32::from(time.value()) * SECONDS_PER_UNIT;
            format!("{} after the deposit", about(seconds / 60))
        }
    }
}

fn absolute(time: LockTime) -> String {
    match time {
        LockTime::Blocks(height) => format!("from block {} on", height.to_consensus_u32()),
        LockTime::Seconds(time) => {
            let (year, month, day) = date(time.to_consensus_u32());
            format!("from {year}-{month:02}-{day:02} (UTC) on")
        }
    }
}

fn about(minutes: u32) -> String {
    match minutes {
        0..120 => format!("about {minutes} minutes"),
        120..2_880 => format!("about {} hours", minutes / 60),
        _ => format!("about {} days", minutes / 1_440),
    }
}

/// The day of a time in seconds since 1970, in the Gregorian calendar: counted in years that begin
/// in March, of which every 400 have 146,097 days.
fn date(seconds: u32) -> (u32, u32, u32) {
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u32::from(month <= 2), month, day)
}

const MINUTES_PER_BLOCK: u32 = 10;

/// BIP68 counts time in units of 512 seconds.
const SECONDS_PER_UNIT: u32 = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(500_000_000), (1985, 11, 5));
        assert_eq!(date(951_782_400), (2000, 2, 29));
        assert_eq!(date(1_767_225_599), (2025, 12, 31));
        assert_eq!(date(u32::MAX), (2106, 2, 7));
    }
}
