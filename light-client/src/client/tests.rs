//! The whole client against scripted peers, with no runtime, clock or socket.

mod lies;
mod world;
mod disputes;
mod promise;
mod syncing;
mod backfill;
mod faults;
mod fetching;
mod asking;
mod finding;
mod scheduling;
mod mempool;
mod announcing;
mod validation;
mod attacks;
