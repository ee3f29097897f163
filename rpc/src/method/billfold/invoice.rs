//! Owns `billfold.invoice.*`: what is asked for at an address, and how far its payment is.
//!
//! Refuses amounts of no satoshi, and to say what is to be done with too much, too little, or what
//! came too late.

use billfold_wallet_core::command::{
    Invoice, InvoicePayment, InvoiceQuery, InvoiceState, NewInvoice, TellerCommand, TellerReading,
    TellerReply,
};
use billfold_wallet_core::limits::INVOICE_DEPTH;
use bitcoin::{Amount, Txid};
use serde::Serialize;

use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::{Value, answer};
use crate::method::billfold::{count, rows, sats, teller};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::parameter::{Kind, Parameter};

const ID: Parameter = Parameter::required("invoice_id", Kind::Number, "Which invoice");

pub(in crate::method) const METHODS: &[Method] = &[
    Method {
        name: "billfold.invoice.cancel",
        category: Category::Billfold,
        parameters: &[ID],
        about: "Take an invoice back that is not paid. What is paid to it later is late.",
        standing: Standing::Ours,
        run: Run::Change(|_, desk, arguments| Box::pin(cancel(desk, arguments))),
    },
    Method {
        name: "billfold.invoice.create",
        category: Category::Billfold,
        parameters: &[
            Parameter::required("amount_sat", Kind::Number, "How much is asked for"),
            Parameter::optional("expiry", Kind::Number, "For how many seconds; else for ever"),
            Parameter::optional("label", Kind::Text, "What it is for"),
            Parameter::optional("min_conf", Kind::Number, "Confirmations that count, 0 to 100; 1"),
            Parameter::optional(
                "key",
                Kind::Text,
                "The caller's name for it: the same call with it is the same invoice, always",
            ),
        ],
        about: "Ask for an amount at an address that nobody was given before. The state is open, \
                pending (there, not confirmed), paid, late (there after the time), expired or \
                cancelled; payment is none, under, exact or over.",
        standing: Standing::Ours,
        run: Run::Change(|_, desk, arguments| Box::pin(create(desk, arguments))),
    },
    Method {
        name: "billfold.invoice.get",
        category: Category::Billfold,
        parameters: &[ID],
        about: "An invoice as it is now, with what paid it.",
        standing: Standing::Ours,
        run: Run::Wallet(|_, desk, arguments| Box::pin(get(desk, arguments))),
    },
    Method {
        name: "billfold.invoice.list",
        category: Category::Billfold,
        parameters: &[
            Parameter::optional("after", Kind::Number, "Only those above this invoice_id"),
            Parameter::optional("limit", Kind::Number, "At most this many, 1,000 at the most"),
            Parameter::optional("state", Kind::Text, "Only those in this state"),
        ],
        about: "Invoices in the order in which they were made, by whomever: {invoices, next}.",
        standing: Standing::Ours,
        run: Run::Wallet(|_, desk, arguments| Box::pin(list(desk, arguments))),
    },
];

async fn create(desk: &Desk, arguments: &Arguments) -> Outcome {
    let amount = sats(arguments.value(0).unwrap_or(&Value::Null), "amount_sat")?;
    if amount == Amount::ZERO {
        return Err(RpcError::parameter("An invoice asks for at least one satoshi"));
    }
    let lasts = arguments.value(1).map(|value| count(value, "expiry")).transpose()?;
    let least_depth = arguments.value(3).map(|value| count(value, "min_conf")).transpose()?;
    let least_depth = least_depth.unwrap_or(1);
    if least_depth > INVOICE_DEPTH {
        return Err(RpcError::parameter(format!("min_conf is at most {INVOICE_DEPTH}")));
    }
    let label = arguments.text(2)?.map(str::to_owned);
    let new = NewInvoice { amount, label, lasts, least_depth };
    told(desk, TellerCommand::AddInvoice(Box::new(new))).await
}

async fn cancel(desk: &Desk, arguments: &Arguments) -> Outcome {
    told(desk, TellerCommand::CancelInvoice(id(arguments)?)).await
}

async fn told(desk: &Desk, command: TellerCommand) -> Outcome {
    match teller(desk, command).await? {
        TellerReply::Invoice(invoice) => answer(&InvoiceForm::from(*invoice)),
        _ => Err(RpcError::bug()),
    }
}

async fn get(desk: &Desk, arguments: &Arguments) -> Outcome {
    let id = id(arguments)?;
    let found = invoices(desk, InvoiceQuery::Id(id)).await?.pop();
    let missing = || RpcError::address_or_key("No such invoice was made by this wallet");
    answer(&InvoiceForm::from(found.ok_or_else(missing)?))
}

async fn list(desk: &Desk, arguments: &Arguments) -> Outcome {
    let after = u64::try_from(arguments.long(0)?.unwrap_or(0)).unwrap_or(0);
    let limit = rows(arguments.value(1))?;
    let state = arguments.text(2)?.map(|name| {
        let names = InvoiceState::ALL.map(InvoiceState::name).join(", ");
        let unknown = || RpcError::parameter(format!("state is one of {names}"));
        InvoiceState::named(name).ok_or_else(unknown)
    });
    let query = InvoiceQuery::Page { after, limit, state: state.transpose()? };
    let invoices = invoices(desk, query).await?;
    let next = invoices.last().map_or(after, |invoice| invoice.id);
    let invoices = invoices.into_iter().map(InvoiceForm::from).collect();
    answer(&PageForm { invoices, next })
}

async fn invoices(desk: &Desk, query: InvoiceQuery) -> Result<Vec<Invoice>, RpcError> {
    let reading = TellerReading::Invoices(query);
    match teller(desk, TellerCommand::Read(reading)).await? {
        TellerReply::Invoices(invoices) => Ok(invoices),
        _ => Err(RpcError::bug()),
    }
}

fn id(arguments: &Arguments) -> Result<u64, RpcError> {
    Ok(arguments.long(0)?.and_then(|id| u64::try_from(id).ok()).unwrap_or_default())
}

#[derive(Debug, Serialize)]
struct PageForm {
    invoices: Vec<InvoiceForm>,
    next: u64,
}

#[derive(Debug, Serialize)]
struct InvoiceForm {
    invoice_id: u64,
    state: &'static str,
    payment: &'static str,
    address: String,
    uri: String,
    amount_sat: u64,
    received_sat: u64,
    confirmed_sat: u64,
    min_conf: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    created: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled: Option<u64>,
    payments: Vec<PaymentForm>,
}

/// An output that pays it.
#[derive(Debug, Serialize)]
struct PaymentForm {
    txid: Txid,
    vout: u32,
    amount_sat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
}

impl From<Invoice> for InvoiceForm {
    fn from(invoice: Invoice) -> Self {
        let received = invoice.received();
        Self {
            invoice_id: invoice.id,
            state: invoice.state.name(),
            payment: match received.cmp(&invoice.amount) {
                _ if received == Amount::ZERO => "none",
                std::cmp::Ordering::Less => "under",
                std::cmp::Ordering::Equal => "exact",
                std::cmp::Ordering::Greater => "over",
            },
            amount_sat: invoice.amount.to_sat(),
            received_sat: received.to_sat(),
            confirmed_sat: invoice.confirmed().to_sat(),
            address: invoice.address.to_string(),
            uri: invoice.uri,
            min_conf: invoice.least_depth,
            label: invoice.label,
            created: invoice.created,
            expires: invoice.expires,
            cancelled: invoice.cancelled,
            payments: invoice.payments.into_iter().map(PaymentForm::from).collect(),
        }
    }
}

impl From<InvoicePayment> for PaymentForm {
    fn from(InvoicePayment { outpoint, amount, height }: InvoicePayment) -> Self {
        Self {
            txid: outpoint.txid,
            vout: outpoint.vout,
            amount_sat: amount.to_sat(),
            height: height.map(billfold_wallet_core::light_client::height::Height::to_u32),
        }
    }
}
