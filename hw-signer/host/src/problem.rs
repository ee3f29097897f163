//! Owns `DeviceError`: why a signer did not do what it was asked, told apart so that a person knows
//! what to do.
//!
//! Refuses the device's own words but for the reason of a refusal, which is cut and cleaned: a
//! hostile device must not write on the terminal.

use bitcoin::Network;
use bitcoin::bip32::Fingerprint;

use crate::limits::TOLD_CHARS;
use crate::place::Place;
use crate::vendor::Vendor;

/// Why a signer did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// Nothing is plugged in that could be one.
    #[error(
        "no signer is plugged in: connect it with a cable that carries data, switch it on, or name \
         its port"
    )]
    NoDevice,
    /// More than one is plugged in.
    #[error("there are {} signers: name one of {}", .0.len(), listed(.0))]
    Several(Vec<Place>),
    /// There is nothing at the place.
    #[error("there is no signer at {0}: is it plugged in and switched on?")]
    NotThere(Place),
    /// The system does not let this user talk to it.
    #[error(
        "you may not use {0}: install billfold's udev rules, or join the group that owns it \
         (often dialout), then plug the signer in again"
    )]
    NoPermission(Place),
    /// Another program talks to it.
    #[error("{0} is in use by another program: close that program, then try again")]
    Busy(Place),
    /// Nothing is answered.
    #[error("{0} does not answer: switch the signer on, or unplug it and plug it in again")]
    Silent(Place),
    /// What answers is not a signer that is known here, or it runs something else just now.
    #[error("{0} does not speak as a signer does: open its Bitcoin program, or take another port")]
    WrongApp(Place),
    /// There are no keys on it.
    #[error("the signer has no keys yet: create or restore them on the device first")]
    NotSetUp,
    /// It is locked, and is not unlocked from here.
    #[error("the signer is locked: unlock it on the device first")]
    Locked,
    /// Its keys are for another kind of network.
    #[error("the signer is not for {asked}: choose the network on the device, or give --network")]
    WrongNetwork {
        /// What was asked for.
        asked: Network,
    },
    /// It has other keys than those that are asked for.
    #[error(
        "the signer has the keys of {found}, and those of {} are asked for: connect that one, or \
         enter the passphrase that belongs to them",
        fingerprints(expected)
    )]
    WrongKeys {
        /// Whose were asked for.
        expected: Vec<Fingerprint>,
        /// Whose it has.
        found: Fingerprint,
    },
    /// The person at the device said no.
    #[error("refused on the signer: nothing was signed")]
    Cancelled,
    /// The wait was ended here.
    #[error("given up here: the question on the signer was taken back")]
    Stopped,
    /// Nobody answered in time.
    #[error("nobody answered on the signer in time: try again")]
    TimedOut,
    /// It went away in the middle.
    #[error("the connection to {0} broke off: plug the signer in again, then try again")]
    Gone(Place),
    /// The device refuses, and says why.
    #[error("the signer refuses: {reason}")]
    Refused {
        /// The code of its protocol.
        code: i64,
        /// What it says.
        reason: String,
    },
    /// The device has no such function.
    #[error("the signer can't do this ({0}): a newer version of its program may")]
    Unsupported(&'static str),
    /// This program was built without what drives such a device.
    #[error(
        "this billfold was built without what drives a {0}: build it with --features async-hwi"
    )]
    NotBuiltIn(Vendor),
    /// A device of another maker, or the library for it, says something else.
    #[error("the {vendor} did not do it: {what}")]
    Vendor {
        /// Whose.
        vendor: Vendor,
        /// What was said.
        what: String,
    },
    /// What is asked is longer than devices take.
    #[error(
        "{bytes} bytes are more than a signer takes ({most}): pay in parts, or name fewer coins"
    )]
    TooLarge {
        /// How long it is.
        bytes: usize,
        /// The most that works.
        most: usize,
    },
    /// What came back makes no sense.
    #[error(
        "what the signer answered makes no sense ({0}): it is faulty, or not what it says it is"
    )]
    Protocol(&'static str),
    /// The system said something else.
    #[error("{place}: {what}")]
    Io {
        /// Where.
        place: Place,
        /// What the system said.
        what: String,
    },
}

impl DeviceError {
    /// The stable name, as in `docs/errors.md`, JSON and JSON-RPC.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoDevice | Self::NotThere(_) => "no_signer",
            Self::Several(_) => "several_signers",
            Self::NoPermission(_) => "signer_no_permission",
            Self::Busy(_) => "signer_busy",
            Self::Silent(_) | Self::Gone(_) | Self::Io { .. } => "signer_unreachable",
            Self::WrongApp(_) => "signer_wrong_app",
            Self::NotSetUp => "signer_not_set_up",
            Self::Locked => "signer_locked",
            Self::WrongNetwork { .. } => "signer_wrong_network",
            Self::WrongKeys { .. } => "signer_wrong_keys",
            Self::Cancelled => "signer_cancelled",
            Self::Stopped => "interrupted",
            Self::TimedOut => "signer_timeout",
            Self::Refused { .. } | Self::Vendor { .. } | Self::TooLarge { .. } => "signer_refused",
            Self::Unsupported(_) | Self::NotBuiltIn(_) => "signer_unsupported",
            Self::Protocol(_) => "signer_protocol",
        }
    }
}

/// What a device says, fit to be shown: one line of printable characters, cut.
pub(crate) fn cleaned(text: &str) -> String {
    let printable = |c: char| if c.is_ascii_graphic() { c } else { ' ' };
    text.chars().map(printable).take(TOLD_CHARS).collect::<String>().trim().to_owned()
}

fn listed(places: &[Place]) -> String {
    places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn fingerprints(expected: &[Fingerprint]) -> String {
    expected.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_writes_nothing_on_the_terminal_but_one_plain_line() {
        assert_eq!(cleaned("fee\u{1b}[2J too\nhigh\u{202e}"), "fee [2J too high");
        assert_eq!(cleaned(&"x".repeat(10_000)).len(), TOLD_CHARS);
    }
}
