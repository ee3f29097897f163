//! What nodes keep of payments that stand on each other: what they leave is paid to nobody, and they do not say
//! so.

use bitcoin::{Address, Network, OutPoint, Transaction};

use crate::command::{CommandError, PayRequest, Recipient};
use crate::config::LookAhead;
use crate::limits::LONGEST_LINE;

use super::bench::{Bench, TAPROOT, exactly, pay, stranger};

fn bench() -> Bench {
    Bench::new(LookAhead::NEW)
}

fn paid(bench: &mut Bench, request: &PayRequest) -> Transaction {
    let draft = bench.draft(request);
    bench.sign(&draft).transaction
}

/// So many payments, each out of the change of the one before.
fn line(bench: &mut Bench, first: OutPoint, count: usize) -> Vec<Transaction> {
    let mut line: Vec<Transaction> = Vec::new();
    let mut coin = first;
    for _ in 0..count {
        let mut request = pay(&stranger(1), exactly(10_000));
        request.coins = vec![coin];
        let draft = bench.draft(&request);
        let change = draft.change.as_ref().expect("change").vout;
        let signed = bench.sign(&draft).transaction;
        coin = OutPoint::new(signed.compute_txid(), change);
        line.push(signed);
    }
    line
}

fn is_too_long<T: std::fmt::Debug>(answer: &Result<T, CommandError>) -> bool {
    matches!(answer, Err(CommandError::LineTooLong { most: LONGEST_LINE }))
}

#[test]
fn no_payment_is_made_that_nodes_leave() {
    let mut bench = bench();
    bench.fund(TAPROOT, 1_000_000);
    let request = pay(&stranger(1), exactly(10_000));
    let line: Vec<_> = (0..LONGEST_LINE).map(|_| paid(&mut bench, &request)).collect();
    let refused = bench.try_draft(&request);
    assert!(is_too_long(&refused), "{refused:?}");
    let change = bench.coins();
    assert_eq!(change.len(), 1);
    let mut named = request.clone();
    named.coins = vec![change[0].outpoint];
    let refused = bench.try_draft(&named);
    assert!(is_too_long(&refused), "{refused:?}");
    let mut much = request.clone();
    much.recipients[0].amount = exactly(100_000_000);
    much.choice.least_depth = 1;
    let refused = bench.try_draft(&much).unwrap_err();
    assert_eq!(refused.name(), "insufficient_funds", "no block would help");

    bench.mine(vec![line[0].clone()]);
    assert_eq!(paid(&mut bench, &request).input[0].previous_output.txid, line[24].compute_txid());
    let other = bench.fund(TAPROOT, 50_000);
    assert_eq!(paid(&mut bench, &request).input[0].previous_output, other, "a coin in a block");
}

#[test]
fn two_lines_are_not_joined_to_one_that_is_too_long() {
    let mut bench = bench();
    let coins = [(); 2].map(|()| bench.fund(TAPROOT, 1_000_000));
    for coin in coins {
        line(&mut bench, coin, 13);
    }
    let both = pay(&stranger(2), exactly(1_200_000));
    let refused = bench.try_draft(&both);
    assert!(is_too_long(&refused), "{refused:?}");
    paid(&mut bench, &pay(&stranger(2), exactly(500_000)));
}

#[test]
fn no_more_stand_on_one_payment_than_nodes_keep() {
    let mut bench = bench();
    bench.fund(TAPROOT, 1_000_000);
    let mut own = pay(&stranger(1), exactly(10_000));
    own.recipients = (0..LONGEST_LINE)
        .map(|_| {
            let spk = bench.issue(TAPROOT);
            let address = Address::from_script(&spk, Network::Regtest).expect("an address");
            Recipient { address, amount: exactly(20_000), note: None }
        })
        .collect();
    let root = paid(&mut bench, &own).compute_txid();
    let coins: Vec<_> = bench.coins().iter().map(|coin| coin.outpoint).collect();
    assert!(coins.iter().all(|coin| coin.txid == root) && coins.len() > LONGEST_LINE);
    let mut request = pay(&stranger(1), exactly(10_000));
    for coin in &coins[..LONGEST_LINE - 1] {
        request.coins = vec![*coin];
        paid(&mut bench, &request);
    }
    request.coins = vec![coins[LONGEST_LINE]];
    let refused = bench.try_draft(&request);
    assert!(is_too_long(&refused), "{refused:?}");
}
