//! Owns sockets, clocks and tasks. (being built)

pub mod clock;
pub mod connection;
pub mod driver;
