//! Owns `Devnet`, the handle on the network: what a demonstration or a test asks of it.
//!
//! All but the waits are synchronous and return when the network has changed.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bitcoin::{Amount, Block, BlockHash, Script, ScriptBuf, Transaction, TxOut, Txid};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::chain_state::{ChainState, MineError, ReorgError};
use crate::faucet::{Faucet, PayError};
use crate::mempool::Rejected;
use crate::network::Network;
use crate::peer::Peer;
use crate::rules::COINBASE_MATURITY;
use crate::server::serve;

/// A handle on a running network. Clones share it; it stops when the last one is dropped.
#[derive(Debug, Clone)]
pub struct Devnet {
    network: Arc<Network>,
    faucet: Arc<Faucet>,
    address: SocketAddr,
    /// `None` for a network without sockets.
    _server: Option<Arc<Server>>,
}

#[allow(
    clippy::must_use_candidate,
    reason = "what these methods do matters more than what they say"
)]
impl Devnet {
    /// Starts a network that has only regtest's genesis block, served on a free port of 127.0.0.1
    /// by tasks on the current tokio runtime.
    ///
    /// # Errors
    /// Outside a tokio runtime, or when no port can be bound.
    pub fn start() -> io::Result<Self> {
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = TcpListener::from_std(listener)?;
        let network = Arc::new(Network::new());
        let task = runtime.spawn(serve(listener, Arc::clone(&network)));
        let server = Arc::new(Server(task.abort_handle()));
        Ok(Self { network, faucet: Arc::new(Faucet::new()), address, _server: Some(server) })
    }

    /// A network with nothing but regtest's genesis block, without sockets: see [`Devnet::peer`].
    #[must_use]
    pub fn unserved() -> Self {
        Self::without_server(Network::new(), Arc::new(Faucet::new()))
    }

    /// A network without sockets that begins as this one is now and then goes its own way, as a
    /// part that is cut off does. Both go by one clock.
    #[must_use]
    pub fn split(&self) -> Self {
        Self::without_server(self.network.split(), Arc::clone(&self.faucet))
    }

    fn without_server(network: Network, faucet: Arc<Faucet>) -> Self {
        let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        Self { network: Arc::new(network), faucet, address, _server: None }
    }

    /// A node of this network to talk to without a socket.
    #[must_use]
    pub fn peer(&self) -> Peer {
        Peer::new(Arc::clone(&self.network))
    }

    /// From here on blocks are mined at this time (Unix seconds) and peers told it, in the place of
    /// the machine's.
    pub fn set_time(&self, unix: u32) {
        self.network.clock.set(unix);
    }

    /// Where peers connect; nowhere if the network has no sockets.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The tip of the best chain: most work, the first seen of equals.
    #[must_use]
    pub fn tip(&self) -> (u32, BlockHash) {
        let state = self.network.state();
        (state.tree.height(), state.tree.tip())
    }

    /// Mines blocks on the tip, whose coinbases pay `to`; the first take what the mempool has,
    /// best fee rates first, parents before children.
    pub fn mine(&self, count: u32, to: &Script) -> Vec<BlockHash> {
        self.network.change_chain(|state| state.mine(count, to))
    }

    /// Mines blocks on the tip without any transaction of the mempool; the faucet earns them.
    pub fn mine_empty(&self, count: u32) -> Vec<BlockHash> {
        self.network.change_chain(|state| state.mine_empty(count, self.faucet.script()))
    }

    /// Mines blocks on any known block; the first holds exactly these transactions. If the branch
    /// gets more work than the best chain, it becomes the best chain, and the transactions of the
    /// blocks that it replaces return to the mempool.
    ///
    /// # Errors
    /// When the parent is unknown or a transaction is not valid there; then nothing changes.
    pub fn mine_on(
        &self,
        parent: BlockHash,
        count: u32,
        to: &Script,
        transactions: Vec<Transaction>,
    ) -> Result<Vec<BlockHash>, MineError> {
        self.network.change_chain(|state| state.mine_on(parent, count, to, transactions))
    }

    /// Replaces the last `depth` blocks by `new_len` others, which the faucet earns. Their
    /// transactions are mined again in the last new block, but those in `drop` and their
    /// descendants, which the network forgets: they, or others that spend the same, may come again.
    /// For a branch that mines none of them again see [`Devnet::mine_on`].
    ///
    /// # Errors
    /// When `depth` is 0 or reaches the genesis block, or `new_len` is not greater.
    pub fn reorg(
        &self,
        depth: u32,
        new_len: u32,
        drop: &[Txid],
    ) -> Result<Vec<BlockHash>, ReorgError> {
        let drop = drop.iter().copied().collect();
        let to = self.faucet.script();
        self.network.change_chain(|state| state.reorg(depth, new_len, &drop, to))
    }

    /// Takes a block and all its descendants out of the running for the best chain, and returns
    /// their transactions to the mempool; false if it is unknown or the genesis block.
    pub fn invalidate(&self, hash: BlockHash) -> bool {
        self.network.change_chain(|state| state.invalidate(hash))
    }

    /// Puts a transaction into the mempool and announces it to all peers.
    ///
    /// # Errors
    /// See [`Rejected`].
    pub fn submit(&self, transaction: Transaction) -> Result<Txid, Rejected> {
        self.network.submit(transaction, None)
    }

    /// What waits for a block, parents before children.
    #[must_use]
    pub fn mempool(&self) -> Vec<Txid> {
        self.network.state().mempool.txids()
    }

    /// A transaction of the mempool or the best chain.
    #[must_use]
    pub fn transaction(&self, txid: Txid) -> Option<Transaction> {
        self.network.state().transaction(txid).cloned()
    }

    /// A block of any branch.
    #[must_use]
    pub fn block(&self, hash: BlockHash) -> Option<Block> {
        self.network.state().tree.get(hash).map(|node| node.block.clone())
    }

    /// A block of the best chain.
    #[must_use]
    pub fn block_at(&self, height: u32) -> Option<Block> {
        let state = self.network.state();
        state.tree.at(height).map(|hash| state.tree.node(hash).block.clone())
    }

    /// Mines enough for the faucet to have at least ten mature coinbases: 110 blocks.
    pub fn fund_faucet(&self) -> Vec<BlockHash> {
        self.mine_empty(FAUCET_COINBASES + COINBASE_MATURITY)
    }

    /// Where the faucet's coins are: who mines when it does not matter who.
    #[must_use]
    pub fn faucet_script(&self) -> &Script {
        self.faucet.script()
    }

    /// Pays from the faucet by one transaction, which is in the mempool afterwards.
    ///
    /// # Errors
    /// When the faucet has not enough (see [`Devnet::fund_faucet`]) or the mempool refuses.
    pub fn pay(&self, to: &Script, amount: Amount) -> Result<Txid, PayError> {
        self.pay_many(&[(to.to_owned(), amount)])
    }

    /// As [`Devnet::pay`], several outputs in one transaction, in this order; change comes last.
    ///
    /// # Errors
    /// As [`Devnet::pay`].
    pub fn pay_many(&self, outputs: &[(ScriptBuf, Amount)]) -> Result<Txid, PayError> {
        let outputs = outputs.iter().map(|(script_pubkey, value)| TxOut {
            value: *value,
            script_pubkey: script_pubkey.clone(),
        });
        let outputs = outputs.collect();
        self.network.submit_made(None, |state| self.faucet.pay(state, outputs))
    }

    /// Returns as soon as the transaction is in the mempool.
    pub async fn wait_for_mempool(&self, txid: Txid) {
        self.wait_until(|state| state.mempool.get(txid).is_some()).await;
    }

    /// Returns as soon as the best chain has this height or more.
    pub async fn wait_for_height(&self, height: u32) {
        self.wait_until(|state| state.tree.height() >= height).await;
    }

    async fn wait_until(&self, reached: impl Fn(&ChainState) -> bool) {
        let mut news = self.network.listen();
        while !reached(&self.network.state()) {
            // Lagging is no loss: the state is read again. The network can't close while it is held.
            let _ = news.recv().await;
        }
    }
}

/// Stops the server, and with it all connections, when the last handle is dropped.
#[derive(Debug)]
struct Server(AbortHandle);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Mature coinbases after `fund_faucet`.
const FAUCET_COINBASES: u32 = 10;

#[cfg(test)]
mod tests;
