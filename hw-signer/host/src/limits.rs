//! Owns every bound on what a device may send and on how long it may take.
//!
//! Refuses nothing itself.

use std::time::Duration;

/// The longest reply that is read, in bytes: parts of a signed PSBT are 4 KiB, all else is shorter
/// but for a long policy.
pub const REPLY_BYTES: usize = 64 << 10;

/// The most that is thrown away before a reply, in bytes: what a starting device prints, and
/// replies to somebody who is gone.
pub const STRAY_BYTES: usize = 256 << 10;

/// The longest request that devices take, in bytes (Jade's `MAX_INPUT_MSG_SIZE` is 401 KiB).
pub const REQUEST_BYTES: usize = 401 << 10;

/// The longest signed PSBT that is taken back, in bytes: the longest that can be sent, with its
/// signatures.
pub const SIGNED_BYTES: usize = 1 << 20;

/// The most parts that a signed PSBT comes in.
pub const PARTS: u32 = 1_024;

/// The longest text of a device that is shown to a person, in characters.
pub const TOLD_CHARS: usize = 200;

/// The longest text that is taken from a device: an address, a key, a signature.
pub const TEXT_BYTES: usize = 16 << 10;

/// Policies that a device may list.
pub const POLICIES: u64 = 64;

/// The longest name of a policy, in bytes (Jade: "less than 16 characters").
pub const POLICY_NAME_BYTES: usize = 15;

/// How long a device may think about what needs no person. Keys far down a path take a small
/// board a second.
pub const AT_ONCE: Duration = Duration::from_secs(10);

/// How long a device may take to say what it is.
pub const HELLO: Duration = Duration::from_secs(2);

/// How long a person may take, with a policy or many outputs to read.
pub const PERSON: Duration = Duration::from_secs(15 * 60);

/// How long a device may take to say that a question was taken back.
pub const TAKEN_BACK: Duration = Duration::from_secs(2);

/// How often a wait looks whether it is to end.
pub const LOOK_UP: Duration = Duration::from_millis(100);

/// How long a connection to an emulator may take.
pub const DIAL: Duration = Duration::from_secs(2);

/// Serial ports that are looked at.
pub const PORTS: usize = 64;

/// USB devices that are looked at.
pub const USB_DEVICES: usize = 512;
