//! Owns `Params`: the consensus rules of each network as data.
//!
//! Refuses code per network: rules read these fields.

pub mod dns_seed;

use bitcoin::block::Header;
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::p2p::Magic;
use bitcoin::pow::{Target, Work};
use bitcoin::{Network, Script, ScriptBuf, consensus};

use crate::height::Height;
use crate::params::dns_seed::DnsSeed;

/// Consensus rules of one network.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Which network.
    pub network: Network,
    /// The four bytes that open every message.
    pub magic: Magic,
    /// Hosts that tell addresses of peers.
    pub dns_seeds: &'static [DnsSeed],
    /// The TCP port of the network's peers.
    pub default_port: u16,
    /// The header of the first block.
    pub genesis: Header,
    /// The easiest target of a block.
    pub pow_limit: Target,
    /// Blocks between two adjustments of the difficulty.
    pub retarget_interval: u32,
    /// The intended time between two blocks, in seconds.
    pub block_spacing: u32,
    /// Whether the difficulty is adjusted at all.
    pub retargets: bool,
    /// Whether a block that is late by twice the spacing may have the easiest target.
    pub min_difficulty_blocks: bool,
    /// Whether BIP94 holds: retargets start from the period's first block, and that block's time
    /// may be at most 600 s before its parent's.
    pub bip94: bool,
    /// From here on a block's version is at least 2 (BIP34).
    pub bip34_height: Height,
    /// From here on a block's version is at least 3 (BIP66).
    pub bip66_height: Height,
    /// From here on a block's version is at least 4 (BIP65).
    pub bip65_height: Height,
    /// From here on blocks commit to their witnesses (BIP141).
    pub segwit_height: Height,
    /// The least work of a chain that is believed.
    pub minimum_chain_work: Work,
    /// The script that every block of a signet must solve (BIP325).
    pub signet_challenge: Option<ScriptBuf>,
}

impl Params {
    /// The rules of `network`; of signet the default one.
    #[must_use]
    pub fn new(network: Network) -> Self {
        match network {
            Network::Bitcoin => Self::mainnet(),
            Network::Testnet => Self::testnet3(),
            Network::Testnet4 => Self::testnet4(),
            Network::Signet => Self::signet(),
            Network::Regtest => Self::regtest(),
        }
    }

    /// The main network.
    #[must_use]
    pub fn mainnet() -> Self {
        Self {
            bip34_height: Height::new(227_931),
            bip66_height: Height::new(363_725),
            bip65_height: Height::new(388_381),
            segwit_height: Height::new(481_824),
            minimum_chain_work: work(MAINNET_WORK),
            ..Self::strict(Network::Bitcoin, Magic::BITCOIN, 8333, Target::MAX_ATTAINABLE_MAINNET)
        }
    }

    /// The third test network.
    #[must_use]
    pub fn testnet3() -> Self {
        Self {
            min_difficulty_blocks: true,
            bip34_height: Height::new(21_111),
            bip66_height: Height::new(330_776),
            bip65_height: Height::new(581_885),
            segwit_height: Height::new(834_624),
            minimum_chain_work: work(TESTNET3_WORK),
            ..Self::strict(Network::Testnet, Magic::TESTNET3, 18333, Target::MAX_ATTAINABLE_TESTNET)
        }
    }

    /// The fourth test network (BIP94).
    #[must_use]
    pub fn testnet4() -> Self {
        Self {
            min_difficulty_blocks: true,
            bip94: true,
            minimum_chain_work: work(TESTNET4_WORK),
            ..Self::strict(
                Network::Testnet4,
                Magic::TESTNET4,
                48333,
                Target::MAX_ATTAINABLE_TESTNET,
            )
        }
    }

    /// The default signet (BIP325).
    #[must_use]
    pub fn signet() -> Self {
        Self {
            minimum_chain_work: work(SIGNET_WORK),
            signet_challenge: Some(script(SIGNET_CHALLENGE)),
            ..Self::strict(Network::Signet, Magic::SIGNET, 38333, Target::MAX_ATTAINABLE_SIGNET)
        }
    }

    /// A signet with its own challenge, from which its magic derives (BIP325, "Message start").
    #[must_use]
    pub fn signet_with_challenge(challenge: &Script) -> Self {
        let default = Self::signet();
        if default.signet_challenge.as_deref() == Some(challenge) {
            return default;
        }
        let hash = sha256d::Hash::hash(&consensus::serialize(challenge)).to_byte_array();
        Self {
            magic: Magic::from_bytes([hash[0], hash[1], hash[2], hash[3]]),
            dns_seeds: &[],
            minimum_chain_work: Work::from_be_bytes([0; 32]),
            signet_challenge: Some(challenge.to_owned()),
            ..default
        }
    }

    /// A private network where anybody mines at once.
    #[must_use]
    pub fn regtest() -> Self {
        Self {
            retargets: false,
            min_difficulty_blocks: true,
            ..Self::strict(Network::Regtest, Magic::REGTEST, 18444, Target::MAX_ATTAINABLE_REGTEST)
        }
    }

    /// Every rule from the first block on, nothing relaxed.
    fn strict(network: Network, magic: Magic, default_port: u16, pow_limit: Target) -> Self {
        Self {
            network,
            magic,
            dns_seeds: DnsSeed::of(network),
            default_port,
            genesis: bitcoin::constants::genesis_block(network).header,
            pow_limit,
            retarget_interval: 2016,
            block_spacing: 600,
            retargets: true,
            min_difficulty_blocks: false,
            bip94: false,
            bip34_height: Height::new(1),
            bip66_height: Height::new(1),
            bip65_height: Height::new(1),
            segwit_height: Height::new(1),
            minimum_chain_work: Work::from_be_bytes([0; 32]),
            signet_challenge: None,
        }
    }
}

fn work(hex: &str) -> Work {
    Work::from_unprefixed_hex(hex).expect("the constants below are hexadecimal")
}

fn script(hex: &str) -> ScriptBuf {
    ScriptBuf::from_hex(hex).expect("the constants below are hexadecimal")
}

/// One of two keys, of the default signet's signers (Bitcoin Core).
const SIGNET_CHALLENGE: &str = "512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430210359ef5021964fe22d6f8e05b2463c9540ce96883fe3b278760f048f5189f2e6c452ae";

// Minimum chain work as in Bitcoin Core 31.99 (`src/kernel/chainparams.cpp`).
const MAINNET_WORK: &str = "0000000000000000000000000000000000000001128750f82f4c366153a3a030";
const TESTNET3_WORK: &str = "0000000000000000000000000000000000000000000017dde1c649f3708d14b6";
const TESTNET4_WORK: &str = "0000000000000000000000000000000000000000000009a0fe15d0177d086304";
const SIGNET_WORK: &str = "00000000000000000000000000000000000000000000000000000b463ea0a4b8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genesis_blocks_meet_their_own_limit() {
        for network in [
            Network::Bitcoin,
            Network::Testnet,
            Network::Testnet4,
            Network::Signet,
            Network::Regtest,
        ] {
            let params = Params::new(network);
            assert!(params.pow_limit.is_met_by(params.genesis.block_hash()), "{network}");
            assert_eq!(params.genesis.target(), params.pow_limit, "{network}");
            assert_eq!(params.magic, Magic::from(network));
        }
    }

    #[test]
    fn the_default_signet_challenge_gives_the_known_magic() {
        let default = Params::signet();
        let challenge = default.signet_challenge.clone().expect("a signet has one");
        assert_eq!(Params::signet_with_challenge(&challenge).magic, default.magic);
        // The example of BIP325, "Message Start".
        let example =
            script("512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be43051ae");
        let magic = Magic::from_bytes([0x7e, 0xc6, 0x53, 0xa5]);
        assert_eq!(Params::signet_with_challenge(&example).magic, magic);
        assert_ne!(Params::signet_with_challenge(Script::new()).magic, Magic::SIGNET);
    }
}
