//! Owns what is asked and told on the way of a payment, as bytes.

use super::{portable_as, portable_enum, portable_struct};
use crate::command::{
    BumpRequest, BumpWay, Change, CoinChoice, Draft, DraftId, FeeBasis, FeeChoice, Hold,
    InputTerms, Layout, MessageForm, Package, PayAmount, PayRequest, Payment, PaymentState, Proof,
    PsbtInput, PsbtOutput, PsbtReview, PsbtWarning, Purpose, Recipient, Replacement, SignedMessage,
    Spends, SweepDraft, SweepRequest, SweepSource, Warning,
};

portable_as! { DraftId as u64 { |it| it.0, |number| Some(Self(number)) } }

portable_struct! {
    PayRequest {
        recipients, fee, most_fee, coins, terms, choice, layout, labels, account, note, idempotency_key, hold,
        dry_run,
    }
    InputTerms { outpoint, sequence, spends }
    CoinChoice {
        beside, least_depth, most_depth, strangers, spent_from, whole_addresses, even_worthless,
    }
    Layout {
        in_order, change_at, change_to, change_account, lock_time, is_final, publishes, version,
        most_weight,
    }
    BumpRequest { txid, way, fee, most_fee, hold, dry_run }
    Recipient { address, amount, note }
    Draft {
        id, purpose, expires, unsigned, psbt, outputs, change, inputs, fee, fee_rate, fee_basis,
        note, warnings,
    }
    Replacement { of, fee_before, evicted }
    Package { of, transactions, fee, fee_rate, fee_is_whole }
    Change { address, amount, account, keychain, index, vout }
    Payment {
        transaction, psbt, outputs, change, inputs, fee, fee_rate, state, repeated,
    }
    PsbtReview { psbt, draft, inputs, outputs, fee, complete, warnings }
    PsbtInput { outpoint, amount, proven, script, address, owner, signatures, finished }
    PsbtOutput { amount, script, address, owner }
    SignedMessage { form, signature }
    SweepRequest { sources, from, gap }
    SweepDraft { review, left }
    Proof { transaction, block, branch, evidence }
}

portable_enum!(FeeChoice { Default, Rate(rate), Total(fee), Target(blocks) });
portable_enum!(Spends { Own { weight }, Foreign { parent, weight, has_witness } });
portable_enum!(Hold { Briefly, UntilDropped, Not });
portable_enum!(BumpWay { Best, Replace, Child, Cancel });
portable_enum!(PayAmount { Exactly(amount), LessFee(amount), Max, Share });
portable_enum!(Purpose {
    Payment, Replacement(replacement), Cancellation(replacement), Child(package),
});
portable_enum!(FeeBasis { Asked, Estimate { target, confidence }, Fallback, LeastToReplace });
portable_enum!(Warning {
    MixesAccounts(accounts), HighFee { fee, paid }, HighFeeRate { rate, usual },
    AddressReused(address), FirstPayment(address), LooksAlike { address, known },
    JoinsLabels(labels), SpendsUnconfirmed, DefaultFeeRate(rate), Evicts(txids), PaysLess(amount),
    MayStillConfirm(txid),
});
portable_enum!(PaymentState {
    Signed, Announced, Pending, Confirmed(block), Replaced, Evicted,
});
portable_enum!(PsbtWarning {
    Foreign, Message, WrongInput(input), Unproven(input), UnknownFee, Impossible,
    HighFee { fee, paid }, SighashType(input), WrongSignature(input), FalseOwner(output),
    NoSuchCoin(coin), CoinFrozen(coin), CoinReserved(coin), LockTime(time), TooYoung,
});
portable_enum!(MessageForm { Legacy, Simple, Full, ProofOfFunds });
portable_enum!(SweepSource { Key(key), Account(descriptor) });
