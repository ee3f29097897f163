//! Owns sockets, clocks, threads and tasks: it carries the engine's effects out and brings what
//! happens back.
//!
//! Refuses to decide anything: whom to dial and what to send is the light client's to say.

pub mod clock;
pub mod inbox;
pub mod outlet;
pub mod jobs;
pub mod filter_keeper;
pub mod socks;
pub mod route;
pub mod transport;
pub mod connection;
pub mod dns;
pub mod driver;
