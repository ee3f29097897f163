//! Owns what is kept for programs, as bytes.

use zeroize::Zeroizing;

use super::{portable_as, portable_enum, portable_struct};
use crate::command::{
    Attempt, AttemptPurpose, AuditEntry, Happened, Invoice, InvoiceChange, InvoicePayment,
    InvoiceQuery, InvoiceState, JournalEntry, NewInvoice, NewToken, PaymentQuery, PaymentRecord,
    TellerCommand, TellerReading, TellerReply, TokenId, TokenKey, TokenRecord, TokenSecret,
};

portable_as! {
    TokenId as [u8; 8] { |it| it.0, |id| Some(Self(id)) }
    TokenKey as [u8; 32] { |it| *it.0, |key| Some(Self(Zeroizing::new(key))) }
}

portable_struct! {
    PaymentRecord { id, key, attempts }
    Attempt { purpose, payment }
    NewInvoice { amount, label, lasts, least_depth }
    Invoice {
        id, address, uri, amount, label, created, expires, cancelled, least_depth, state, payments,
    }
    InvoicePayment { outpoint, amount, height }
    InvoiceChange { id, state, received }
    NewToken { id, key, label, caveats, wallets }
    TokenRecord { id, label, caveats, created, revoked, wallets }
    TokenSecret { key, is_revoked, caveats, wallets }
    JournalEntry { seq, happened }
    AuditEntry { number, at, asker, method, key, txid, amount, outcome }
}

portable_enum!(Happened {
    Transaction { txid, net, state, left },
    Reorganised { fork },
    Invoice { id, state, received },
});
portable_enum!(InvoiceState { Open, Pending, Paid, Late, Expired, Cancelled });
portable_enum!(InvoiceQuery { Id(id), Page { after, limit, state } });
portable_enum!(AttemptPurpose { Payment, Replacement, Cancellation, Child });
portable_enum!(PaymentQuery { Id(id), Key(key), Txid(txid), Page { after, limit } });
portable_enum!(TellerCommand {
    Read(reading), AddInvoice(invoice), CancelInvoice(id), AddToken(token), RevokeToken(id),
    SetPolicy(limits),
});
portable_enum!(TellerReading {
    Payments(query), Invoices(query), Tokens, Token(id), Policy, Journal { after, limit },
    Audit { after, limit },
});
portable_enum!(TellerReply {
    Payments(payments), Invoice(invoice), Invoices(invoices), Tokens(tokens), Token(secret), Policy(limits), Journal(entries),
    Audit(entries), Done,
});
