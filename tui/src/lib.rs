//! The terminal screens, and the texts that every face of the program shares.
//!
//! Owns what a person sees and presses: keys become [`action::Action`]s, actions change the
//! [`model::Model`], which asks for [`effect::Effect`]s and is drawn from its values alone. Refuses
//! sockets, files and keys: wallets are asked through [`Face`](billfold_wallet_core::face::Face).
//!
//! A module uses only modules that stand before it in this list; `tests/tests/tidy.rs` checks it.

pub mod format;
pub mod qr;
pub mod frames;
pub mod birthday;
pub mod bookkeeping;
pub mod progress;
pub mod warning;
pub mod checkup;
pub mod key;
pub mod action;
pub mod script;
pub mod keymap;
pub mod keys_file;
pub mod config_file;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod theme;
pub mod places;
pub mod canvas;
pub mod play;
pub mod device;
pub mod effect;
pub mod message;
pub mod book;
mod field;
mod list;
mod vigil;
mod desk;
mod screen;
mod frame;
pub mod model;
pub mod phrase;
pub mod runtime;
