//! Owns `Place`: where a signer is, as people write it.
//!
//! Refuses signers on other machines: the stream is neither encrypted nor authenticated.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use crate::vendor::Vendor;

/// Where a signer is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// The only one that is plugged in: `usb`.
    Usb,
    /// A serial port: `/dev/ttyACM0`.
    Serial(PathBuf),
    /// An emulator on this machine: `tcp:127.0.0.1:30121`.
    Tcp(SocketAddr),
    /// The one of another maker that is plugged in: `ledger`.
    Vendor(Vendor),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usb => f.write_str("usb"),
            Self::Serial(path) => path.display().fmt(f),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Vendor(vendor) => vendor.fmt(f),
        }
    }
}

impl FromStr for Place {
    type Err = ParsePlaceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "usb" {
            return Ok(Self::Usb);
        }
        if let Some(address) = text.strip_prefix("tcp:") {
            let address: SocketAddr = address.parse().map_err(|_| ParsePlaceError::NoPlace)?;
            let here = address.ip().is_loopback();
            return if here { Ok(Self::Tcp(address)) } else { Err(ParsePlaceError::Elsewhere) };
        }
        if let Ok(vendor) = text.parse() {
            return Ok(Self::Vendor(vendor));
        }
        let is_port = text.contains('/') || text.starts_with("COM");
        if is_port { Ok(Self::Serial(text.into())) } else { Err(ParsePlaceError::NoPlace) }
    }
}

/// The text is no place of a signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParsePlaceError {
    /// It has no such form.
    #[error(
        "not a place of a signer: write usb, a port as /dev/ttyACM0, tcp:127.0.0.1:30121, or ledger, \
         coldcard, bitbox02 or specter"
    )]
    NoPlace,
    /// It is on another machine.
    #[error("a signer on another machine is not talked to: anybody between could change the talk")]
    Elsewhere,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let ports = ["usb", "/dev/ttyACM0", "./port", "tcp:127.0.0.1:30121", "tcp:[::1]:30121"];
        for text in ports.into_iter().chain(Vendor::ALL.map(Vendor::name)) {
            assert_eq!(text.parse::<Place>().expect("a place").to_string(), text);
        }
    }

    #[test]
    fn no_emulator_is_reached_over_a_network() {
        for text in ["tcp:192.168.1.7:30121", "tcp:0.0.0.0:30121", "tcp:8.8.8.8:30121"] {
            assert_eq!(text.parse::<Place>(), Err(ParsePlaceError::Elsewhere), "{text}");
        }
        for text in ["", "ttyACM0", "tcp:", "tcp:localhost:30121", "tcp:127.0.0.1", "USB"] {
            assert_eq!(text.parse::<Place>(), Err(ParsePlaceError::NoPlace), "{text}");
        }
    }
}
