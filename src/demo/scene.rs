//! Owns the scene of the story: the network, Alice and Bob, and what happens between them.

use std::path::Path;

use billfold_devnet::Devnet;
use billfold_wallet_core::command::PaymentState;
use billfold_wallet_core::keychain::ScriptType;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::vault::KdfCost;
use bitcoin::{Amount, BlockHash, Txid};

use crate::demo::actor::{Actor, check, expected, within};
use crate::demo::cast::cast;
use crate::demo::step::{Balances, Step};
use crate::failure::{Failure, Kind};
use crate::output::figures;

/// The network and who is on it.
pub(super) struct Scene {
    network: Devnet,
    alice: Actor,
    bob: Actor,
    payment: Option<Paid>,
}

/// Alice's payment to Bob.
#[derive(Debug, Clone, Copy)]
struct Paid {
    txid: Txid,
    fee: Amount,
    /// What it was sent in place of.
    replaced: Option<Txid>,
}

impl Scene {
    /// Starts the network and creates the wallets, in `dir`.
    pub(super) fn open(dir: &Path) -> Result<(Self, Vec<Step>), Failure> {
        let no_network = |error| Failure::new(Kind::Io, format!("no port on loopback: {error}"));
        let network = Devnet::start().map_err(no_network)?;
        network.fund_faucet();
        let (height, hash) = network.tip();
        let address = network.address();
        let text = format!("Network    play money at {address}, {height} blocks mined");
        let started = Step::new("network", text)
            .with("address", address.to_string())
            .with("height", height)
            .with("hash", hash.to_string());
        let peer = PeerAddress::Ip(address);
        let cost = KdfCost::calibrated();
        let (alice, alice_cast) = cast("Alice", ScriptType::Taproot, dir, peer.clone(), cost)?;
        let (bob, bob_cast) = cast("Bob", ScriptType::Segwit, dir, peer, cost)?;
        Ok((Self { network, alice, bob, payment: None }, vec![started, alice_cast, bob_cast]))
    }

    /// Alice mines a block; what it earns can't be spent for 100 blocks.
    pub(super) async fn mine(&mut self) -> Result<Step, Failure> {
        self.follow().await?;
        let address = self.alice.address().await?.address;
        self.network.mine(1, &address.script_pubkey());
        self.follow().await?;
        let (height, _) = self.network.tip();
        let immature = self.alice.balance().await?.total.immature;
        check("what Alice mined", &MINED, &immature)?;
        let amount = figures::amount(immature);
        let text = format!("Mine       Alice mines block {height}: {amount}, spendable later");
        Ok(self.at_tip("mine", text).with("immature", immature.to_sat()))
    }

    /// The faucet pays Alice.
    pub(super) async fn receive(&mut self) -> Result<Step, Failure> {
        let address = self.alice.address().await?.address;
        let txid = self.network.pay(&address.script_pubkey(), RECEIVED);
        let txid = txid.map_err(|error| expected("a payment of the faucet", &error.to_string()))?;
        self.confirm().await?;
        let confirmed = self.alice.balance().await?.total.confirmed;
        check("Alice's balance", &RECEIVED, &confirmed)?;
        let text = format!("Receive    Alice is paid {} at {address}", figures::amount(confirmed));
        Ok(self
            .at_tip("receive", text)
            .with("address", address.to_string())
            .with("amount", confirmed.to_sat())
            .with("txid", txid.to_string()))
    }

    /// Alice pays Bob.
    pub(super) async fn pay(&mut self) -> Result<Step, Failure> {
        let address = self.bob.address().await?.address;
        let payment = self.alice.pay(address.clone(), PAID).await?;
        let (txid, fee) = (payment.transaction.compute_txid(), payment.fee);
        within("the payment in the network", self.network.wait_for_mempool(txid)).await?;
        self.payment = Some(Paid { txid, fee, replaced: None });
        let (paid, shown_fee) = (figures::amount(PAID), figures::amount(fee));
        let text = format!("Pay        Alice pays Bob {paid} at {address}, fee {shown_fee}");
        Ok(Step::new("pay", text)
            .with("address", address.to_string())
            .with("amount", PAID.to_sat())
            .with("fee", fee.to_sat())
            .with("txid", txid.to_string()))
    }

    /// The payment is mined.
    pub(super) async fn confirm_payment(&mut self) -> Result<Step, Failure> {
        let block = self.confirm().await?;
        self.check_paid(block).await?;
        let text = format!("Confirm    block {block}: Bob has {}", figures::amount(PAID));
        Ok(self.at_tip("confirm", text).with("bob", PAID.to_sat()))
    }

    /// The network leaves the block with the payment, and forgets it.
    pub(super) async fn drop_payment(&mut self) -> Result<Step, Failure> {
        let Paid { txid, .. } = self.paid()?;
        let (_, left) = self.network.tip();
        let reorg = self.network.reorg(1, 2, &[txid]);
        reorg.map_err(|error| expected("a reorganisation", &error.to_string()))?;
        self.follow().await?;
        let bob = self.bob.balance().await?.total.confirmed;
        check("Bob's balance without the block", &Amount::ZERO, &bob)?;
        match self.alice.state(txid).await? {
            Some(PaymentState::Signed | PaymentState::Announced) => {}
            seen => return Err(expected("an unconfirmed payment", &format!("{seen:?}"))),
        }
        let (height, _) = self.network.tip();
        let text = format!(
            "Reorg      block {left} is left, the tip is at {height}: the payment is unconfirmed"
        );
        Ok(self.at_tip("reorg", text).with("left", left.to_string()).with("bob", bob.to_sat()))
    }

    /// Alice pays the same at a higher fee, in the place of the payment that the network forgot.
    pub(super) async fn bump(&mut self) -> Result<Step, Failure> {
        let before = self.paid()?;
        let payment = self.alice.bump(before.txid).await?;
        let (txid, fee) = (payment.transaction.compute_txid(), payment.fee);
        within("the replacement in the network", self.network.wait_for_mempool(txid)).await?;
        self.payment = Some(Paid { txid, fee, replaced: Some(before.txid) });
        self.check_replaced().await?;
        let (low, high) = (figures::amount(before.fee), figures::amount(fee));
        let text = format!("Bump       Alice pays Bob the same, fee {high} in place of {low}");
        Ok(Step::new("bump", text)
            .with("replaces", before.txid.to_string())
            .with("fee", fee.to_sat())
            .with("txid", txid.to_string()))
    }

    /// Both wallets are closed and opened from disk.
    pub(super) async fn restart(&mut self) -> Result<Step, Failure> {
        let before = (self.alice.balance().await?, self.bob.balance().await?);
        self.alice.restart().await?;
        self.bob.restart().await?;
        let after = (self.alice.balance().await?, self.bob.balance().await?);
        if before != after {
            return Err(expected(&format!("{before:?}"), &format!("{after:?}")));
        }
        self.check_replaced().await?;
        self.follow().await?;
        let text =
            "Restart    both wallets have from disk what they had, and know which payment counts";
        Ok(Step::new("restart", text.to_owned()).with("txid", self.paid()?.txid.to_string()))
    }

    /// The payment is mined again.
    pub(super) async fn confirm_again(&mut self) -> Result<Step, Failure> {
        let block = self.confirm().await?;
        self.check_paid(block).await?;
        let text = format!("Confirm    block {block}: Bob has {} again", figures::amount(PAID));
        Ok(self.at_tip("confirm", text).with("bob", PAID.to_sat()))
    }

    /// What everybody has, to the last satoshi. Closes the wallets.
    pub(super) async fn end(mut self) -> Result<Balances, Failure> {
        let Paid { fee: fees, .. } = self.paid()?;
        let alice = self.alice.balance().await?.total;
        let bob = self.bob.balance().await?.total;
        check("what Alice mined", &MINED, &alice.immature)?;
        check("what nobody has confirmed", &Amount::ZERO, &(alice.pending + bob.pending))?;
        check("Alice's balance", &(RECEIVED - PAID - fees), &alice.confirmed)?;
        check("Bob's balance", &PAID, &bob.confirmed)?;
        self.alice.close().await?;
        self.bob.close().await?;
        Ok(Balances { alice: alice.confirmed, bob: bob.confirmed, fees })
    }

    /// Mines a block, which both follow.
    async fn confirm(&mut self) -> Result<BlockHash, Failure> {
        self.network.mine(1, self.network.faucet_script());
        self.follow().await?;
        Ok(self.network.tip().1)
    }

    /// Both wallets come to the tip.
    async fn follow(&mut self) -> Result<(), Failure> {
        let (_, tip) = self.network.tip();
        self.alice.follow(tip).await?;
        self.bob.follow(tip).await
    }

    /// The payment waits for a block, and what it replaced does not.
    async fn check_replaced(&mut self) -> Result<(), Failure> {
        let Paid { txid, replaced, .. } = self.paid()?;
        let replaced = replaced.ok_or_else(|| expected("a replaced payment", "none"))?;
        match (self.alice.state(txid).await?, self.alice.state(replaced).await?) {
            (
                Some(PaymentState::Signed | PaymentState::Announced),
                Some(PaymentState::Replaced),
            ) => Ok(()),
            seen => Err(expected("a replaced payment", &format!("{seen:?}"))),
        }
    }

    /// The payment is in the block, for both.
    async fn check_paid(&mut self, block: BlockHash) -> Result<(), Failure> {
        let Paid { txid, fee, .. } = self.paid()?;
        match self.alice.state(txid).await? {
            Some(PaymentState::Confirmed(at)) => check("its block", &block, &at.hash)?,
            seen => return Err(expected("a confirmed payment", &format!("{seen:?}"))),
        }
        let (alice, bob) = (self.alice.balance().await?.total, self.bob.balance().await?.total);
        check("Alice's balance", &(RECEIVED - PAID - fee), &alice.confirmed)?;
        check("Bob's balance", &PAID, &bob.confirmed)
    }

    fn paid(&self) -> Result<Paid, Failure> {
        self.payment.ok_or_else(|| expected("a payment", "none"))
    }

    fn at_tip(&self, step: &'static str, text: String) -> Step {
        let (height, hash) = self.network.tip();
        Step::new(step, text).with("height", height).with("hash", hash.to_string())
    }
}

/// What a block earns at this height (regtest's subsidy halves every 150 blocks).
const MINED: Amount = Amount::from_sat(5_000_000_000);

/// What Alice gets from the faucet.
const RECEIVED: Amount = Amount::from_sat(100_000_000);

/// What Alice pays Bob.
const PAID: Amount = Amount::from_sat(25_000_000);
