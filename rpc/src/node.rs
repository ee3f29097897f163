//! Owns `Node`: what every call may use, the open wallets among it.
//!
//! Refuses to open wallets by itself: the program does, which knows passwords and directories.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use billfold_wallet_core::command::{BlockQuery, ChainQuery, Command, Reply};
use billfold_wallet_core::config::WalletName;
use billfold_wallet_core::face::Face;
use billfold_wallet_core::keychain::ScriptType;
use billfold_wallet_core::light_client::height::{BlockId, Height};
use billfold_wallet_core::light_client::kept::{FilterRange, FoundFilters};
use billfold_wallet_core::light_client::known_block::KnownBlock;
use billfold_wallet_core::light_client::params::Params;
use billfold_wallet_core::light_client::peer_order::PeerOrder;
use billfold_wallet_core::light_client::status::Status;
use billfold_wallet_core::light_client::time::WallTime;
use billfold_wallet_core::limits::LEAST_FEE_RATE;
use billfold_wallet_core::vault::Password;

use bitcoin::{Amount, Block, BlockHash, FeeRate, FilterHeader};

use crate::activity::Activity;
use crate::block_scan::BlockScans;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::external_signer::ExternalSigner;
use crate::limits::{FETCH_TIME, MOST_FEE};
use crate::rates::Rates;
use crate::stop::Stop;
use crate::turns::Turns;
use crate::watch;

/// What every call may use.
pub struct Node {
    /// The rules of the chain.
    pub params: Params,
    /// This program's version.
    pub version: &'static str,
    /// The proxy through which peers are reached, as `IP:PORT`.
    pub proxy: Option<String>,
    /// The fee rate of payments for which nothing else is known.
    pub fallback_fee: Option<FeeRate>,
    /// The most that the fee of a payment may be by Core's methods (`-maxtxfee`).
    pub most_fee: Amount,
    /// Whether they spend the wallet's own change that is in no block (`-spendzeroconfchange`).
    pub spends_pending_change: bool,
    /// Whether all coins of an address are spent together.
    pub avoids_partial_spends: bool,
    /// The type of new addresses (`-addresstype`); `None`: that of the preferred account.
    pub address_type: Option<ScriptType>,
    /// The type of change (`-changetype`); `None`: as the payment suggests.
    pub change_type: Option<ScriptType>,
    /// The least fee rate of payments by Core's methods (`-mintxfee`).
    pub least_fee_rate: FeeRate,
    /// How many addresses of each type are watched ahead in wallets that are made here, and of
    /// imported descriptors without a range (`-keypool`); `None`: as many as are usual for each.
    pub keypool: Option<u32>,
    /// The program that knows signing devices (`-signer`).
    pub signer: Option<ExternalSigner>,
    /// Whether peers may be asked for whole blocks that callers name.
    pub fetches_blocks: bool,
    /// When it started.
    pub started: Instant,
    /// By which it is asked to end.
    pub stop: Stop,
    /// The chain with its open wallets, and who makes and opens others.
    pub face: Arc<dyn Face>,
    /// The password of the files of wallets that are made and loaded here; `None`: none are.
    pub password: Option<Password>,
    /// Where the log is.
    pub log: String,
    /// The scan of blocks that goes on.
    pub scans: BlockScans,
    /// Whose turn it is to call a method that goes on once at a time.
    pub turns: Turns,
    /// The calls that are carried out now.
    pub activity: Activity,
    /// How many calls tokens have left.
    pub rates: Rates,
    /// What a test has set the clock to, in Unix seconds; 0: it goes.
    set_time: AtomicU64,
    wallets: RwLock<BTreeMap<String, Arc<Desk>>>,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("params", &self.params).finish_non_exhaustive()
    }
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
    /// A node that answers for no wallet yet.
    #[must_use]
    pub fn new(
        params: Params,
        version: &'static str,
        proxy: Option<String>,
        face: Arc<dyn Face>,
    ) -> Self {
        Self {
            params,
            version,
            proxy,
            fallback_fee: None,
            most_fee: MOST_FEE,
            spends_pending_change: true,
            avoids_partial_spends: false,
            address_type: None,
            change_type: None,
            least_fee_rate: LEAST_FEE_RATE,
            keypool: None,
            signer: None,
            fetches_blocks: false,
            started: Instant::now(),
            stop: Stop::new(),
            face,
            password: None,
            log: String::new(),
            scans: BlockScans::default(),
            turns: Turns::default(),
            activity: Activity::default(),
            rates: Rates::default(),
            set_time: AtomicU64::new(0),
            wallets: RwLock::default(),
        }
    }

    /// Now, in Unix seconds: by the system's clock, or as a test has set it.
    #[must_use]
    pub fn now(&self) -> u64 {
        match self.set_time.load(Ordering::Relaxed) {
            0 => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs()),
            set => set,
        }
    }

    /// Has the clock stand at a time in Unix seconds, here and in the wallets, or go again at 0.
    ///
    /// # Errors
    /// What the face answered.
    pub async fn set_time(&self, time: u64) -> Result<(), RpcError> {
        self.face.ask_chain(ChainQuery::SetTime(WallTime::new(time))).await?;
        self.set_time.store(time, Ordering::Relaxed);
        Ok(())
    }

    /// Answers for a wallet that is open.
    pub fn add(&self, wallet: WalletName) {
        let desk = Arc::new(Desk::new(Arc::clone(&self.face), wallet));
        self.write(|wallets| drop(wallets.insert(desk.name().to_owned(), desk)));
    }

    /// Answers no more for a wallet; whether it did before.
    pub fn remove(&self, wallet: &WalletName) -> bool {
        self.write(|wallets| wallets.remove(wallet.as_str()).is_some())
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

    /// What the chain client knows.
    ///
    /// # Errors
    /// What the face answered.
    pub async fn status(&self) -> Result<Status, RpcError> {
        match self.face.ask_chain(ChainQuery::Status).await? {
            Reply::Status(status) => Ok(*status),
            _ => Err(RpcError::bug()),
        }
    }

    /// The block up to which every open wallet has seen the chain, genesis before the first; the
    /// tip, if none is open.
    ///
    /// # Errors
    /// What the face answered.
    pub async fn scanned(&self) -> Result<BlockId, RpcError> {
        match self.face.ask_chain(ChainQuery::Applied).await? {
            Reply::Applied(applied) => Ok(applied.unwrap_or_else(|| self.genesis())),
            _ => Err(RpcError::bug()),
        }
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
    /// What the face answered.
    pub async fn block(&self, query: BlockQuery) -> Result<Option<KnownBlock>, RpcError> {
        match self.face.ask_chain(ChainQuery::Block(query)).await? {
            Reply::Block(block) => Ok(block.map(|block| *block)),
            _ => Err(RpcError::bug()),
        }
    }

    /// Refuses a method that asks peers for blocks, unless that is allowed.
    ///
    /// # Errors
    /// -32601.
    pub fn may_fetch(&self, method: &str) -> Result<(), RpcError> {
        if self.fetches_blocks {
            return Ok(());
        }
        Err(RpcError::no_method(format!(
            "Method not found: {method} takes --rpc-fetch-blocks, since no blocks are kept and \
             whoever is asked for one learns which block is of interest"
        )))
    }

    /// A whole block of the best chain, from a peer; `None` if the chain does not have it.
    ///
    /// # Errors
    /// What the face answered, or -1 if none comes in time.
    pub async fn fetch(&self, hash: BlockHash) -> Result<Option<Box<Block>>, RpcError> {
        let ask = || watch::within(FETCH_TIME, self.face.ask_chain(ChainQuery::Fetch(hash)));
        let answered = watch::until_room(ask).await;
        match answered.ok_or_else(|| RpcError::new(Code::Misc, NO_BLOCK))?? {
            Reply::Fetched(block) => Ok(block),
            _ => Err(RpcError::bug()),
        }
    }

    /// The filters of some blocks of the best chain, from what is kept or from peers; `None` if the
    /// chain does not have them. It takes as long as peers take.
    ///
    /// # Errors
    /// What the face answered.
    pub async fn filters(&self, range: FilterRange) -> Result<Option<FoundFilters>, RpcError> {
        let ask = || async move { Some(self.face.ask_chain(ChainQuery::Filters(range)).await) };
        match watch::until_room(ask).await.ok_or_else(RpcError::bug)?? {
            Reply::Filters(filters) => Ok(filters),
            _ => Err(RpcError::bug()),
        }
    }

    /// The same, while there is a peer to wait for.
    ///
    /// # Errors
    /// What the face answered, or -9 if there is no peer for a minute.
    pub async fn filters_of_peers(
        &self,
        range: FilterRange,
    ) -> Result<Option<FoundFilters>, RpcError> {
        let mut asked = pin!(self.filters(range));
        loop {
            if let Some(filters) = watch::within(FETCH_TIME, asked.as_mut()).await {
                return filters;
            }
            if !self.status().await?.peers.iter().any(|peer| peer.ready) {
                return Err(RpcError::new(Code::NotConnected, NO_PEER));
            }
        }
    }

    /// The filter header of a block of the best chain; `None` where it is not known.
    ///
    /// # Errors
    /// What the face answered.
    pub async fn filter_header(&self, hash: BlockHash) -> Result<Option<FilterHeader>, RpcError> {
        match self.face.ask_chain(ChainQuery::FilterHeader(hash)).await? {
            Reply::FilterHeader(header) => Ok(header),
            _ => Err(RpcError::bug()),
        }
    }

    /// Changes whom the chain is followed with.
    ///
    /// # Errors
    /// What the face answered.
    pub async fn order(&self, order: PeerOrder) -> Result<(), RpcError> {
        match self.face.ask_chain(ChainQuery::Order(order)).await? {
            Reply::Done => Ok(()),
            _ => Err(RpcError::bug()),
        }
    }

    /// The first block.
    #[must_use]
    pub fn genesis(&self) -> BlockId {
        BlockId::new(Height::GENESIS, self.params.genesis.block_hash())
    }

    fn read<T>(&self, work: impl FnOnce(&BTreeMap<String, Arc<Desk>>) -> T) -> T {
        // What a panic left is whole: every change is one insertion or removal.
        work(&self.wallets.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn write<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Arc<Desk>>) -> T) -> T {
        work(&mut self.wallets.write().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

const NO_PEER: &str = "No peer sends filters: see getpeerinfo, and try again";

/// What is said where no peer sends a block.
const NO_BLOCK: &str = "No peer has sent the block within a minute: see getpeerinfo, and try again";

/// What Core says of a wallet that is not open.
pub(crate) const NOT_LOADED: &str = "Requested wallet does not exist or is not loaded";
const NONE_LOADED: &str = "No wallet is loaded. Load a wallet using loadwallet or create a new \
                           one with createwallet. (Note: A default wallet is no longer \
                           automatically created)";
const SEVERAL_LOADED: &str = "Multiple wallets are loaded. Please select which wallet to use by \
                              requesting the RPC through the /wallet/<walletname> URI path.";
