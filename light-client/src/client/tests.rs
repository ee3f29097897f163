//! The whole client against scripted peers, with no runtime, clock or socket.

mod world;
mod syncing;
mod faults;
mod scheduling;
mod mempool;
mod validation;
