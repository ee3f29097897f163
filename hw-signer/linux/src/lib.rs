//! The device program for Linux: a serial port, a screen, buttons, a card and a sandbox around the
//! signing device's core.
//!
//! Owns clocks, files, threads and drawing. Refuses to know what is signed: everything that
//! decides is in `billfold-signer-core`.

pub mod arguments;
pub mod card;
pub mod randomness;
pub mod link;
pub mod event;
pub mod port;
#[cfg(feature = "emulator")]
pub mod emulator;
pub mod serial;
pub mod canvas;
pub mod display;
pub mod keyboard;
pub mod buttons;
pub mod sandbox;
pub mod machine;
