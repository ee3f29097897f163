//! What nodes keep of payments that stand on each other: what they leave is paid to nobody, and they do not say
//! so.

use bitcoin::{Address, Network, OutPoint, Transaction};

use crate::command::{CommandError, PayRequest, Recipient};
use crate::config::LookAhead;
use crate::limits::LONGEST_LINE;

use super::bench::{Bench, SEGWIT, TAPROOT, exactly, pay, spend, stranger};

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
    let much = pay(&stranger(1), exactly(100_000_000));
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
    let other = bench.fund(SEGWIT, 1_300_000);
    assert_eq!(
        paid(&mut bench, &both).input[0].previous_output,
        other,
        "what is in a block will do"
    );
}

/// What costs nothing must not keep change from being spent.
#[test]
fn made_up_transactions_on_a_payment_take_no_place() {
    let mut bench = bench();
    bench.fund(TAPROOT, 1_000_000);
    let request = pay(&stranger(1), exactly(100_000));
    let root = paid(&mut bench, &request);
    let theirs = root.output.iter().position(|output| output.value.to_sat() == 100_000);
    let vout = u32::try_from(theirs.expect("it is paid")).expect("few");
    let own = bench.issue(TAPROOT);
    let mut from = OutPoint::new(root.compute_txid(), vout);
    for number in 0..30 {
        let made_up = spend(&[from], &[(own.clone(), 1_000), (own.clone(), 90_000 - number)]);
        from = OutPoint::new(made_up.compute_txid(), 1);
        bench.wallet.take_seen(&made_up, 1, bench.now).expect("it is looked at");
    }
    bench.wallet.commit().expect("written");
    let next = paid(&mut bench, &request);
    assert_eq!(next.input[0].previous_output.txid, root.compute_txid());
}

#[test]
fn the_last_place_goes_to_what_is_signed_first() {
    let mut bench = bench();
    let first = bench.fund(TAPROOT, 1_000_000);
    line(&mut bench, first, LONGEST_LINE - 2);
    let mut own = pay(&stranger(1), exactly(10_000));
    own.recipients = (0..2)
        .map(|_| {
            let spk = bench.issue(TAPROOT);
            let address = Address::from_script(&spk, Network::Regtest).expect("an address");
            Recipient { address, amount: exactly(20_000), note: None }
        })
        .collect();
    let last = paid(&mut bench, &own).compute_txid();
    let coins: Vec<_> = bench.coins().iter().map(|coin| coin.outpoint).collect();
    assert!(coins.len() == 3 && coins.iter().all(|coin| coin.txid == last));
    let drafts = [0, 1].map(|at| {
        let mut request = pay(&stranger(1), exactly(10_000));
        request.coins = vec![coins[at]];
        bench.draft(&request)
    });
    bench.sign(&drafts[0]);
    let moment = bench.moment();
    let second = bench.wallet.psbt_of(drafts[1].id, moment.now);
    assert!(is_too_long(&second), "{second:?}");
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

/// Nodes bound what stands on a transaction by its size, too, not only by its number.
#[test]
fn no_more_is_put_onto_a_payment_than_nodes_keep_of_it() {
    let mut bench = bench();
    bench.fund(TAPROOT, 10_000_000);
    // A coin in three parts, each of which can pay a batch by itself.
    let mut split = pay(&own_address(&mut bench), exactly(2_000_000));
    for _ in 0..2 {
        let own = own_address(&mut bench);
        split.recipients.push(Recipient { address: own, ..split.recipients[0].clone() });
    }
    let root = paid(&mut bench, &split).compute_txid();
    let own = bench.coins().into_iter().filter(|coin| coin.outpoint.txid == root);
    let own: Vec<OutPoint> = own.map(|coin| coin.outpoint).collect();
    let batch = |coin: OutPoint| {
        let mut request = pay(&stranger(0), exactly(600));
        let many = |number: usize| Recipient {
            address: numbered(number),
            ..request.recipients[0].clone()
        };
        request.recipients = (0..1_900).map(many).collect();
        request.coins = vec![coin];
        request
    };
    let (first, second) = (batch(own[0]), batch(own[1]));
    let late = bench.draft(&second);
    let weight = paid(&mut bench, &first).weight();
    assert!(2 * weight > crate::limits::HEAVIEST_LINE, "two of them are too much: {weight}");
    let refused = bench.wallet.psbt_of(late.id, bench.now);
    assert!(is_too_long(&refused), "its place was taken: {:?}", refused.map(drop));
    bench.wallet.drop_draft(late.id).unwrap();
    let refused = bench.try_draft(&second);
    assert!(is_too_long(&refused), "{:?}", refused.map(drop));
    let mut little = pay(&stranger(1), exactly(10_000));
    little.coins = vec![own[1]];
    paid(&mut bench, &little);
}

fn own_address(bench: &mut Bench) -> Address {
    Address::from_script(&bench.issue(TAPROOT), Network::Regtest).unwrap()
}

fn numbered(number: usize) -> Address {
    let mut program = [7; 20];
    program[..8].copy_from_slice(&(number as u64).to_le_bytes());
    let program =
        bitcoin::WPubkeyHash::from_raw_hash(bitcoin::hashes::Hash::from_byte_array(program));
    let script = bitcoin::ScriptBuf::new_p2wpkh(&program);
    Address::from_script(&script, Network::Regtest).unwrap()
}
