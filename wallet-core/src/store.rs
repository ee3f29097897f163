//! Owns the disk: the only user of SQLite and of the data directory's files. (being built)

pub mod problem;
mod library;
pub mod aside;
pub mod schema;
pub mod lock;
pub mod startup;
pub mod chain;
pub mod filters;
pub mod peers;
pub mod wallet;
