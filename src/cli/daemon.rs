//! Owns the options of `daemon` and `rpc`.

use std::net::IpAddr;
use std::path::PathBuf;

use billfold_rpc::auth::User;
use clap::Args;

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
}

/// Options of `rpc`.
#[derive(Debug, Args)]
pub(crate) struct RpcArgs {
    /// The wallet to ask, where the daemon has several open
    #[arg(long, value_name = "NAME")]
    pub(crate) rpc_wallet: Option<String>,
    /// Ask at this port instead of the socket
    #[arg(long, value_name = "PORT")]
    pub(crate) rpc_port: Option<u16>,
    /// Arguments have names: NAME=VALUE
    #[arg(long)]
    pub(crate) named: bool,
    /// The method; `help` lists them
    #[arg(value_name = "METHOD")]
    pub(crate) method: String,
    /// Its arguments; those that are no text are JSON
    #[arg(value_name = "ARGUMENT", allow_hyphen_values = true, trailing_var_arg = true)]
    pub(crate) arguments: Vec<String>,
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
  billfold rpc --rpc-wallet shop listunspent 6";
