//! Owns the options of `daemon` and `rpc`.

use std::ffi::OsStr;
use std::net::IpAddr;
use std::path::PathBuf;

use billfold_rpc::auth::User;
use billfold_rpc::method::Method;
use billfold_wallet_core::keychain::ScriptType;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Command, ValueEnum};

use crate::notify::Notice;

/// Options of `daemon`.
#[derive(Debug, Args)]
pub(crate) struct DaemonArgs {
    /// Listen at this address of this machine [default: 127.0.0.1]
    #[arg(long, value_name = "IP")]
    pub(crate) rpc_bind: Option<IpAddr>,
    /// Listen at this port [default: Bitcoin Core's, 8332 on mainnet]
    #[arg(long, value_name = "PORT")]
    pub(crate) rpc_port: Option<u16>,
    /// Listen at this Unix socket [default: billfold.sock beside the wallets]
    #[arg(long, value_name = "PATH")]
    pub(crate) rpc_socket: Option<PathBuf>,
    /// Let in a user by a salted hash of the password, as Bitcoin Core's rpcauth.py makes it; may be
    /// given several times
    #[arg(long, value_name = "USER:SALT$HASH")]
    pub(crate) rpc_auth: Vec<User>,
    /// Let a user call only these methods; may be given several times
    #[arg(long, value_name = "USER:METHOD,…")]
    pub(crate) rpc_whitelist: Vec<String>,
    /// Whether users without a list may call nothing: 1 or 0 [default: 1 if there is a list]
    #[arg(long, value_name = "0|1", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) rpc_whitelist_default: Option<bool>,
    /// The fee rate of payments for which nothing else is known, as Bitcoin Core's option of this
    /// name [default: such payments are refused]
    #[arg(long, value_name = "BTC/kvB")]
    pub(crate) fallback_fee: Option<String>,
    /// The type of new addresses, as Bitcoin Core's -addresstype [default: that of the preferred
    /// account]
    #[arg(long, value_name = "TYPE")]
    pub(crate) address_type: Option<AddressType>,
    /// The type of the change of payments by Bitcoin Core's methods, as its -changetype [default: as
    /// the payment suggests]
    #[arg(long, value_name = "TYPE")]
    pub(crate) change_type: Option<AddressType>,
    /// The least fee rate of payments by Bitcoin Core's methods, as its -mintxfee
    /// [default: 0.00000100]
    #[arg(long, value_name = "BTC/kvB")]
    pub(crate) min_tx_fee: Option<String>,
    /// The level of Bitcoin Core whose answers are given
    #[arg(long, value_name = "VERSION", value_parser = ["31.0"], default_value = "31.0")]
    pub(crate) rpc_compat: String,
    /// The most that the fee of a payment may be, as Bitcoin Core's option of this name
    /// [default: 0.10]
    #[arg(long, value_name = "BTC")]
    pub(crate) max_tx_fee: Option<String>,
    /// Whether payments spend the wallet's own change that is in no block, as Bitcoin Core's option
    /// of this name: 1 or 0 [default: 1]
    #[arg(long, value_name = "0|1", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) spend_zero_conf_change: Option<bool>,
    /// Spend all coins of an address together, at most 100, as Bitcoin Core's option of this name
    #[arg(long)]
    pub(crate) avoid_partial_spends: bool,
    /// How many addresses of each type are watched ahead in wallets that createwallet makes, and of
    /// imported descriptors without a range, as Bitcoin Core's option of this name
    /// [default: 25, and 1,000 of imported descriptors, which is the least of those]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) keypool: Option<u32>,
    /// The program that knows signing devices, as Bitcoin Core's option of this name, for
    /// enumeratesigners, walletdisplayaddress and billfold.signer; no shell
    #[arg(long, value_name = "CMD")]
    pub(crate) signer: Option<Notice>,
    /// Let callers have whole blocks from peers (getblock, proofs, transactions by their block): whoever
    /// is asked for one learns which block is of interest
    #[arg(long)]
    pub(crate) rpc_fetch_blocks: bool,
    /// Run this for each transaction of a wallet that is new or changed: %s is its id, %w the wallet,
    /// %b and %h its block and height; no shell
    #[arg(long, value_name = "CMD")]
    pub(crate) wallet_notify: Option<Notice>,
    /// Run this for each new tip that all wallets have seen: %s is its hash; no shell
    #[arg(long, value_name = "CMD")]
    pub(crate) block_notify: Option<Notice>,
}

/// A type of addresses by Bitcoin Core's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AddressType {
    // P2PKH
    Legacy,
    // P2WPKH in P2SH
    P2shSegwit,
    // P2WPKH
    Bech32,
    // P2TR
    Bech32m,
}

impl AddressType {
    pub(crate) const fn script_type(self) -> ScriptType {
        match self {
            Self::Legacy => ScriptType::Legacy,
            Self::P2shSegwit => ScriptType::Nested,
            Self::Bech32 => ScriptType::Segwit,
            Self::Bech32m => ScriptType::Taproot,
        }
    }
}

/// Options of `rpc`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct RpcArgs {
    /// The wallet to ask, where the daemon has several open
    #[arg(long, value_name = "NAME")]
    pub(crate) rpc_wallet: Option<String>,
    /// Ask at this port instead of the socket
    #[arg(long, value_name = "PORT")]
    pub(crate) rpc_port: Option<u16>,
    /// Ask as this user of --rpc-auth instead of by the cookie
    #[arg(long, value_name = "NAME", requires = "rpc_password_file")]
    pub(crate) rpc_user: Option<String>,
    /// Read that user's password from the first line of FILE; `-` is standard input
    #[arg(long, value_name = "FILE", requires = "rpc_user", conflicts_with = "stdin")]
    pub(crate) rpc_password_file: Option<PathBuf>,
    /// Wait until a daemon answers
    #[arg(long)]
    pub(crate) rpc_wait: bool,
    /// But not longer than this
    #[arg(long, value_name = "SECONDS", requires = "rpc_wait")]
    pub(crate) rpc_wait_timeout: Option<u64>,
    /// Arguments have names: NAME=VALUE
    #[arg(long)]
    pub(crate) named: bool,
    /// More arguments are the lines of standard input, which other users can't see
    #[arg(long)]
    pub(crate) stdin: bool,
    /// Show how the daemon and its wallets are, instead of calling one method
    #[arg(long, conflicts_with_all = ["method", "arguments", "named", "stdin"])]
    pub(crate) getinfo: bool,
    /// The method; `help` lists them
    #[arg(value_name = "METHOD", hide_possible_values = true, required_unless_present = "getinfo", value_parser = MethodName)]
    pub(crate) method: Option<String>,
    /// Its arguments; those that are no text are JSON
    #[arg(value_name = "ARGUMENT", allow_hyphen_values = true, trailing_var_arg = true)]
    pub(crate) arguments: Vec<String>,
}

/// Completes the names of methods, and takes any: the daemon says what is none.
#[derive(Debug, Clone)]
pub(crate) struct MethodName;

impl TypedValueParser for MethodName {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Method::all().into_iter().map(|method| PossibleValue::new(method.name))))
    }
}

pub(crate) const DAEMON_EXAMPLES: &str = "\
Examples:
  billfold --password-file FILE daemon         serve the wallet to scripts on this machine
  billfold rpc getbalance                      ask it
  bitcoin-cli -datadir=DIR getbalance          the same by Bitcoin Core's client

It answers Bitcoin Core's wallet methods at Core's port and at DIR/billfold.sock, to whoever can
read DIR/.cookie. SIGTERM, Ctrl-C and the method stop end it. docs/rpc-status.md lists the methods.";

pub(crate) const RPC_EXAMPLES: &str = "\
Examples:
  billfold rpc help                            list the methods
  billfold rpc getbalance
  billfold rpc --named sendtoaddress address=bc1q… amount=0.001 fee_rate=2
  billfold rpc --rpc-wallet shop listunspent 6
  billfold rpc --getinfo                       see how the daemon is
  billfold rpc --rpc-wait uptime               wait until it answers

A call that fails exits with the code of its error, without its sign, as bitcoin-cli does.";
