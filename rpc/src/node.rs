//! Owns `Node`: what every call may use, the open wallets among it.
//!
//! Refuses to open wallets by itself: the program does, which knows passwords and directories.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Instant;

use billfold_wallet_core::command::{BlockQuery, Command, Reply};
use billfold_wallet_core::light_client::height::{BlockId, Height};
use billfold_wallet_core::light_client::known_block::KnownBlock;
use billfold_wallet_core::light_client::params::Params;
use billfold_wallet_core::light_client::status::Status;

use bitcoin::FeeRate;

use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::stop::Stop;

/// What every call may use.
#[derive(Debug)]
pub struct Node {
    /// The rules of the chain.
    pub params: Params,
    /// This program's version.
    pub version: &'static str,
    /// The proxy through which peers are reached, as `IP:PORT`.
    pub proxy: Option<String>,
    /// The fee rate of payments for which nothing else is known.
    pub fallback_fee: Option<FeeRate>,
    /// When it started.
    pub started: Instant,
    /// By which it is asked to end.
    pub stop: Stop,
    wallets: RwLock<BTreeMap<String, Arc<Desk>>>,
}

/// Which wallet a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// None: it means the only one.
    Root,
    /// `/wallet/NAME`.
    Wallet(String),
}

impl Node {
    /// A node without wallets.
    #[must_use]
    pub fn new(params: Params, version: &'static str, proxy: Option<String>) -> Self {
        let (started, stop) = (Instant::now(), Stop::new());
        let fallback_fee = None;
        Self { params, version, proxy, fallback_fee, started, stop, wallets: RwLock::default() }
    }

    /// Takes in an open wallet.
    pub fn add(&self, desk: Desk) {
        let desk = Arc::new(desk);
        self.write(|wallets| drop(wallets.insert(desk.name().to_owned(), desk)));
    }

    /// The open wallets, by their names.
    #[must_use]
    pub fn wallets(&self) -> Vec<Arc<Desk>> {
        self.read(|wallets| wallets.values().cloned().collect())
    }

    /// The wallet that a request means.
    ///
    /// # Errors
    /// -18 if it is not open, or none is; -19 if several are and none is named.
    pub fn wallet(&self, endpoint: &Endpoint) -> Result<Arc<Desk>, RpcError> {
        let (named, only, count) = self.read(|wallets| {
            let named = match endpoint {
                Endpoint::Root => None,
                Endpoint::Wallet(name) => wallets.get(name).cloned(),
            };
            (named, wallets.values().next().cloned(), wallets.len())
        });
        match (endpoint, count) {
            (Endpoint::Wallet(_), _) => {
                named.ok_or_else(|| RpcError::new(Code::WalletNotFound, NOT_LOADED))
            }
            (Endpoint::Root, 1) => only.ok_or_else(RpcError::bug),
            (Endpoint::Root, 0) => Err(RpcError::new(Code::WalletNotFound, NONE_LOADED)),
            (Endpoint::Root, _) => Err(RpcError::new(Code::WalletNotSpecified, SEVERAL_LOADED)),
        }
    }

    /// What the chain client knows. All wallets follow the same chain, so any of them tells.
    ///
    /// # Errors
    /// -18 if no wallet is open.
    pub async fn status(&self) -> Result<Status, RpcError> {
        match self.any()?.ask(Command::Status).await? {
            Reply::Status(status) => Ok(*status),
            _ => Err(RpcError::bug()),
        }
    }

    /// The block up to which every open wallet has seen the chain; genesis before the first.
    ///
    /// # Errors
    /// -18 if no wallet is open.
    pub async fn scanned(&self) -> Result<BlockId, RpcError> {
        let mut lowest: Option<BlockId> = None;
        for desk in self.wallets() {
            let Reply::Status(status) = desk.ask(Command::Status).await? else {
                return Err(RpcError::bug());
            };
            let cursor = status.cursor.unwrap_or_else(|| self.genesis());
            if lowest.is_none_or(|lowest| cursor.height < lowest.height) {
                lowest = Some(cursor);
            }
        }
        lowest.ok_or_else(|| RpcError::new(Code::WalletNotFound, NONE_LOADED))
    }

    /// Whether a wallet has been at the tip, so that it knows what it can spend.
    ///
    /// # Errors
    /// What the wallet answered.
    pub async fn has_seen_chain(&self, desk: &Desk) -> Result<bool, RpcError> {
        match desk.ask(Command::Status).await? {
            Reply::Status(status) => {
                Ok(status.synced || status.cursor.is_some_and(|at| at == status.tip))
            }
            _ => Err(RpcError::bug()),
        }
    }

    /// A block of the best chain.
    ///
    /// # Errors
    /// -18 if no wallet is open.
    pub async fn block(&self, query: BlockQuery) -> Result<Option<KnownBlock>, RpcError> {
        match self.any()?.ask(Command::Block(query)).await? {
            Reply::Block(block) => Ok(block.map(|block| *block)),
            _ => Err(RpcError::bug()),
        }
    }

    /// The first block.
    #[must_use]
    pub fn genesis(&self) -> BlockId {
        BlockId::new(Height::GENESIS, self.params.genesis.block_hash())
    }

    fn any(&self) -> Result<Arc<Desk>, RpcError> {
        let first = self.read(|wallets| wallets.values().next().cloned());
        first.ok_or_else(|| RpcError::new(Code::WalletNotFound, NONE_LOADED))
    }

    fn read<T>(&self, work: impl FnOnce(&BTreeMap<String, Arc<Desk>>) -> T) -> T {
        // What a panic left is whole: every change is one insertion or removal.
        work(&self.wallets.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn write(&self, work: impl FnOnce(&mut BTreeMap<String, Arc<Desk>>)) {
        work(&mut self.wallets.write().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

const NOT_LOADED: &str = "Requested wallet does not exist or is not loaded";
const NONE_LOADED: &str = "No wallet is loaded. Load a wallet using loadwallet or create a new \
                           one with createwallet. (Note: A default wallet is no longer \
                           automatically created)";
const SEVERAL_LOADED: &str = "Multiple wallets are loaded. Please select which wallet to use by \
                              requesting the RPC through the /wallet/<walletname> URI path.";
