//! Owns `OnionAddress`, the name of a Tor onion service of version 3, and its text.
//!
//! Refuses a text whose checksum or version is wrong (Tor's rend-spec-v3, "Encoding onion
//! addresses"), and the older version 2, which the Tor network no longer serves. Does not check
//! that the key is a point of the curve: Tor does when it dials.

use std::fmt;
use std::str::FromStr;

use sha3::{Digest as _, Sha3_256};

/// The ed25519 public key that names an onion service; BIP155 carries just these 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OnionAddress([u8; 32]);

impl OnionAddress {
    /// The service with this public key.
    #[must_use]
    pub const fn new(public_key: [u8; 32]) -> Self {
        Self(public_key)
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> &[u8; 32] {
        &self.0
    }

    fn checksum(&self) -> [u8; 2] {
        let mut hasher = Sha3_256::new();
        hasher.update(b".onion checksum");
        hasher.update(self.0);
        hasher.update([VERSION]);
        let hash = hasher.finalize();
        [hash[0], hash[1]]
    }
}

impl fmt::Display for OnionAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.checksum();
        let mut bytes = [0; BYTES];
        bytes[..32].copy_from_slice(&self.0);
        bytes[32..].copy_from_slice(&[first, second, VERSION]);
        for group in bytes.chunks_exact(5) {
            let bits = group.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
            for place in (0..8).rev() {
                let digit = usize::try_from((bits >> (5 * place)) & 31).expect("five bits");
                f.write_str(&BASE32[digit..=digit])?;
            }
        }
        f.write_str(SUFFIX)
    }
}

impl FromStr for OnionAddress {
    type Err = ParseOnionAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.to_ascii_lowercase();
        let name = text.strip_suffix(SUFFIX).ok_or(ParseOnionAddressError)?;
        if name.len() != BYTES / 5 * 8 {
            return Err(ParseOnionAddressError);
        }
        let mut bytes = [0; BYTES];
        for (group, digits) in bytes.chunks_exact_mut(5).zip(name.as_bytes().chunks_exact(8)) {
            let mut bits = 0_u64;
            for digit in digits {
                let value = BASE32.bytes().position(|known| known == *digit);
                bits = (bits << 5) | value.ok_or(ParseOnionAddressError)? as u64;
            }
            group.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        let (key, tail) = bytes.split_first_chunk::<32>().expect("35 bytes");
        let address = Self(*key);
        let [first, second] = address.checksum();
        if tail == [first, second, VERSION] { Ok(address) } else { Err(ParseOnionAddressError) }
    }
}

/// The text is not the name of an onion service of version 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Tor onion address of version 3: 56 letters and digits, then .onion")]
pub struct ParseOnionAddressError;

/// Key, checksum, version.
const BYTES: usize = 32 + 2 + 1;

const VERSION: u8 = 3;

const SUFFIX: &str = ".onion";

/// RFC 4648, section 6, in lower case.
const BASE32: &str = "abcdefghijklmnopqrstuvwxyz234567";

#[cfg(test)]
mod tests {
    use super::*;

    /// From Tor's rend-spec-v3, "Encoding onion addresses".
    const KNOWN: [&str; 3] = [
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",
        "sp3k262uwy4r2k3ycr5awluarykdpag6a7y33jxop4cs2lu5uz5sseqd.onion",
        "xa4r2iadxm55fbnqgwwi5mymqdcofiu3w6rpbtqn7b2dyn7mgwj64jyd.onion",
    ];

    #[test]
    fn known_names_are_read_and_printed_alike() {
        for name in KNOWN {
            let address: OnionAddress = name.parse().expect("a good name");
            assert_eq!(address.to_string(), name);
            assert_eq!(name.to_uppercase().parse(), Ok(address));
        }
    }

    #[test]
    fn a_mistyped_name_is_refused() {
        let name = KNOWN[0];
        for place in 0..56 {
            let mut typed = name.as_bytes().to_vec();
            typed[place] = if typed[place] == b'a' { b'b' } else { b'a' };
            let typed = String::from_utf8(typed).expect("ASCII");
            assert_eq!(typed.parse::<OnionAddress>(), Err(ParseOnionAddressError), "{typed}");
        }
        for wrong in ["", ".onion", "expyuzz4wqqyqhjn.onion", &name[1..], &name[..56]] {
            assert_eq!(wrong.parse::<OnionAddress>(), Err(ParseOnionAddressError), "{wrong}");
        }
    }
}
