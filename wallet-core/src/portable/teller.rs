//! Owns what is kept for programs, as bytes.

use zeroize::Zeroizing;

use super::{portable_as, portable_enum, portable_struct};
use crate::command::{
    Attempt, AttemptPurpose, AuditEntry, Happened, JournalEntry, NewToken, PaymentQuery,
    PaymentRecord, TellerCommand, TellerReply, TokenId, TokenKey, TokenRecord, TokenSecret,
};

portable_as! {
    TokenId as [u8; 8] { |it| it.0, |id| Some(Self(id)) }
    TokenKey as [u8; 32] { |it| *it.0, |key| Some(Self(Zeroizing::new(key))) }
}

portable_struct! {
    PaymentRecord { id, key, attempts }
    Attempt { purpose, payment }
    NewToken { id, key, label, caveats }
    TokenRecord { id, label, caveats, created, revoked }
    TokenSecret { key, is_revoked }
    JournalEntry { seq, happened }
    AuditEntry { number, at, asker, method, key, txid, amount, outcome }
}

portable_enum!(Happened { Transaction { txid, net, state, left }, Reorganised { fork } });
portable_enum!(AttemptPurpose { Payment, Replacement, Cancellation, Child });
portable_enum!(PaymentQuery { Id(id), Key(key), Txid(txid), Page { after, limit } });
portable_enum!(TellerCommand {
    Payments(query), Tokens, Token(id), AddToken(token), RevokeToken(id), Policy,
    SetPolicy(limits), Journal { after, limit },
    Audit { after, limit },
});
portable_enum!(TellerReply {
    Payments(payments), Tokens(tokens), Token(secret), Policy(limits), Journal(entries),
    Audit(entries), Done,
});
