//! Owns the methods of full nodes that are answered for the wallet's own transactions and outputs.
//!
//! Refuses those of others: null means spent in Bitcoin Core, so what is not known is an error.

use billfold_wallet_core::command::{BlockQuery, PaymentState, TransactionRecord};
use billfold_wallet_core::light_client::height::BlockId;
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{BlockHash, OutPoint, Transaction, Txid};
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::{Btc, Value, answer};
use crate::ledger;
use crate::method::raw_transaction::TransactionForm;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::script::ScriptForm;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getrawtransaction",
        category: Category::Rawtransactions,
        parameters: &[
            Parameter::required("txid", Kind::Text, "The transaction id"),
            Parameter::optional(
                "verbosity|verbose",
                Kind::Any,
                "0 for hex-encoded data, 1 or 2 for a JSON object",
            ),
            Parameter::optional("blockhash", Kind::Text, "The block in which to look for it"),
        ],
        about: "Return the raw transaction data of a transaction of the wallet.",
        standing: Standing::Differs(
            "without blockhash only for transactions of the wallet, and -5 for others; a block is only \
             asked for with --rpc-fetch-blocks (-32601 without); verbosity 2 is as 1, since what others \
             spend is not known",
        ),
        run: Run::Wallet(|node, desk, arguments| Box::pin(raw(node, desk, arguments))),
    },
    Method {
        name: "gettxout",
        category: Category::Blockchain,
        parameters: &[
            Parameter::required("txid", Kind::Text, "The transaction id"),
            Parameter::required("n", Kind::Number, "vout number"),
            Parameter::optional("include_mempool", Kind::Bool, "Count what is in no block"),
        ],
        about: "Returns details about an unspent transaction output of the wallet.",
        standing: Standing::Differs(
            "only for outputs to the wallet: -5 for others, never null, which means spent",
        ),
        run: Run::Wallet(|node, desk, arguments| Box::pin(output(node, desk, arguments))),
    },
    Method {
        name: "gettxspendingprevout",
        category: Category::Blockchain,
        parameters: &[Parameter::required(
            "outputs",
            Kind::Array,
            "The transaction outputs that we want to check",
        )],
        about: "Finds transactions in no block that spend outputs of the wallet.",
        standing: Standing::Differs(
            "only for outputs to the wallet, and -5 for others; no options",
        ),
        run: Run::Wallet(|_, desk, arguments| Box::pin(spending(desk, arguments))),
    },
];

async fn raw(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let txid: Txid = arguments.hash(0, "parameter 1")?;
    let verbosity = match arguments.value(1) {
        None => 0,
        Some(Value::Bool(verbose)) => i64::from(*verbose),
        Some(number) => arguments::integer(number)?,
    };
    let wanted: Option<BlockHash> = match arguments.text(2)? {
        None => None,
        Some(text) => Some(arguments::hash(text, "parameter 3")?),
    };
    let own = ledger::records(desk, vec![txid]).await?.pop();
    let own = own.map(|record| {
        let place = record.block.map(|(block, _, time)| (block, time));
        (record.transaction, place)
    });
    let (transaction, place) = match (own, wanted) {
        (Some((transaction, place)), wanted)
            if wanted.is_none() || wanted == place.map(|(block, _)| block.hash) =>
        {
            (transaction, place)
        }
        (_, Some(block)) => in_block(node, txid, block).await?,
        (_, None) => return Err(unknown(txid)),
    };
    let hex = serialize_hex(&transaction);
    if verbosity <= 0 {
        return answer(&hex);
    }
    let tip = ledger::tip(node, desk).await?.height;
    let placed = place.map(|(block, time)| PlacedForm {
        blockhash: block.hash,
        confirmations: ledger::depth(tip, Some(block.height)),
        time,
        blocktime: time,
    });
    answer(&RawForm {
        in_active_chain: wanted.map(|_| true),
        transaction: TransactionForm::new(&transaction, node.params.network),
        hex,
        placed,
    })
}

/// Where a transaction is, with the time of the block.
type Place = Option<(BlockId, u64)>;

/// A transaction of anybody, in a block that a peer is asked for.
async fn in_block(
    node: &Node,
    txid: Txid,
    hash: BlockHash,
) -> Result<(Transaction, Place), RpcError> {
    node.may_fetch("getrawtransaction with blockhash")?;
    let known = node.block(BlockQuery::Hash(hash)).await?;
    let known = known.ok_or_else(|| RpcError::address_or_key("Block hash not found"))?;
    let block = node.fetch(hash).await?;
    let mut members = block.into_iter().flat_map(|block| block.txdata);
    let found = members.find(|one| one.compute_txid() == txid).ok_or_else(|| {
        RpcError::address_or_key(
            "No such transaction found in the provided block. Use gettransaction for wallet \
             transactions.",
        )
    })?;
    Ok((found, Some((known.id, known.header.time.into()))))
}

async fn output(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let txid: Txid = arguments.hash(0, "txid")?;
    let vout = u32::try_from(arguments.long(1)?.unwrap_or_default())
        .map_err(|_| arguments::out_of_range())?;
    let with_unplaced = arguments.flag(2, true)?;
    let record = known(desk, txid).await?;
    let at = usize::try_from(vout).unwrap_or(usize::MAX);
    let (Some(output), Some(known)) = (record.transaction.output.get(at), record.outputs.get(at))
    else {
        return answer(&());
    };
    if known.owner.is_none() {
        return Err(foreign(OutPoint::new(txid, vout)));
    }
    if !counts(&record) || (record.block.is_none() && !with_unplaced) {
        return answer(&());
    }
    let is_spent = match known.spender {
        None => false,
        Some(_) if with_unplaced => true,
        Some(spender) => self::known(desk, spender).await?.block.is_some(),
    };
    if is_spent {
        return answer(&());
    }
    let tip = ledger::tip(node, desk).await?;
    answer(&OutputForm {
        bestblock: tip.hash,
        confirmations: ledger::depth(tip.height, record.block.map(|(block, _, _)| block.height)),
        value: output.value.into(),
        script_pubkey: ScriptForm::new(&output.script_pubkey, node.params.network),
        coinbase: record.transaction.is_coinbase(),
    })
}

async fn spending(desk: &Desk, arguments: &Arguments) -> Outcome {
    let listed = arguments.value(0).map_or(Ok(&[][..]), arguments::array)?;
    if listed.is_empty() {
        return Err(RpcError::parameter("Invalid parameter, outputs are missing"));
    }
    let mut forms = Vec::new();
    for value in listed {
        let outpoint = super::coin::outpoint(value)?;
        let record = ledger::records(desk, vec![outpoint.txid]).await?.pop();
        let at = usize::try_from(outpoint.vout).unwrap_or(usize::MAX);
        let output = record.as_ref().and_then(|record| record.outputs.get(at));
        let output = output.filter(|output| output.owner.is_some());
        let output = output.ok_or_else(|| foreign(outpoint))?;
        let mut spendingtxid = output.spender;
        if let Some(spender) = spendingtxid
            && known(desk, spender).await?.block.is_some()
        {
            spendingtxid = None;
        }
        forms.push(SpendingForm { txid: outpoint.txid, vout: outpoint.vout, spendingtxid });
    }
    answer(&forms)
}

/// A transaction of the wallet.
async fn known(desk: &Desk, txid: Txid) -> Result<TransactionRecord, RpcError> {
    let record = ledger::records(desk, vec![txid]).await?.pop();
    record.ok_or_else(|| unknown(txid))
}

fn unknown(txid: Txid) -> RpcError {
    RpcError::address_or_key(format!(
        "{txid} is not a transaction of this wallet, which knows no others"
    ))
}

fn foreign(outpoint: OutPoint) -> RpcError {
    RpcError::address_or_key(format!(
        "{outpoint} does not pay this wallet, which knows no other outputs"
    ))
}

const fn counts(record: &TransactionRecord) -> bool {
    !matches!(record.state, PaymentState::Replaced | PaymentState::Evicted)
}

#[derive(Debug, Serialize)]
struct RawForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    in_active_chain: Option<bool>,
    #[serde(flatten)]
    transaction: TransactionForm,
    hex: String,
    #[serde(flatten)]
    placed: Option<PlacedForm>,
}

#[derive(Debug, Serialize)]
struct PlacedForm {
    blockhash: BlockHash,
    confirmations: i64,
    time: u64,
    blocktime: u64,
}

#[derive(Debug, Serialize)]
struct OutputForm {
    bestblock: BlockHash,
    confirmations: i64,
    value: Btc,
    #[serde(rename = "scriptPubKey")]
    script_pubkey: ScriptForm,
    coinbase: bool,
}

#[derive(Debug, Serialize)]
struct SpendingForm {
    txid: Txid,
    vout: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    spendingtxid: Option<Txid>,
}
