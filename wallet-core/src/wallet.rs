//! Owns the wallet view: apply chain events, issue addresses, draft payments. (being built)

pub mod coins;
pub mod draft;
pub mod fee;
pub mod graph;
pub mod history;
