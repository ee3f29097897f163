//! Owns `daemon`: opens the wallets, serves them to scripts by JSON-RPC until it is asked to end, and
//! closes them.
//!
//! Refuses to detach from what started it: a service manager does that better.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use billfold_rpc::auth::{Access, Cookie, CookieError, Whitelists};
use billfold_rpc::external_signer::ExternalSigner;
use billfold_rpc::node::Node;
use billfold_rpc::server::{self, ListenError, Listener};
use billfold_wallet_core::command::CommandError;
use billfold_wallet_core::config::{Settings, WalletName};
use billfold_wallet_core::event::{Event, News};
use billfold_wallet_core::face::Face;
use billfold_wallet_core::limits::{LEAST_FEE_RATE, MOST_FEE_RATE};
use billfold_wallet_core::service::{self, Access as KeyAccess, Reach, Service};
use billfold_wallet_core::store::startup;
use billfold_wallet_core::vault::Password;
use bitcoin::{Amount, Denomination, FeeRate, Network};
use serde::Serialize;

use crate::cli::daemon::{AddressType, DaemonArgs};
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::log::Log;
use crate::notify::{self, Notice, Notices};
use crate::output::{Canvas, Report};
use crate::readiness::{self, State};
use crate::{password, session};

/// Serves the wallet until a signal, or `stop`, ends it.
///
/// # Errors
/// `no_peer`, `listen_failed`, `io`, why the wallet did not open, or why it stopped by itself.
pub(super) async fn run(options: &DaemonArgs, context: &mut Context) -> Result<(), Failure> {
    session::needs_peers(&context.run.settings)?;
    let (service, password) = opened(context).await?;
    let settings = &context.run.settings;
    let proxy = settings.proxy.map(|proxy| proxy.to_string());
    let face: Arc<dyn Face> = Arc::new(service);
    let version = env!("CARGO_PKG_VERSION");
    let mut node = Node::new(settings.params(), version, proxy, Arc::clone(&face));
    node.fallback_fee = options.fallback_fee.as_deref().map(fee_rate).transpose()?;
    if let Some(least) = &options.min_tx_fee {
        node.least_fee_rate = fee_rate(least)?;
    }
    node.address_type = options.address_type.map(AddressType::script_type);
    node.change_type = options.change_type.map(AddressType::script_type);
    if let Some(most) = &options.max_tx_fee {
        node.most_fee = most_fee(most)?;
    }
    node.avoids_partial_spends = options.avoid_partial_spends;
    node.spends_pending_change = options.spend_zero_conf_change.unwrap_or(true);
    node.keypool = options.keypool;
    node.signer = options.signer.clone().map(Notice::words).and_then(ExternalSigner::new);
    node.fetches_blocks = options.rpc_fetch_blocks;
    node.password = Some(password);
    node.log = settings.paths().dir().join("billfold.log").display().to_string();
    let node = Arc::new(node);
    for wallet in face.wallets().await? {
        node.add(wallet);
    }
    let served = serve(options, context, &node, &*face).await;
    readiness::tell(State::Stopping);
    face.close().await;
    tracing::info!("closed");
    served
}

/// Opens the wallet that is named, and those that were asked for whenever a daemon starts; with the
/// password of all of them. Of the latter, one that does not open keeps nobody from the others.
async fn opened(context: &mut Context) -> Result<(Service, Password), Failure> {
    // Whoever starts a daemon wants it to pay while nobody is there.
    let settings = Settings { idle_lock: None, ..context.run.settings.clone() };
    let existing = service::wallets(&settings)?;
    let is_named = context.run.settings.wallet != WalletName::default();
    let open = |wallets: &[(WalletName, Password)]| {
        Service::open_all(&settings, wallets, KeyAccess::Sign, Reach::Online)
    };
    let (service, password) = if existing.contains(&settings.wallet) || is_named {
        password::tried(context, |settings, password| {
            let service = open(&[(settings.wallet.clone(), password.clone())])?;
            Ok((service, password.clone()))
        })
        .await?
    } else {
        let password = password::of(&context.run, "Password of the wallets' files: ")?;
        // As with a wallet, not inside a runtime.
        let opened = thread::scope(|scope| scope.spawn(|| open(&[])).join());
        (opened.map_err(|_panicked| Failure::bug())??, password)
    };
    for wallet in startup::read(&settings.paths())? {
        if wallet == settings.wallet {
            continue;
        }
        if let Err(error) = service.load(&wallet, password.clone(), KeyAccess::Sign).await {
            context.output.warn(&format!("wallet {wallet} is not loaded: {error}"));
        }
    }
    Ok((service, password))
}

/// Where the daemon of these settings leaves its cookie.
pub(super) fn cookie_path(settings: &Settings) -> PathBuf {
    settings.paths().dir().join(".cookie")
}

/// Bitcoin Core's port for JSON-RPC.
pub(super) const fn port(network: Network) -> u16 {
    match network {
        Network::Bitcoin => 8332,
        Network::Testnet => 18332,
        Network::Testnet4 => 48332,
        Network::Signet => 38332,
        Network::Regtest => 18443,
    }
}

async fn serve(
    options: &DaemonArgs,
    context: &mut Context,
    node: &Arc<Node>,
    face: &dyn Face,
) -> Result<(), Failure> {
    let settings = &context.run.settings;
    let log = Log::begin(settings, context.run.style.verbose)
        .map_err(|error| Failure::new(Kind::Io, format!("the log can't be written: {error}")))?;
    let ip = options.rpc_bind.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let address = SocketAddr::new(ip, options.rpc_port.unwrap_or(port(settings.network)));
    let tcp = Listener::tcp(address).await?;
    let address = tcp.address().unwrap_or(address);
    let path =
        options.rpc_socket.clone().unwrap_or_else(|| session::attached::socket_path(settings));
    let (listeners, socket) = listeners(tcp, path)?;
    let cookie_path = cookie_path(settings);
    let cookie = Cookie::bake(&cookie_path)?;
    let mut users = options.rpc_auth.clone();
    users.push(cookie.user());
    let lines = options.rpc_whitelist.iter().map(String::as_str);
    let whitelists = Whitelists::new(lines, options.rpc_whitelist_default);
    context.output.result(&DaemonReport {
        rpc: address,
        socket,
        cookie: cookie_path,
        network: crate::cli::NetworkName::of(settings.network).name(),
        wallets: node.wallets().iter().map(|desk| desk.name().to_owned()).collect(),
    })?;
    context.output.say(&format!("JSON-RPC is served at {address}."));
    readiness::tell(State::Ready);
    let (wallet, block) = (options.wallet_notify.clone(), options.block_notify.clone());
    let notices = Notices { wallet, block };
    let (version, compat) = (env!("CARGO_PKG_VERSION"), &options.rpc_compat);
    tracing::info!(version, compat, %address, "serving");
    let serving = server::serve(Arc::clone(node), Access::new(users, whitelists), listeners);
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        () = serving.as_mut() => return Ok(()),
        () = context.interrupt.asked_to_end(|| log.reopen()) => Ok(()),
        error = stopped(node, face) => Err(error.into()),
        () = notify::run(face, notices) => Ok(()),
    };
    node.stop.ask();
    serving.await;
    ended
}

/// A fee rate in bitcoin for 1,000 vbytes.
fn fee_rate(text: &str) -> Result<FeeRate, Failure> {
    let rate = Amount::from_str_in(text, Denomination::Bitcoin).ok();
    let rate = rate.map(|rate| FeeRate::from_sat_per_kwu(rate.to_sat().div_ceil(4)));
    rate.filter(|rate| (LEAST_FEE_RATE..=MOST_FEE_RATE).contains(rate)).ok_or_else(|| {
        let message = format!("{text:?} is not a fee rate in BTC/kvB: 0.00001 is 1 sat/vB");
        Failure::new(Kind::BadFeeRate, message)
    })
}

/// An amount in bitcoin that pays for a transaction at all.
fn most_fee(text: &str) -> Result<Amount, Failure> {
    let amount = Amount::from_str_in(text, Denomination::Bitcoin).ok();
    amount.filter(|amount| *amount >= LEAST_MOST_FEE).ok_or_else(|| {
        let message = format!(
            "Invalid amount for --max-tx-fee: {text:?} (must be an amount in BTC of at least \
             {LEAST_MOST_FEE}, or payments get stuck)"
        );
        Failure::new(Kind::BadAmount, message)
    })
}

/// What 1,000 vbytes cost at the least that nodes relay, as in Bitcoin Core's check of its option.
const LEAST_MOST_FEE: Amount = Amount::from_sat(100);

/// Waits until the wallets stop by themselves, and tells why. One that is closed alone is answered for
/// no more; why, the engine has logged.
async fn stopped(node: &Node, face: &dyn Face) -> CommandError {
    let mut listener = face.listen();
    while let Some(News { wallet, event }) = listener.next().await {
        match (wallet, event) {
            (None, Event::Stopped { error }) => return error,
            (Some(wallet), Event::Stopped { .. }) => {
                node.remove(&wallet);
            }
            _ => {}
        }
    }
    CommandError::Closing
}

#[cfg(unix)]
fn listeners(tcp: Listener, path: PathBuf) -> Result<(Vec<Listener>, Option<PathBuf>), Failure> {
    Ok((vec![tcp, Listener::unix(path.clone())?], Some(path)))
}

#[cfg(not(unix))]
fn listeners(tcp: Listener, _path: PathBuf) -> Result<(Vec<Listener>, Option<PathBuf>), Failure> {
    Ok((vec![tcp], None))
}

/// Told once everything is ready; nothing follows until the end.
#[derive(Debug, Serialize)]
struct DaemonReport {
    rpc: SocketAddr,
    socket: Option<PathBuf>,
    cookie: PathBuf,
    network: &'static str,
    wallets: Vec<String>,
}

impl Report for DaemonReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let wallets = match &self.wallets[..] {
            [] => "no wallet yet".to_owned(),
            wallets => wallets.join(", "),
        };
        format!(
            "Serving {} on {}\nJSON-RPC at http://{}/, cookie {}\nNext: billfold rpc help",
            wallets,
            self.network,
            self.rpc,
            self.cookie.display(),
        )
    }
}

impl From<ListenError> for Failure {
    fn from(error: ListenError) -> Self {
        Self::new(Kind::ListenFailed, error.to_string())
    }
}

impl From<CookieError> for Failure {
    fn from(error: CookieError) -> Self {
        let kind = match error {
            CookieError::Entropy(_) => Kind::NoEntropy,
            CookieError::File { .. } => Kind::Io,
        };
        Self::new(kind, error.to_string())
    }
}
