//! Owns the walk of two Rust clients of Bitcoin Core through billfold's daemon: each is told where it
//! is, does what a shop does, and fails at the first thing that is not as with Bitcoin Core.
//!
//! Refuses to know billfold: it is compiled alone, and speaks with the daemon by the client only.

mod bitcoincore_rpc_walk;
mod corepc_walk;
mod world;

use std::env;

use anyhow::{Context, Result, bail};

use crate::world::World;

fn main() -> Result<()> {
    let client = env::args().nth(1).context("which client?")?;
    let world = World::told(env::args().skip(2))?;
    match client.as_str() {
        "bitcoincore-rpc" => bitcoincore_rpc_walk::walk(&world),
        "corepc-client" => corepc_walk::walk(&world),
        _ => bail!("no client {client}"),
    }
}
