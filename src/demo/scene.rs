//! Owns the scene of the story: the network, Alice, Bob and Carol, and what happens between them.

use std::path::Path;

use billfold_devnet::Devnet;
use billfold_wallet_core::command::{Payment, PaymentState};
use billfold_wallet_core::keychain::ScriptType;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::vault::KdfCost;
use bitcoin::{Amount, BlockHash, Txid};

use crate::demo::actor::{Actor, check, expected, within};
use crate::demo::carol::Carol;
use crate::demo::cast::{Stage, cast};
use crate::demo::step::{Balances, Step};
use crate::failure::{Failure, Kind};
use crate::output::figures;

/// The network and who is on it.
pub(super) struct Scene {
    network: Devnet,
    alice: Actor,
    bob: Actor,
    carol: Carol,
    payment: Option<Paid>,
    /// What later payments cost.
    later_fees: Fees,
}

/// What Bob's and Carol's payments cost.
#[derive(Debug, Clone, Copy, Default)]
struct Fees {
    bob: Amount,
    carol: Amount,
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
    pub(super) async fn open(dir: &Path) -> Result<(Self, Vec<Step>), Failure> {
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
        let stage = Stage { dir, peer: PeerAddress::Ip(address), cost: KdfCost::calibrated() };
        let (alice, alice_cast) = cast("Alice", ScriptType::Taproot, &stage)?;
        let (bob, bob_cast) = cast("Bob", ScriptType::Segwit, &stage)?;
        let (carol, [signer, pair]) = Carol::cast(&stage).await?;
        let steps = vec![started, alice_cast, bob_cast, signer, pair];
        Ok((Self { network, alice, bob, carol, payment: None, later_fees: Fees::default() }, steps))
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

    /// Carol compares an address on both screens, and Bob pays her there.
    pub(super) async fn compare(&mut self) -> Result<Step, Failure> {
        let address = self.carol.compare().await?;
        let payment = self.bob.pay(address.clone(), LENT).await?;
        self.later_fees.bob = payment.fee;
        self.mined(&payment).await?;
        let confirmed = self.carol.wallet.balance().await?.total.confirmed;
        check("Carol's balance", &LENT, &confirmed)?;
        let text = format!("Compare    both screens show {address}: Bob pays Carol there");
        Ok(self
            .at_tip("compare", text)
            .with("address", address.to_string())
            .with("amount", LENT.to_sat())
            .with("fee", payment.fee.to_sat()))
    }

    /// Carol refuses a payment on her signer.
    pub(super) async fn refuse(&mut self) -> Result<Step, Failure> {
        let address = self.alice.address().await?.address;
        self.carol.refuse(&address, RETURNED).await?;
        let confirmed = self.carol.wallet.balance().await?.total.confirmed;
        check("Carol's balance", &LENT, &confirmed)?;
        let text = "Refuse     Carol refuses a payment on the signer: nothing is signed, her coins are \
                    free";
        Ok(Step::new("refuse", text.to_owned()).with("confirmed", confirmed.to_sat()))
    }

    /// Carol agrees to a payment on her signer.
    pub(super) async fn sign(&mut self) -> Result<Step, Failure> {
        let address = self.alice.address().await?.address;
        let payment = self.carol.pay(&address, RETURNED).await?;
        self.later_fees.carol = payment.fee;
        self.mined(&payment).await?;
        let amount = figures::amount(RETURNED);
        let text = format!("Sign       Carol agrees on the signer, and pays Alice {amount}");
        Ok(self
            .at_tip("sign", text)
            .with("address", address.to_string())
            .with("amount", RETURNED.to_sat())
            .with("fee", payment.fee.to_sat())
            .with("txid", payment.transaction.compute_txid().to_string()))
    }

    /// What everybody has, to the last satoshi. Closes the wallets.
    pub(super) async fn end(mut self) -> Result<Balances, Failure> {
        let Paid { fee, .. } = self.paid()?;
        let alice = self.alice.balance().await?.total;
        let bob = self.bob.balance().await?.total;
        let carol = self.carol.wallet.balance().await?.total;
        check("what Alice mined", &MINED, &alice.immature)?;
        let pending = alice.pending + bob.pending + carol.pending;
        check("what nobody has confirmed", &Amount::ZERO, &pending)?;
        check("Alice's balance", &(RECEIVED - PAID - fee + RETURNED), &alice.confirmed)?;
        check("Bob's balance", &(PAID - LENT - self.later_fees.bob), &bob.confirmed)?;
        check("Carol's balance", &(LENT - RETURNED - self.later_fees.carol), &carol.confirmed)?;
        self.alice.close().await?;
        self.bob.close().await?;
        self.carol.wallet.close().await?;
        Ok(Balances {
            alice: alice.confirmed,
            bob: bob.confirmed,
            carol: carol.confirmed,
            fees: fee + self.later_fees.bob + self.later_fees.carol,
        })
    }

    /// Waits for a payment in the network, and mines it.
    async fn mined(&mut self, payment: &Payment) -> Result<(), Failure> {
        let txid = payment.transaction.compute_txid();
        within("the payment in the network", self.network.wait_for_mempool(txid)).await?;
        self.confirm().await.map(drop)
    }

    /// Mines a block, which all follow.
    async fn confirm(&mut self) -> Result<BlockHash, Failure> {
        self.network.mine(1, self.network.faucet_script());
        self.follow().await?;
        Ok(self.network.tip().1)
    }

    /// All wallets come to the tip.
    async fn follow(&mut self) -> Result<(), Failure> {
        let (_, tip) = self.network.tip();
        self.alice.follow(tip).await?;
        self.bob.follow(tip).await?;
        self.carol.wallet.follow(tip).await
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

/// What Bob pays Carol.
const LENT: Amount = Amount::from_sat(10_000_000);

/// What Carol pays Alice.
const RETURNED: Amount = Amount::from_sat(4_000_000);
