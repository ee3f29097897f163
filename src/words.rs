//! Owns how a wallet's words leave and enter this program: on paper by way of the screen, in a file
//! that only the user can read, from the keyboard.
//!
//! Refuses the command line, the environment and standard output.

pub(crate) mod sheet;
mod typing;
pub(crate) mod reading;
pub(crate) mod passphrase;
pub(crate) mod quiz;
