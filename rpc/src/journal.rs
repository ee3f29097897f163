//! Owns the events of a wallet as they are told, by `billfold.events` and at `/events` alike.
//!
//! Refuses to keep a place for anybody: whoever reads on says the number of the last one.

use billfold_wallet_core::command::{
    Command, Happened, JournalEntry, Reply, TellerCommand, TellerReading, TellerReply,
};
use bitcoin::{BlockHash, Txid};
use serde::Serialize;

use crate::desk::Desk;
use crate::error::RpcError;

/// One event.
#[derive(Debug, Default, Serialize)]
pub struct EventForm {
    /// Its number; there are no gaps.
    pub seq: u64,
    /// What happened.
    pub event: &'static str,
    /// The transaction that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub txid: Option<Txid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    net_sat: Option<i64>,
    /// The invoice that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received_sat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blockhash: Option<BlockHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_blockhash: Option<BlockHash>,
}

/// The events above a number, in their order.
///
/// # Errors
/// What the wallet answered.
pub async fn page(desk: &Desk, after: u64, limit: u32) -> Result<Vec<EventForm>, RpcError> {
    let reading = TellerReading::Journal { after, limit };
    let asked = Command::Teller(Box::new(TellerCommand::Read(reading)));
    let Reply::Teller(told) = desk.ask(asked).await? else { return Err(RpcError::bug()) };
    let TellerReply::Journal(entries) = *told else { return Err(RpcError::bug()) };
    Ok(entries.iter().map(EventForm::from).collect())
}

/// Whether something happened with this number, or it is 0: who goes on behind it misses nothing.
///
/// # Errors
/// -8 if there is no such number, as in a wallet that was restored; what the wallet answered.
pub async fn check(desk: &Desk, after: u64) -> Result<(), RpcError> {
    let Some(before) = after.checked_sub(1) else { return Ok(()) };
    match page(desk, before, 1).await?.as_slice() {
        [event] if event.seq == after => Ok(()),
        _ => Err(RpcError::parameter(NO_SUCH_EVENT)),
    }
}

const NO_SUCH_EVENT: &str = "There is no event of that number: the wallet was restored or is another one; begin with after=0";

impl From<&JournalEntry> for EventForm {
    fn from(JournalEntry { seq, happened }: &JournalEntry) -> Self {
        let form = Self { seq: *seq, ..Self::default() };
        match happened {
            Happened::Transaction { txid, net, state, left } => {
                let block = state.block();
                Self {
                    event: if left.is_some() { "unconfirmed" } else { "transaction" },
                    txid: Some(*txid),
                    net_sat: Some(net.to_sat()),
                    state: Some(state.name()),
                    blockhash: block.map(|block| block.hash),
                    height: block.map(|block| block.height.to_u32()),
                    left_blockhash: *left,
                    ..form
                }
            }
            Happened::Reorganised { fork } => Self {
                event: "reorganised",
                blockhash: Some(fork.hash),
                height: Some(fork.height.to_u32()),
                ..form
            },
            Happened::Invoice { id, state, received } => Self {
                event: "invoice",
                invoice_id: Some(*id),
                received_sat: Some(received.to_sat()),
                state: Some(state.name()),
                ..form
            },
        }
    }
}
