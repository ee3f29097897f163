//! What a user would lose if the wallet view were wrong.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests, of which the fuzz target shares some"
)]

#[cfg(test)]
mod abandoning;
#[cfg_attr(not(test), allow(dead_code, reason = "the fuzz body needs a part of it"))]
mod bench;
#[cfg(test)]
mod bumping;
pub(crate) mod differential;
#[cfg(test)]
mod following;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod handed;
#[cfg(test)]
mod invoices;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod locks;
#[cfg(test)]
mod loss;
#[cfg(test)]
mod matched;
#[cfg(test)]
mod named;
#[cfg(test)]
mod paying;
#[cfg(test)]
mod records;
#[cfg(test)]
mod replacing;
#[cfg(test)]
mod reuse;
#[cfg(test)]
mod searching;
#[cfg(test)]
mod shortlist;
#[cfg(test)]
mod signings;
#[cfg(test)]
mod sweeping;
#[cfg(test)]
mod terms;
#[cfg(test)]
mod lines;
#[cfg(test)]
mod unconfirmed;

#[cfg(test)]
use bitcoin::{Amount, SignedAmount};

#[cfg(test)]
use crate::command::PaymentState;
#[cfg(test)]
use crate::config::LookAhead;

#[cfg(test)]
use bench::{Bench, TAPROOT, exactly, pay, stranger};

#[test]
fn a_payment_is_made_confirmed_and_kept_over_a_restart() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(TAPROOT, 100_000);
    assert_eq!(bench.total(), Amount::from_sat(100_000));

    let draft = bench.draft(&pay(&stranger(1), exactly(30_000)));
    let payment = bench.sign(&draft);
    assert_eq!(payment.state, PaymentState::Signed);
    assert_eq!(
        bench.wallet.unconfirmed_line().unwrap(),
        std::slice::from_ref(&payment.transaction)
    );

    let mut bench = bench.reopen();
    let left = Amount::from_sat(70_000) - payment.fee;
    assert_eq!(bench.wallet.balance(bench.tip().height, bench.now).unwrap().total.pending, left);
    bench.mine(vec![payment.transaction.clone()]);
    assert_eq!(bench.wallet.unconfirmed_line().unwrap(), []);

    let bench = bench.reopen();
    assert_eq!(bench.wallet.balance(bench.tip().height, bench.now).unwrap().total.confirmed, left);
    let history = bench.wallet.history().unwrap();
    assert_eq!(history[0].txid, payment.transaction.compute_txid());
    assert_eq!(
        history[0].net,
        -(SignedAmount::from_sat(30_000) + payment.fee.to_signed().unwrap())
    );
    assert_eq!(history[0].fee, Some(payment.fee));
    assert_eq!(history[0].state, PaymentState::Confirmed(bench.tip()));
}
