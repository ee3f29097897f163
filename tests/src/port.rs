//! Owns the choice of ports for programs that must be told theirs.
//!
//! Refuses those that the system gives to whoever asks for any: another could get them before the
//! program does, and whoever connects to such a port while nobody listens may meet itself.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

/// A port of loopback that is free now, and that this process chooses once.
///
/// # Errors
/// That none is free.
pub fn free_port() -> Result<SocketAddr> {
    let begin = process::id().wrapping_mul(SPREAD);
    let free = || {
        let port = begin.wrapping_add(CHOSEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST + u16::try_from(port).ok()?));
        TcpListener::bind(address).is_ok().then_some(address)
    };
    (0..COUNT).find_map(|_| free()).context("no port of loopback is free")
}

/// Ports that were chosen.
static CHOSEN: AtomicU32 = AtomicU32::new(0);

/// The first port to choose from.
const FIRST: u16 = 20_000;

/// How many there are: all below 32768, where Linux begins to give ports by itself, and others later.
const COUNT: u32 = 12_000;

/// Processes that run side by side begin this far from each other.
const SPREAD: u32 = 97;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_ports_are_the_same() {
        let ports = [free_port().unwrap(), free_port().unwrap(), free_port().unwrap()];
        assert!(ports[0] != ports[1] && ports[1] != ports[2] && ports[0] != ports[2]);
        assert!(ports.iter().all(|address| (FIRST..32_768).contains(&address.port())));
    }
}
