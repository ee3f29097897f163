//! Owns where things may happen: no I/O in the pure crates, SQL only in the store, tokio only at
//! the edges, key material only with those who guard it.

use super::Finding;
use super::mention::{Mention, mentions};
use super::source::{Kind, Source};

/// Clocks, files, sockets, threads, channels, async and OS randomness in the pure crates.
/// Their tests are held to it too.
#[must_use]
pub fn impure_uses(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|s| is_in(&s.path, &PURE)) {
        for mention in mentions(source) {
            if let Some(reason) = impurity(&mention) {
                let message = format!("{}: {reason}", mention.path());
                findings.push(Finding::new(&source.path, mention.line, message));
            }
        }
        for token in &source.tokens {
            if token.kind == Kind::Word && (token.text == "async" || token.text == "await") {
                let message = "this crate is a value and a function: nothing in it waits";
                findings.push(Finding::new(&source.path, token.line, message));
            }
        }
    }
    findings
}

/// SQL, or the crate that speaks it, outside the store. Tests are held to it too.
#[must_use]
pub fn stray_sql(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let elsewhere =
        |source: &&Source| !is_in(&source.path, &STORE) && !source.path.starts_with("tests/");
    for source in sources.iter().filter(elsewhere) {
        for token in &source.tokens {
            let statement = token.kind == Kind::Literal && is_sql(&token.text);
            if statement || (token.kind == Kind::Word && token.text == "rusqlite") {
                let message = "SQL lives in the store only: give the store a method";
                findings.push(Finding::new(&source.path, token.line, message));
            }
        }
    }
    findings
}

/// tokio away from the edges. Tests may run one.
#[must_use]
pub fn stray_tokio(sources: &[Source]) -> Vec<Finding> {
    let message = "tokio stays at the edges (net, service, face, the servers, the binary)";
    stray_words(sources, &["tokio"], &RUNTIME, message)
}

/// Names of key material away from those who guard it. Tests may hold keys.
#[must_use]
pub fn stray_keys(sources: &[Source]) -> Vec<Finding> {
    let message = "key material stays with the seed, the vault and the signers";
    stray_words(sources, &KEY_TYPES, &KEY_PLACES, message)
}

fn stray_words(sources: &[Source], words: &[&str], places: &[&str], message: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|s| !is_in(&s.path, places)) {
        for token in &source.tokens {
            let named = token.kind == Kind::Word && words.contains(&token.text.as_str());
            if named && !token.in_test {
                let message = format!("{}: {message}", token.text);
                findings.push(Finding::new(&source.path, token.line, message));
            }
        }
    }
    findings
}

/// Whether a file is one of the places: `x/y` means `x/y.rs` and all below `x/y/`.
fn is_in(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| {
        path.strip_prefix(place).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    })
}

fn impurity(mention: &Mention) -> Option<&'static str> {
    let whole = IMPURE.iter().find(|(prefix, _)| mention.is_within(prefix));
    let unnamed = HALF_PURE.iter().find(|(module, _)| {
        let path = mention.path();
        path == *module || path == format!("{module}::*")
    });
    let word = mention.segments.iter().find(|segment| segment.as_str() == "OsRng");
    whole.or(unnamed).map(|(_, reason)| *reason).or(word.map(|_| RANDOMNESS))
}

fn is_sql(literal: &str) -> bool {
    let text = literal.trim_start_matches(['b', 'r', 'c', '#', '"', ' ', '\n', '\\']);
    SQL_VERBS.iter().any(|verb| text.starts_with(verb))
}

const RANDOMNESS: &str = "randomness is an argument here: take it from the seed";

const PURE: [&str; 2] = ["light-client/src", "hw-signer/device/src"];

const IMPURE: [(&str, &str); 16] = [
    ("std::time::Instant", "time is an argument here"),
    ("std::time::SystemTime", "time is an argument here"),
    ("std::time::UNIX_EPOCH", "time is an argument here"),
    ("std::net::TcpStream", "sockets belong to the driver"),
    ("std::net::TcpListener", "sockets belong to the driver"),
    ("std::net::UdpSocket", "sockets belong to the driver"),
    ("std::net::ToSocketAddrs", "name lookup belongs to the driver"),
    ("std::os", "the system belongs to the driver"),
    ("std::fs", "the disk belongs to the store"),
    ("std::thread", "heavy work leaves as a job"),
    ("std::sync::mpsc", "outputs are polled, not sent"),
    ("std::process", "the system belongs to the driver"),
    ("std::env", "settings come in the configuration"),
    ("tokio", "nothing here waits"),
    ("getrandom", RANDOMNESS),
    ("rand", RANDOMNESS),
];

/// Modules of which some names are pure: they must be named one by one.
const HALF_PURE: [(&str, &str); 2] =
    [("std::time", "name what you need of it"), ("std::net", "name what you need of it")];

const STORE: [&str; 1] = ["wallet-core/src/store"];

const SQL_VERBS: [&str; 9] = [
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE FROM ",
    "CREATE TABLE ",
    "CREATE INDEX ",
    "DROP TABLE ",
    "PRAGMA ",
    "ATTACH ",
];

const RUNTIME: [&str; 22] = [
    "src",
    // The library for signers of other makers waits on one.
    "hw-signer/host/src/vendor_device",
    "wallet-core/src/net",
    "wallet-core/src/service",
    "wallet-core/src/face",
    "rpc/src/apart",
    // It runs a program.
    "rpc/src/external_signer",
    "rpc/src/puppet",
    "rpc/src/desk",
    "rpc/src/method/billfold/events",
    "rpc/src/turns",
    "rpc/src/stop",
    "rpc/src/watch",
    "rpc/src/server",
    "rpc/src/client",
    "tui/src/runtime",
    "devnet/src/server",
    "devnet/src/devnet",
    "devnet/src/frame",
    "devnet/src/wire",
    "devnet/src/network",
    "tests",
];

const KEY_TYPES: [&str; 4] = ["Seed", "Xpriv", "Mnemonic", "Keypair"];

const KEY_PLACES: [&str; 18] = [
    "wallet-core/src/engine/key_layer",
    "tui/src/screen/creation",
    "tui/src/screen/restore",
    "src/commands/new",
    "src/commands/restore",
    "src/commands/sweep",
    "src/demo/cast",
    "wallet-core/src/seed",
    "wallet-core/src/vault",
    "wallet-core/src/backup",
    "wallet-core/src/founding",
    "wallet-core/src/portable/founding",
    "wallet-core/src/signers",
    "wallet-core/src/service",
    "hw-signer/device/src/words",
    "hw-signer/device/src/keys",
    "hw-signer/device/src/signing",
    "tests",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str, text: &str) -> Vec<Source> {
        vec![Source::read(path, text).unwrap()]
    }

    #[test]
    fn the_pure_crates_do_no_io() {
        for text in [
            "use std::time::{Duration, Instant};",
            "use std::time;",
            "fn f() { std::fs::read(p); }",
            "use std::net::TcpStream;",
            "fn f() { std::thread::spawn(g); }",
            "use std::sync::mpsc;",
            "fn f() { std::env::var(x); }",
            "async fn f() {}",
            "use rand::rngs::OsRng;",
            "use getrandom::fill;",
            "#[cfg(test)] mod tests { use std::fs::read; }",
        ] {
            assert_eq!(impure_uses(&at("light-client/src/x.rs", text)).len(), 1, "{text}");
            assert_eq!(impure_uses(&at("hw-signer/device/src/x.rs", text)).len(), 1, "{text}");
            assert_eq!(impure_uses(&at("wallet-core/src/x.rs", text)), [], "{text}");
        }
        let text = "use std::time::Duration; use std::net::SocketAddr; use std::sync::Arc;";
        assert_eq!(impure_uses(&at("light-client/src/x.rs", text)), []);
    }

    #[test]
    fn sql_stays_in_the_store() {
        for text in ["use rusqlite::Row;", "const Q: &str = \"SELECT 1\";"] {
            assert_eq!(stray_sql(&at("wallet-core/src/engine.rs", text)).len(), 1, "{text}");
            assert_eq!(stray_sql(&at("wallet-core/src/store/chain.rs", text)), []);
            assert_eq!(stray_sql(&at("wallet-core/src/store.rs", text)), []);
        }
        assert_eq!(stray_sql(&at("a/src/x.rs", "const T: &str = \"selects coins\";")), []);
    }

    #[test]
    fn tokio_stays_at_the_edges() {
        let text = "use tokio::sync::watch;";
        assert_eq!(stray_tokio(&at("wallet-core/src/wallet/coins.rs", text)).len(), 1);
        assert_eq!(stray_tokio(&at("devnet/src/mempool.rs", text)).len(), 1);
        for path in ["wallet-core/src/net/driver.rs", "src/main.rs", "devnet/src/server.rs"] {
            assert_eq!(stray_tokio(&at(path, text)), [], "{path}");
        }
    }

    #[test]
    fn keys_stay_with_their_guards() {
        let text = "use bitcoin::bip32::Xpriv;";
        assert_eq!(stray_keys(&at("wallet-core/src/wallet.rs", text)).len(), 1);
        assert_eq!(stray_keys(&at("wallet-core/src/seed.rs", text)), []);
    }
}
