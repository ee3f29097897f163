//! What a device is asked to sign by an operation: its coins are held as long as a signature may be about,
//! and no longer.

use bitcoin::bip32::Fingerprint;
use bitcoin::psbt::Psbt;
use bitcoin::{Amount, Network};

use super::bench::{Bench, SEGWIT, exactly, pay, seed, stranger};
use crate::command::{CommandError, Hold, OperationId, OperationState, Signing};
use crate::config::LookAhead;
use crate::limits::{DRAFT_LIFETIME, RUNNING_SIGNINGS};
use crate::signers::{Signer, SoftwareSigner};

/// A wallet of one coin, and a payment of it that nobody holds any more.
fn asked() -> (Bench, Psbt) {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(SEGWIT, 100_000);
    let draft = bench.draft(&pay(&stranger(1), exactly(50_000)));
    bench.wallet.drop_draft(draft.id).unwrap();
    bench.wallet.commit().unwrap();
    (bench, draft.psbt.parse().unwrap())
}

const ASKER: &str = "owner";

fn device() -> Fingerprint {
    seed().fingerprint()
}

fn other() -> Fingerprint {
    [1, 2, 3, 4].into()
}

fn begin(bench: &mut Bench, psbt: &Psbt, by: Fingerprint) -> Result<Signing, CommandError> {
    let begun = bench.wallet.begin_signing(psbt, by, ASKER, bench.now);
    bench.wallet.commit().unwrap();
    begun
}

fn end(bench: &mut Bench, id: OperationId, told: Result<&Psbt, &str>) -> Signing {
    bench.wallet.end_signing(id, told, bench.now).unwrap();
    bench.wallet.commit().unwrap();
    bench.wallet.signing(id).unwrap()
}

fn signed(psbt: &Psbt) -> Psbt {
    let mut signed = psbt.clone();
    SoftwareSigner::new(seed(), Network::Regtest).sign(&mut signed).unwrap();
    signed
}

/// Whether the coin is held now, and whether it still is after the time of a draft that nobody signs.
fn held(bench: &mut Bench) -> (bool, bool) {
    let now = bench.now;
    let before = bench.coins()[0].reserved;
    bench.now = now.after(DRAFT_LIFETIME);
    let after = bench.coins()[0].reserved;
    bench.now = now;
    (before, after)
}

/// As a person does who needs the coins.
fn drop_drafts(bench: &mut Bench) {
    let moment = bench.moment();
    for draft in bench.wallet.drafts(&moment).unwrap() {
        bench.wallet.drop_draft(draft.id).unwrap();
    }
}

const FOR_A_WHILE: (bool, bool) = (true, false);
const FOR_GOOD: (bool, bool) = (true, true);

#[test]
fn coins_that_no_device_signed_for_come_free() {
    let (mut bench, psbt) = asked();
    let refused = begin(&mut bench, &psbt, device()).unwrap().operation.id;
    assert_eq!(held(&mut bench), FOR_GOOD, "nobody knows how long a person takes");
    let told = end(&mut bench, refused, Err("no"));
    assert_eq!(told.problem.as_deref(), Some("no"));
    assert_eq!(held(&mut bench), FOR_A_WHILE, "refused");

    let unsigned = begin(&mut bench, &psbt, device()).unwrap().operation.id;
    let told = end(&mut bench, unsigned, Ok(&psbt));
    assert!(matches!(told.operation.state, OperationState::Failed(_)));
    assert_eq!(held(&mut bench), FOR_A_WHILE, "nothing was signed");

    let cancelled = begin(&mut bench, &psbt, device()).unwrap().operation.id;
    let now = bench.now;
    assert_eq!(bench.wallet.cancel_operation(cancelled, now), Ok(true));
    assert_eq!(held(&mut bench), FOR_A_WHILE, "cancelled");
    // A signature that comes too late is nobody's.
    let told = end(&mut bench, cancelled, Ok(&signed(&psbt)));
    assert_eq!(told.operation.state, OperationState::Cancelled(now.to_unix()));

    for by in [device(), other()] {
        begin(&mut bench, &psbt, by).unwrap();
    }
    let mut bench = bench.reopen();
    bench.wallet.cut_signings_off().unwrap();
    assert_eq!(held(&mut bench), FOR_A_WHILE, "cut off");
    bench.now = bench.now.after(DRAFT_LIFETIME);
    bench.draft(&pay(&stranger(2), exactly(60_000)));
}

#[test]
fn coins_of_what_was_signed_stay_held() {
    let (mut bench, psbt) = asked();
    let first = begin(&mut bench, &psbt, device()).unwrap().operation.id;
    let told = end(&mut bench, first, Ok(&signed(&psbt)));
    assert!(matches!(told.operation.state, OperationState::Done(_)), "{told:?}");
    assert_eq!(told.psbt, signed(&psbt));
    assert_eq!(held(&mut bench), FOR_GOOD);
    let again = begin(&mut bench, &psbt, device()).unwrap().operation.id;
    end(&mut bench, again, Err("no"));
    let mut bench = bench.reopen();
    assert_eq!(held(&mut bench), FOR_GOOD, "the first signature is about");
}

#[test]
fn coins_that_are_held_for_more_than_a_device_stay_held() {
    let mut bench = Bench::new(LookAhead::NEW);
    bench.fund(SEGWIT, 100_000);
    let mut request = pay(&stranger(1), exactly(50_000));
    request.hold = Hold::UntilDropped;
    let psbt: Psbt = bench.draft(&request).psbt.parse().unwrap();
    let id = begin(&mut bench, &psbt, device()).unwrap().operation.id;
    end(&mut bench, id, Err("no"));
    assert_eq!(held(&mut bench), FOR_GOOD, "it was handed out before");

    // It is handed out while a device is asked.
    let (mut bench, psbt) = asked();
    let id = begin(&mut bench, &psbt, device()).unwrap().operation.id;
    bench.wallet.take_over(&psbt, bench.now).unwrap();
    end(&mut bench, id, Err("no"));
    assert_eq!(held(&mut bench), FOR_GOOD, "somebody has it");

    // Two devices, of which one refuses.
    let (mut bench, psbt) = asked();
    let refusing = begin(&mut bench, &psbt, other()).unwrap();
    let signing = begin(&mut bench, &psbt, device()).unwrap();
    assert!(!refusing.repeated && !signing.repeated);
    end(&mut bench, refusing.operation.id, Err("no"));
    assert_eq!(held(&mut bench), FOR_GOOD, "the other may sign");
    end(&mut bench, signing.operation.id, Err("no"));
    assert_eq!(held(&mut bench), FOR_A_WHILE, "neither signed");
}

/// The person would be asked twice, and two programs would speak with one device.
#[test]
fn a_device_is_asked_once_for_a_payment() {
    let (mut bench, psbt) = asked();
    let first = begin(&mut bench, &psbt, device()).unwrap();
    let second = begin(&mut bench, &psbt, device()).unwrap();
    assert_eq!((second.operation.id, second.repeated), (first.operation.id, true));
    assert_eq!(second.askers, [ASKER]);
    let by_others = bench.wallet.begin_signing(&psbt, device(), "token 01", bench.now).unwrap();
    assert_eq!(by_others.operation.id, first.operation.id);
    assert_eq!(by_others.askers, [ASKER, "token 01"], "each may learn what came of it");
    end(&mut bench, first.operation.id, Err("no"));
    let third = begin(&mut bench, &psbt, device()).unwrap();
    assert!(!third.repeated && third.operation.id != first.operation.id);

    for number in 1..RUNNING_SIGNINGS {
        let by = u32::try_from(number).unwrap().to_be_bytes();
        begin(&mut bench, &psbt, by.into()).unwrap();
    }
    assert_eq!(begin(&mut bench, &psbt, other()), Err(CommandError::Busy));
}

/// Whoever took the coins meanwhile would compete with what the device signed.
#[test]
fn a_signature_whose_coins_went_to_another_payment_is_not_told() {
    let (mut bench, psbt) = asked();
    let id = begin(&mut bench, &psbt, device()).unwrap().operation.id;
    drop_drafts(&mut bench);
    bench.draft(&pay(&stranger(2), exactly(60_000)));
    let told = end(&mut bench, id, Ok(&signed(&psbt)));
    assert!(matches!(told.operation.state, OperationState::Failed(_)), "{told:?}");
    let taken = CommandError::CoinReserved(psbt.unsigned_tx.input[0].previous_output);
    assert_eq!(told.problem, Some(taken.to_string()));
    assert_eq!(told.psbt, psbt, "no signature is kept");

    // Dropped, and nobody took them: they are held anew.
    let (mut bench, psbt) = asked();
    let id = begin(&mut bench, &psbt, device()).unwrap().operation.id;
    drop_drafts(&mut bench);
    end(&mut bench, id, Ok(&signed(&psbt)));
    assert_eq!(held(&mut bench), FOR_GOOD);
    assert_eq!(bench.coins()[0].amount, Amount::from_sat(100_000));
}

/// What was paid with its coins meanwhile would be taken back by whoever has the signature.
#[test]
fn a_signature_whose_coins_were_spent_meanwhile_is_not_told() {
    for count in 1..=2 {
        let mut bench = Bench::new(LookAhead::NEW);
        let coins: Vec<_> = (0..count).map(|_| bench.fund(SEGWIT, 100_000)).collect();
        let mut request = pay(&stranger(1), exactly(50_000));
        request.coins = coins.clone();
        let draft = bench.draft(&request);
        bench.wallet.drop_draft(draft.id).unwrap();
        let psbt: Psbt = draft.psbt.parse().unwrap();
        let id = begin(&mut bench, &psbt, device()).unwrap().operation.id;
        drop_drafts(&mut bench);
        let mut other = pay(&stranger(2), exactly(60_000));
        other.coins = vec![coins[0]];
        let other = bench.draft(&other);
        bench.sign(&other);
        let told = end(&mut bench, id, Ok(&signed(&psbt)));
        assert!(matches!(told.operation.state, OperationState::Failed(_)), "{count}: {told:?}");
        assert_eq!(told.problem, Some(CommandError::NoSuchCoin(coins[0]).to_string()));
        let moment = bench.moment();
        assert_eq!(bench.wallet.drafts(&moment).unwrap(), [], "nothing is held for it");
    }
}
