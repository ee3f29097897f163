//! Owns the options of commands about signing devices, with their examples.

use billfold_wallet_core::keychain::{AccountName, DerivationIndex, ScriptType};
use billfold_wallet_core::signer_host::place::Place;
use bitcoin::Network;
use bitcoin::bip32::Fingerprint;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::accounts::{AccountKeyArgs, parse_number};
use billfold_tui::birthday::BirthdayArg;

/// Which signing device.
#[derive(Debug, Args)]
pub(crate) struct SignerArgs {
    /// The signing device: `usb` (the only one that is plugged in), its port,
    /// `tcp:127.0.0.1:30121`, or `ledger`, `coldcard`, `bitbox02`, `specter`
    #[arg(
        long,
        env = "BILLFOLD_SIGNER",
        hide_env = true,
        value_name = "usb|PORT|tcp:IP:PORT|VENDOR"
    )]
    pub(crate) signer: Option<Place>,
}

impl SignerArgs {
    /// The device that is named, or the only one that is plugged in.
    pub(crate) fn place(&self) -> Place {
        self.signer.clone().unwrap_or(Place::Usb)
    }
}

/// What to do with signing devices.
#[derive(Debug, Subcommand)]
pub(crate) enum SignerCommand {
    /// List what is plugged in; asks nobody anything
    List(SignerArgs),
    /// Tell what keeps a signer from being used, and what to do; asks nobody anything
    Doctor(SignerArgs),
    /// Create a wallet whose keys stay on the signer
    #[command(after_help = PAIR_EXAMPLES)]
    Pair(SignerPairArgs),
    /// Show the signer's key for a policy, to give to the others who sign
    Key(SignerKeyArgs),
    /// Have the signer keep an account of several keys, so that it knows its addresses and change
    Register(SignerRegisterArgs),
    /// Show an address on the signer, and compare it
    Display(SignerDisplayArgs),
    /// For Bitcoin Core: -signer='billfold signer core'
    #[command(after_help = CORE_EXAMPLES)]
    Core(CoreArgs),
}

/// Options of `signer pair`.
#[derive(Debug, Args)]
pub(crate) struct SignerPairArgs {
    /// Which one.
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    /// The type of new addresses: taproot, segwit, nested or legacy
    #[arg(long = "type", value_name = "TYPE", default_value = "segwit")]
    pub(crate) script_type: ScriptType,
    /// The account number in the paths of its keys
    #[arg(long, value_name = "N", default_value = "0", value_parser = parse_number)]
    pub(crate) number: DerivationIndex,
    /// No payment is older than this block height or month [default: as old as the types can be]
    #[arg(long, value_name = "HEIGHT|YYYY-MM")]
    pub(crate) birthday: Option<BirthdayArg>,
    /// How many unused addresses in a row end the search [default: 200, and 50 of change]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) gap: Option<u32>,
}

/// Options of `signer key`.
#[derive(Debug, Args)]
pub(crate) struct SignerKeyArgs {
    /// Which one.
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    /// Which key.
    #[command(flatten)]
    pub(crate) key: AccountKeyArgs,
}

/// Options of `signer register`.
#[derive(Debug, Args)]
pub(crate) struct SignerRegisterArgs {
    /// Which account; `account list` lists them
    #[arg(value_name = "ACCOUNT")]
    pub(crate) account: AccountName,
    /// Which one.
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
}

/// Options of `signer display`.
#[derive(Debug, Args)]
pub(crate) struct SignerDisplayArgs {
    /// An address of this wallet that was given out [default: the one that `receive` shows]
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
    /// Which one.
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
}

/// Options of `signer core`, as Bitcoin Core gives them.
#[derive(Debug, Args)]
pub(crate) struct CoreArgs {
    /// Which one.
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    /// The fingerprint of the master key that is meant
    #[arg(long, value_name = "HEX")]
    pub(crate) fingerprint: Option<Fingerprint>,
    /// main, test, testnet4, signet or regtest [default: that of --network]
    #[arg(long, value_name = "CHAIN", hide_possible_values = true)]
    pub(crate) chain: Option<ChainName>,
    /// Read what to do from the first line of standard input
    #[arg(long)]
    pub(crate) stdin: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) action: Option<CoreAction>,
}

/// What Bitcoin Core asks of a signer.
#[derive(Debug, Subcommand)]
pub(crate) enum CoreAction {
    /// List the signers with their fingerprints
    Enumerate,
    /// The descriptors of an account
    Getdescriptors {
        /// The account number in the paths of its keys
        #[arg(long, value_name = "N", default_value = "0", value_parser = parse_number)]
        account: DerivationIndex,
    },
    /// Show an address on the signer
    Displayaddress {
        /// The descriptor of one address
        #[arg(long, value_name = "DESCRIPTOR")]
        desc: String,
    },
    /// Keep an account of several keys, which Bitcoin Core does not ask for, but billfold's daemon
    Register {
        /// What the person reads
        #[arg(long, value_name = "NAME")]
        name: AccountName,
        /// The descriptor of both branches
        #[arg(long, value_name = "DESCRIPTOR")]
        desc: String,
    },
    /// Sign a PSBT
    Signtx {
        /// The PSBT in base64
        #[arg(value_name = "PSBT")]
        psbt: String,
    },
}

/// What stands in a line of standard input.
#[derive(Debug, Parser)]
#[command(name = "core", disable_help_subcommand = true)]
pub(crate) struct CoreLine {
    /// What to do.
    #[command(subcommand)]
    pub(crate) action: CoreAction,
}

/// A network as Bitcoin Core calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChainName {
    /// Mainnet.
    Main,
    /// Testnet3.
    Test,
    /// Testnet4.
    Testnet4,
    /// Signet.
    Signet,
    /// Regtest.
    Regtest,
}

impl ChainName {
    /// The network.
    pub(crate) const fn network(self) -> Network {
        match self {
            Self::Main => Network::Bitcoin,
            Self::Test => Network::Testnet,
            Self::Testnet4 => Network::Testnet4,
            Self::Signet => Network::Signet,
            Self::Regtest => Network::Regtest,
        }
    }
}

pub(crate) const SIGNER_EXAMPLES: &str = "\
billfold's own signer, and a Jade. Keys, PIN and passphrase are entered on the device only.

Examples:
  billfold signer doctor                       what keeps it from being used?
  billfold --wallet cold signer pair           a wallet whose keys stay on the signer
  billfold --wallet cold signer display        compare an address on both screens
  billfold --wallet cold pay bc1q… 25k --signer usb";

pub(crate) const PAIR_EXAMPLES: &str = "\
The wallet sees what it receives, and pays with --signer: its keys never leave the signer.

Examples:
  billfold --wallet cold signer pair
  billfold --wallet cold signer pair --type taproot --birthday 2021-03
  billfold --wallet play --network regtest signer pair --signer tcp:127.0.0.1:30121";

pub(crate) const CORE_EXAMPLES: &str = "\
Bitcoin Core calls this by itself, with --fingerprint, --chain and --stdin. It always answers in JSON.

Examples:
  bitcoind -signer='billfold signer core'
  bitcoind -signer='billfold signer core --signer /dev/ttyACM0'";
