//! The signing device's core: what is shown is what is signed.
//!
//! Bytes in, prompts out, bytes out. Owns seeds, policies, the review of transactions and
//! signing. Refuses a clock, files, sockets, threads and randomness of its own: time is an
//! argument, [`Storage`](storage::Storage) and [`Randomness`](randomness::Randomness) are traits.
//!
//! # From a request to a signature
//!
//! A request becomes, once and whole, a value that cannot be changed any more: a
//! [`Review`](review::Review), a [`Policy`](policy::Policy), a
//! [`MessageReview`](message::MessageReview), a [`ShownAddress`](address::ShownAddress). Its
//! screens show that value, and signing consumes it, so nothing that came after the bytes can be
//! signed:
//!
//! 1. [`Review::parse`](review::Review::parse): the PSBT, or a [`Refusal`](review::Refusal) with
//!    its reason,
//! 2. [`Review::screens`](review::Review::screens): what the person must see, page by page,
//! 3. [`Review::sign`](review::Review::sign), after the person agreed to the last page,
//! 4. [`Signing::step`](signing::Signing::step) until it is done: one input per step, so that the
//!    caller can show progress, answer a `ping`, or drop it, which forgets every signature.

#![no_std]

extern crate alloc;
#[cfg(any(test, feature = "fuzz"))]
extern crate std;

pub mod limits;
mod residue;
mod wire;
pub mod network;
pub mod time;
pub mod randomness;
pub mod storage;
pub mod screen;
pub mod settings;
pub mod words;
pub mod entropy;
pub mod path;
pub mod keys;
pub mod address;
mod duty;
pub mod policy;
pub mod message;
mod psbt;
pub mod signing;
pub mod review;
pub mod vault;
pub mod protocol;
pub mod view;
pub mod press;
pub mod pages;
pub mod menu;
pub mod entry;
pub mod setup;
pub mod unlocked;
pub mod session;

#[cfg(test)]
mod sample;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
