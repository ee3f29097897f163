//! Owns what is told of a wallet, as bytes: coins, history, addresses, labels, accounts, searches.

use super::{portable_enum, portable_struct};
use crate::command::{
    AccountDescription, AccountSearch, AddressQuery, AddressRow, AddressStatus, Balance,
    BalanceParts, Birthday, ChainDescription, ChainSearch, Coin, CoinPlace, CoinQuery, Conflicts,
    Direction, Finding, HistoryQuery, HistoryRow, Holdings, ImportedLabels, IssuedAddress, Label,
    LabelConflict, LabelImport, Mark, Matched, Moment, Owner, Receipt, ReceivedQuery,
    RecordedOutput, Reference, SearchEnd, SearchReport, SpentFrom, TransactionChange,
    TransactionRecord, WalletDescription,
};

portable_struct! {
    Balance { total, spendable, accounts }
    BalanceParts { confirmed, pending, immature, frozen }
    Coin {
        outpoint, amount, address, account, keychain, index, height, immature, frozen, reserved, spent_from,
        address_note, note, marks,
    }
    HistoryQuery { after, oldest_first, limit, since, until, direction }
    HistoryRow {
        txid, net, fee, state, replaces, replaced_by, seen_by, time, note, marks,
    }
    TransactionChange { txid, net, state, seen_by, before, left }
    TransactionRecord {
        transaction, state, block, first_seen, trusted, net, fee, signed_here, outputs, conflicts, excluded, replaces,
        replaced_by, note,
    }
    Holdings { confirmed, immature, pending, untrusted, spent_from, transactions }
    SpentFrom { confirmed, immature, pending, untrusted }
    Receipt { script, txid, amount, height, coinbase }
    ReceivedQuery { scripts, highest, highest_coinbase }
    RecordedOutput { owner, note, spender }
    Owner { account, branch, index }
    AddressQuery { status, change, limit }
    AddressRow {
        address, account, keychain, index, status, amount, issued, expires, received, balance,
        payments, note, marks,
    }
    IssuedAddress { address, uri, account, keychain, index, unused_before }
    WalletDescription {
        name, fingerprint, takes_keys, external_signer, held_keys, birthday, accounts,
        words_checked, avoids_reuse, search,
    }
    AccountDescription {
        id, name, kind, script_type, signs, keys, signers, rule, policy, birthday, gap, change_gap,
        first_address, preferred, receive, change, descriptor,
    }
    ChainDescription { descriptor, active, ranged, next, watched }
    SearchReport { end, accounts }
    SearchEnd { tip, at }
    AccountSearch { account, start, gap, change_gap, turn, receive, change }
    ChainSearch { searched, used, paid, payments, received }
    Label { reference, label, spendable, more }
    LabelImport { labels, conflicts, dry_run }
    ImportedLabels { added, same, conflicts, unknown, frozen, unfrozen }
    LabelConflict { reference, ours, theirs }
    Finding { reference, matched, label, amount }
}

portable_enum!(CoinQuery { Page { from, limit }, At(scripts), These(outpoints), Frozen });
portable_enum!(CoinPlace {
    Oldest, YoungerThan(height, coin), Largest, SmallerThan(amount, coin),
});
portable_enum!(Moment { Height(height), Time(seconds) });
portable_enum!(Birthday { Height(height), Time(seconds) });
portable_enum!(Direction { Received, Sent });
portable_enum!(Mark { LooksLike { imitation, known }, Dust, Reused });
portable_enum!(AddressStatus { Unused, Used, Open, Pending, Paid, Late, Expired, Cancelled });
portable_enum!(Conflicts { KeepOurs, TakeTheirs });
portable_enum!(Matched { Label, Id, Amount });
portable_enum!(Reference {
    Transaction(txid), Address(address), PublicKey(key), Input(place), Output(place), Xpub(text),
});
