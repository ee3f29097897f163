//! Owns Bob of the desk: a wallet like any other, which pays and is paid when that is wished for.
//!
//! Refuses to be asked two things at once: he answers one after the other.

use std::path::{Path, PathBuf};

use billfold_devnet::Devnet;
use billfold_tui::play::{Granted, Wish};
use billfold_wallet_core::keychain::ScriptType;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::vault::KdfCost;
use bitcoin::{Address, Amount};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::demo::actor::{Actor, expected};
use crate::demo::cast::{Stage, cast};
use crate::failure::Failure;
use crate::output::figures;

/// Bob, until he is told to leave.
pub(super) struct Neighbour {
    leaves: oneshot::Sender<()>,
    life: JoinHandle<Result<(), Failure>>,
}

/// Something that Bob is asked.
pub(super) struct Asked {
    /// What.
    pub(super) wish: Wish,
    /// Where the answer goes.
    pub(super) answer: oneshot::Sender<Result<Granted, String>>,
}

/// Lets Bob make his wallet in `dir`; what he is asked before waits.
pub(super) fn settle(dir: &Path, network: Devnet) -> (mpsc::Sender<Asked>, Neighbour) {
    let (asks, asked) = mpsc::channel(1);
    let (leaves, left) = oneshot::channel();
    let life = tokio::spawn(live(dir.to_owned(), network, asked, left));
    (asks, Neighbour { leaves, life })
}

impl Neighbour {
    /// Has Bob close his wallet.
    ///
    /// # Errors
    /// What went wrong with his wallet.
    pub(super) async fn leave(self) -> Result<(), Failure> {
        // He may have left by himself.
        let _ = self.leaves.send(());
        self.life.await.map_err(|_panicked| Failure::bug())?
    }
}

async fn live(
    dir: PathBuf,
    network: Devnet,
    mut asked: mpsc::Receiver<Asked>,
    mut left: oneshot::Receiver<()>,
) -> Result<(), Failure> {
    let peer = PeerAddress::Ip(network.address());
    let settles = move || {
        let stage = Stage { dir: &dir, peer, cost: KdfCost::calibrated() };
        cast("Bob", ScriptType::Segwit, &stage)
    };
    let settled = tokio::task::spawn_blocking(settles).await;
    let (mut bob, _) = settled.map_err(|_panicked| Failure::bug())??;
    let paid = fund(&mut bob, &network).await;
    while paid.is_ok() {
        let Asked { wish, answer } = tokio::select! {
            _ = &mut left => break,
            asked = asked.recv() => match asked {
                Some(asked) => asked,
                None => break,
            },
        };
        let granted = grant(wish, &mut bob, &network).await;
        // Whoever asked may have gone.
        let _ = answer.send(granted.map_err(|failure| failure.message().to_owned()));
    }
    bob.close().await?;
    paid
}

/// The faucet gives Bob coins, some at once, so that he can pay several times in a block.
async fn fund(bob: &mut Actor, network: &Devnet) -> Result<(), Failure> {
    let to = bob.address().await?.address.script_pubkey();
    let coins = vec![(to, COIN); COINS];
    let paid = network.pay_many(&coins);
    paid.map_err(|error| expected("coins for Bob", &error.to_string()))?;
    network.mine(1, network.faucet_script());
    Ok(())
}

async fn grant(wish: Wish, bob: &mut Actor, network: &Devnet) -> Result<Granted, Failure> {
    let (_, tip) = network.tip();
    bob.follow(tip).await?;
    match wish {
        Wish::Earn(address) => pay(address, bob).await,
        Wish::Mine | Wish::Invoice => {
            let address = bob.address().await?.address;
            let asked = ASKED.display_in(bitcoin::Denomination::Bitcoin);
            Ok(Granted::Invoice(format!("bitcoin:{address}?amount={asked}&label=coffee")))
        }
    }
}

async fn pay(to: Address, bob: &mut Actor) -> Result<Granted, Failure> {
    bob.pay(to, PAID).await?;
    let told = format!("Bob pays you {}; a block is found every minute.", figures::amount(PAID));
    Ok(Granted::Done(told))
}

/// What a coin of Bob's holds at first.
const COIN: Amount = Amount::from_sat(100_000_000);

/// Coins that he has at first.
const COINS: usize = 8;

/// What Bob pays.
const PAID: Amount = Amount::from_sat(1_000_000);

/// What he asks for.
const ASKED: Amount = Amount::from_sat(25_000);
