//! Owns `Tally`: how many bytes went over a connection, by the types of their messages.
//!
//! Refuses to keep a name that is no known type, of which a peer could make up any number.

use std::collections::BTreeMap;

/// Bytes by type of message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// Before the first message.
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// A message of this type came or went.
    pub(crate) fn count(&mut self, command: &[u8], bytes: usize) {
        let known = TYPES.iter().find(|name| name.as_bytes() == command);
        *self.0.entry(known.map_or(OTHER, |name| *name)).or_default() += bytes as u64;
    }

    /// All of them, in the order of the types.
    pub(crate) fn by_type(&self) -> Vec<(String, u64)> {
        self.0.iter().map(|(name, bytes)| ((*name).to_owned(), *bytes)).collect()
    }
}

/// As Bitcoin Core calls all that it does not know.
const OTHER: &str = "*other*";

/// The types that Bitcoin Core knows (`src/protocol.h`).
const TYPES: [&str; 35] = [
    "addr",
    "addrv2",
    "block",
    "blocktxn",
    "cfcheckpt",
    "cfheaders",
    "cfilter",
    "cmpctblock",
    "feefilter",
    "filteradd",
    "filterclear",
    "filterload",
    "getaddr",
    "getblocks",
    "getblocktxn",
    "getcfcheckpt",
    "getcfheaders",
    "getcfilters",
    "getdata",
    "getheaders",
    "headers",
    "inv",
    "mempool",
    "merkleblock",
    "notfound",
    "ping",
    "pong",
    "sendaddrv2",
    "sendcmpct",
    "sendheaders",
    "sendtxrcncl",
    "tx",
    "verack",
    "version",
    "wtxidrelay",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_can_t_make_names_up() {
        let mut tally = Tally::new();
        for number in 0..1000 {
            tally.count(format!("made-up-{number}").as_bytes(), 30);
        }
        tally.count(b"ping", 8);
        assert_eq!(tally.by_type(), [("*other*".to_owned(), 30_000), ("ping".to_owned(), 8)]);
    }
}
