//! Owns why something was not done, as bytes.

use super::{portable_as, portable_enum, portable_struct};
use crate::command::{
    AbandonProblem, AccountProblem, BumpProblem, CommandError, Overrun, RecipientsProblem,
    SigningProblem, StoreProblem,
};
use crate::entropy::EntropyError;
use crate::open_error::OpenError;
use crate::store::lock::Holder;

portable_as! { EntropyError as () { |_it| (), |_none| Some(Self) } }

portable_struct! { Holder { pid, program } }

portable_enum!(StoreProblem {
    Full, ReadOnly { path }, Damaged { path, what }, Newer { path }, Io { path, what },
});
portable_enum!(RecipientsProblem { Empty, Twice, MaxBesideOthers, Overflow });
portable_enum!(BumpProblem {
    Confirmed, Replaced { by }, Evicted, NotOurs, HasDescendants(txids), NothingToSpend,
    TooManyDescendants(count), LineTooLong(count), FastEnough, Early,
});
portable_enum!(AccountProblem {
    NameTaken(name), Known(name), TooMany { most }, ForeignKey, NoWords,
});
portable_enum!(AbandonProblem { Confirmed, NotWaiting, NotOurs, Relayed { by } });
portable_enum!(SigningProblem {
    Incomplete, Altered, Invalid, SpentOutput { input }, Amounts, Impossible,
    SighashType { input }, ForeignKey { input },
});
portable_enum!(CommandError {
    InsufficientFunds { needed, available }, LineTooLong { most }, Dust { amount, least }, BadRecipients(problem),
    NoSuchCoin(coin), CoinFrozen(coin), CoinReserved(coin), CoinImmature(coin), CoinWaits(coin),
    NoSuchAccount(name), FeeRateOutOfRange(rate), FeeTooHigh { fee, paid },
    FeeAboveLimit { fee, most }, FeeUnknown { target }, FeeTooLow { fee, least },
    CannotBump { txid, why }, CannotAbandon { txid, why }, NoSuchLabel(label), TooLarge { weight, most }, ParentsTooLarge { most }, NoSuchDraft(id),
    DraftExpired(id), KeyReused, OverLimit(why), NoSuchInvoice(id), InvoiceSettled { id, state },
    NoSuchToken(id), TooManyTokens, NoSuchOperation(id), Rescanning(running), NoAccounts,
    Locked, WatchOnly, HeightAboveTip { asked, tip },
    NoSuchTransaction(txid), NotConfirmed(txid), Offline, AddressesExhausted, NothingToSign,
    NotAPayment, ForeignPayment, NotOurAddress(address), NothingToSweep { left },
    MessageTooLong(bytes), Signing(problem), Account(problem), Store(problem), Loaded(name), NotLoaded(name), Busy,
    Closing, DaemonLost,
});
portable_enum!(Overrun {
    PerPayment { leaves, most }, Budget { leaves, left, seconds }, Destination, UnknownInput, AnothersPayment,
});
portable_enum!(OpenError {
    NoSuchWallet { name, existing }, WrongPassword, TooSoon { wait }, Loaded(name),
    NotLoaded(name), Closing, DaemonLost, DirInUse(holder), NetworkMismatch { wallet, found, asked },
    OutOfMemory { kib }, Entropy(error), Store(problem),
});
