//! Owns what goes over the wire: Jade's CBOR requests and replies, so that wallets that are there
//! already can drive the device.
//!
//! A request is a map of `id`, `method` and `params`; a reply one of `id` and `result`, or `id` and
//! `error`. Refuses what has no bound: lengths, counts and depths are checked before anything is
//! allocated. Knows nothing of keys or of the person.

pub mod framing;
pub mod code;
mod params;
pub mod call;
pub mod request;
pub mod reply;
pub mod chunks;
