//! Replacements that nobody held here, and that come back signed.

use std::time::Duration;

use bitcoin::psbt::Psbt;
use bitcoin::{Amount, Network, Txid};

use crate::command::{BumpProblem, BumpRequest, CommandError, Hold, Payment, PaymentState};
use crate::config::LookAhead;
use crate::signers::{Signer, SoftwareSigner};
use crate::wallet::Handed;

use super::bench::{Bench, SEGWIT, exactly, pay, replacement, seed, stranger};

/// A payment that waits, of one of these coins.
fn waiting(coins: &[u64], sat: u64) -> (Bench, Txid) {
    let mut bench = Bench::new(LookAhead::NEW);
    let coins: Vec<_> = coins.iter().map(|sat| bench.fund(SEGWIT, *sat)).collect();
    let mut request = pay(&stranger(1), exactly(sat));
    request.coins = vec![coins[0]];
    let draft = bench.draft(&request);
    let txid = bench.sign(&draft).transaction.compute_txid();
    (bench, txid)
}

/// As `psbtbumpfee` asks for one.
fn built(bench: &mut Bench, txid: Txid, rate: u32) -> Psbt {
    let request = BumpRequest { hold: Hold::Not, ..replacement(txid, rate) };
    let moment = bench.moment();
    bench.wallet.bump(&request, &moment).unwrap().psbt.parse().unwrap()
}

/// Signs it, takes it back, and pays by it.
fn returned(bench: &mut Bench, mut psbt: Psbt) -> Result<Payment, CommandError> {
    bench.wallet.take_over(&psbt, bench.now)?;
    SoftwareSigner::new(seed(), Network::Regtest).sign(&mut psbt).unwrap();
    match bench.wallet.close_draft(&psbt, bench.now)? {
        Handed::Signed(id, transaction) => {
            let (paid, _) = bench.wallet.record_signed(id, &transaction, &psbt, bench.now)?;
            bench.wallet.commit().unwrap();
            Ok(paid)
        }
        Handed::Known(payment) => Ok(*payment),
    }
}

fn state(bench: &Bench, txid: Txid) -> PaymentState {
    let history = bench.wallet.history().unwrap();
    history.into_iter().find(|row| row.txid == txid).expect("in the history").state
}

#[test]
fn a_replacement_counts_when_it_comes_back_though_nobody_held_it() {
    // The second needs a coin beside that of the payment.
    for (coins, sat) in [(&[100_000][..], 50_000), (&[51_000, 40_000], 50_500)] {
        let (mut bench, txid) = waiting(coins, sat);
        let psbt = built(&mut bench, txid, 20);
        assert_eq!(psbt.inputs.len(), coins.len());
        bench.now = bench.now.after(Duration::from_hours(24));
        let paid = returned(&mut bench, psbt.clone()).unwrap();
        let by = paid.transaction.compute_txid();
        assert_eq!(state(&bench, txid), PaymentState::Replaced);
        assert_eq!(state(&bench, by), PaymentState::Signed);
        assert!(returned(&mut bench, psbt).unwrap().repeated, "the same again is the same");
    }
}

#[test]
fn a_replacement_that_nodes_would_leave_is_not_taken() {
    let (mut bench, txid) = waiting(&[100_000], 50_000);
    let psbt = built(&mut bench, txid, 20);
    let mut cheap = psbt.clone();
    let change = cheap.unsigned_tx.output.iter_mut().max_by_key(|output| output.value);
    let others: Amount = psbt.unsigned_tx.output.iter().map(|output| output.value).sum();
    let fee = Amount::from_sat(100_000) - others;
    // As much as the payment itself pays.
    let own = bench.wallet.payment(txid).unwrap().expect("a payment").fee;
    change.unwrap().value += fee - own;
    assert!(matches!(returned(&mut bench, cheap), Err(CommandError::FeeTooLow { .. })));

    // What stands on the payment would fall with it.
    let mut more = pay(&stranger(2), exactly(10_000));
    let change = bench.coins().into_iter().find(|coin| coin.outpoint.txid == txid);
    more.coins = vec![change.expect("the change").outpoint];
    let draft = bench.draft(&more);
    bench.sign(&draft);
    let refused = returned(&mut bench, psbt.clone()).unwrap_err();
    let expected = |why: &BumpProblem| matches!(why, BumpProblem::HasDescendants(_));
    assert!(matches!(&refused, CommandError::CannotBump { why, .. } if expected(why)), "{refused}");

    // What a block holds is not replaced.
    let (mut bench, txid) = waiting(&[100_000], 50_000);
    let psbt = built(&mut bench, txid, 20);
    let paid = bench.wallet.payment(txid).unwrap().unwrap();
    bench.mine(vec![paid.transaction]);
    assert_eq!(
        returned(&mut bench, psbt.clone()),
        Err(CommandError::NoSuchCoin(psbt.unsigned_tx.input[0].previous_output))
    );
}
