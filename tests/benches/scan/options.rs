//! Owns the options of the scan bench.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use billfold_tests::synthetic::link::Link;
use billfold_tests::synthetic::peer::Conduct;
use billfold_tests::synthetic::recipe::Recipe;
use billfold_tests::vector_wallet;
use billfold_wallet_core::limits::DEFAULT_FILTERS_DISK;
use clap::{Parser, ValueEnum};

/// Measures how long a wallet takes to find its payments.
#[derive(Debug, Clone, Parser)]
#[command(name = "scan")]
pub(crate) struct Options {
    /// How many peers there are, the faulty ones included.
    #[arg(long, default_value_t = 4)]
    peers: usize,
    /// How many scripts the wallet watches.
    #[arg(long, default_value_t = 50)]
    pub(crate) scripts: u32,
    /// How many addresses the twenty payments go to. Each that is found makes the wallet watch one
    /// more, and look through what it has scanned for that.
    #[arg(long, default_value_t = 1)]
    addresses: u32,
    /// How many blocks the chain has.
    #[arg(long, default_value_t = 20_000)]
    blocks: u32,
    /// A chain of 2,000 blocks.
    #[arg(long)]
    short: bool,
    /// The speed of each peer's link in MB a second; as fast as the machine if not given.
    #[arg(long, value_name = "MB")]
    bandwidth: Option<f64>,
    /// The round trip to each peer in ms.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// How many of the peers fall silent once they are asked for filters.
    #[arg(long, value_name = "PEERS", default_value_t = 0)]
    stalled: usize,
    /// How many of the peers go on at 2 kB a second then.
    #[arg(long, value_name = "PEERS", default_value_t = 0)]
    dripping: usize,
    /// How many of the peers leave the payments out of their filters.
    #[arg(long, value_name = "PEERS", default_value_t = 0)]
    lying: usize,
    /// The peers speak version 2 of the transport too, which encrypts. `bip157` goes on in the clear.
    #[arg(long)]
    pub(crate) encrypted: bool,
    /// How many MB of filters billfold keeps on disk; `bip157` keeps none.
    #[arg(long, value_name = "MB", default_value_t = DEFAULT_FILTERS_DISK / 1_000_000)]
    filters_disk: u64,
    /// Run only this client.
    #[arg(long)]
    only: Option<Client>,
    /// Cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Who scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// billfold's service with a wallet.
    Billfold,
    /// The `bip157` crate.
    Bip157,
}

impl Client {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Billfold => "billfold",
            Self::Bip157 => "bip157",
        }
    }
}

impl Options {
    /// Ends the process if the arguments are none that there are.
    pub(crate) fn read(arguments: &[String]) -> Self {
        let name = std::iter::once("scan".to_owned());
        Self::parse_from(name.chain(arguments.iter().cloned()))
    }

    pub(crate) fn clients(&self) -> impl Iterator<Item = Client> + use<> {
        let only = self.only;
        let all = [Client::Billfold, Client::Bip157].into_iter();
        all.filter(move |client| only.is_none_or(|only| only == *client))
    }

    pub(crate) const fn blocks(&self) -> u32 {
        if self.short { 2_000 } else { self.blocks }
    }

    /// What each peer does, the faulty ones in front.
    pub(crate) fn conducts(&self) -> Vec<Conduct> {
        let faulty = std::iter::repeat_n(Conduct::Stalling, self.stalled)
            .chain(std::iter::repeat_n(Conduct::Dripping, self.dripping))
            .chain(std::iter::repeat_n(Conduct::Lying, self.lying));
        faulty.chain(std::iter::repeat(Conduct::Honest)).take(self.peers).collect()
    }

    pub(crate) fn link(&self) -> Link {
        // A million bytes of a MB are to it what a million microseconds are to a second.
        let bandwidth = self.bandwidth.map(|mb| Duration::from_secs_f64(mb).as_micros());
        Link {
            bandwidth: bandwidth.and_then(|bytes| u64::try_from(bytes).ok()),
            latency: Duration::from_millis(self.latency),
        }
    }

    /// In bytes.
    pub(crate) const fn filters_disk(&self) -> u64 {
        self.filters_disk * 1_000_000
    }

    /// The chain pays the first addresses of the wallet, in turn.
    pub(crate) fn recipe(&self) -> Result<Recipe> {
        let scripts = (0..self.addresses.clamp(1, PAYMENTS))
            .map(|index| Ok(vector_wallet::address(84, 0, index)?.script_pubkey()))
            .collect::<Result<Vec<_>>>()?;
        let paid = scripts.iter().cycle().take(PAYMENTS as usize).cloned().collect();
        Ok(Recipe { blocks: self.blocks(), outputs: 8_000, paid })
    }
}

/// Payments on the chain.
const PAYMENTS: u32 = 20;

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} blocks of 8,000 outputs, {} scripts", self.blocks(), self.scripts)?;
        if self.addresses > 1 {
            write!(f, ", {} of them paid", self.addresses)?;
        }
        if self.filters_disk == 0 {
            write!(f, ", no filters kept")?;
        }
        write!(f, ", {} peers", self.peers)?;
        if self.encrypted {
            write!(f, " that encrypt")?;
        }
        if let Some(bandwidth) = self.bandwidth {
            write!(f, ", {bandwidth} MB/s each")?;
        }
        if self.latency > 0 {
            write!(f, ", {} ms", self.latency)?;
        }
        for (count, what) in
            [(self.stalled, "stalls"), (self.dripping, "drips"), (self.lying, "lies")]
        {
            if count > 0 {
                write!(f, ", {count} of them {what}")?;
            }
        }
        Ok(())
    }
}
