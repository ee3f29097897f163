//! Owns what is told of a PSBT, whoever made it.
//!
//! Refuses to repeat its claims: what is told is proven, known here, or marked as a claim.

use bitcoin::absolute::LockTime;
use bitcoin::psbt::Psbt;
use bitcoin::{Address, Amount, OutPoint, ScriptBuf, Transaction};

use crate::keychain::{AccountName, Branch, DerivationIndex};

use super::DraftId;

/// What is known of a PSBT.
#[derive(Debug, Clone, PartialEq)]
pub struct PsbtReview {
    /// The PSBT, in version 0.
    pub psbt: Psbt,
    /// The draft of this wallet that it is.
    pub draft: Option<DraftId>,
    /// What it spends, in its order.
    pub inputs: Vec<PsbtInput>,
    /// What it pays, in its order.
    pub outputs: Vec<PsbtOutput>,
    /// The fee, if all inputs show what they spend. A claim, unless each is proven.
    pub fee: Option<Amount>,
    /// The transaction, if nothing is missing and every input is verified.
    pub complete: Option<Transaction>,
    /// What to tell the person before they agree.
    pub warnings: Vec<PsbtWarning>,
}

/// One input of a PSBT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsbtInput {
    /// What it spends.
    pub outpoint: OutPoint,
    /// How much that is, if it is shown.
    pub amount: Option<Amount>,
    /// Whether the amount is certain: proven by the PSBT, or known here.
    pub proven: bool,
    /// The script that is spent, if it is shown.
    pub script: Option<ScriptBuf>,
    /// Its address, if it has one.
    pub address: Option<Address>,
    /// Where in this wallet it comes from.
    pub owner: Option<Owner>,
    /// How many signatures it has that hold.
    pub signatures: usize,
    /// Whether it is finished: nobody need sign it any more.
    pub finished: bool,
}

/// One output of a PSBT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsbtOutput {
    /// How much.
    pub amount: Amount,
    /// The script that is paid.
    pub script: ScriptBuf,
    /// Its address, if it has one.
    pub address: Option<Address>,
    /// Where in this wallet it goes to.
    pub owner: Option<Owner>,
}

/// A place of this wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The account.
    pub account: AccountName,
    /// Which of its chains of addresses.
    pub branch: Branch,
    /// The place in it.
    pub index: DerivationIndex,
}

/// Something to tell of a PSBT before it is signed or announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PsbtWarning {
    /// Nothing in it is this wallet's.
    Foreign,
    /// It signs a message, and is no payment.
    Message,
    /// An input shows no output, or not the one that it spends.
    WrongInput(usize),
    /// An input only claims its amount: the fee may be another than it seems.
    Unproven(usize),
    /// The fee can't be known.
    UnknownFee,
    /// The outputs are more than the inputs.
    Impossible,
    /// The fee is above 5 % of what others get.
    HighFee {
        /// The fee.
        fee: Amount,
        /// What others get.
        paid: Amount,
    },
    /// An input asks for signatures that leave part of the transaction open.
    SighashType(usize),
    /// An input has signatures that do not hold.
    WrongSignature(usize),
    /// An output names a key of this wallet and does not pay this wallet.
    FalseOwner(usize),
    /// An input spends from this wallet what is no unspent coin of it, as far as it has scanned.
    NoSuchCoin(OutPoint),
    /// The coin is frozen.
    CoinFrozen(OutPoint),
    /// The coin is held by another draft.
    CoinReserved(OutPoint),
    /// No block takes it before this.
    LockTime(LockTime),
    /// No block takes it until what it spends is older (BIP68).
    TooYoung,
}
