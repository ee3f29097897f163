//! How the wallet drives hardware signers: find one, ask it, believe nothing that it says.
//!
//! Owns the host's side of Jade's RPC (CBOR over a serial port, `docs/index.rst` of the Jade
//! firmware), which billfold's own signer speaks too, behind the trait [`Device`](device::Device); and
//! with the feature `async-hwi` what that library drives for other makers.
//! Refuses keys, PINs and passphrases: they are typed on the device. Refuses to judge what comes
//! back beyond its form: the wallet verifies signatures, addresses and fingerprints.
//!
//! Calls block, for minutes where a person must press a button; a [`Watch`](watch::Watch) hears
//! how it goes and can end the wait.
//!
//! A module uses only modules that stand before it in this list; `tests/tests/tidy.rs` checks it.

pub mod limits;
pub mod vendor;
pub mod place;
pub mod problem;
pub mod watch;
mod value;
mod frame;
mod link;
pub mod usb;
mod rpc;
pub mod policy;
pub mod device;
#[cfg(any(test, feature = "fuzz"))]
mod sample;
pub mod jade;
#[cfg(feature = "async-hwi")]
pub mod vendor_device;
pub mod search;
pub mod doctor;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
