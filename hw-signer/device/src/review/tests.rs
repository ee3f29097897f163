//! What a person would lose: money to a page that did not say what is signed.

mod mutations;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use bitcoin::ScriptBuf;

use super::*;
use crate::network::Network;
use crate::path::Variant;
use crate::policy::Policy;
use crate::sample::{Draft, key, keys, others, policy, single};
use crate::screen::ScreenKind;

fn settings() -> Settings {
    Settings::new(Network::Test)
}

fn review(draft: &Draft) -> Result<Review, Refusal> {
    Review::parse(&draft.bytes(), Chain::Testnet, &keys(), &Policies::default(), &settings())
}

fn lax(draft: &Draft) -> Result<Review, Refusal> {
    let settings = Settings { accept_unproven: true, ..settings() };
    Review::parse(&draft.bytes(), Chain::Testnet, &keys(), &Policies::default(), &settings)
}

fn refusal(draft: &Draft) -> Refusal {
    review(draft).map(|review| review.screens).expect_err("it must be refused")
}

/// All lines of the pages of a kind.
fn lines(review: &Review, kind: ScreenKind) -> Vec<String> {
    let screens = review.screens().iter().filter(|screen| screen.kind == kind);
    screens.flat_map(|screen| screen.lines.clone()).collect()
}

fn titles(review: &Review, kind: ScreenKind) -> Vec<&str> {
    let screens = review.screens().iter().filter(|screen| screen.kind == kind);
    screens.map(|screen| screen.title.as_str()).collect()
}

fn own(variant: Variant, branch: u32, index: u32) -> String {
    single(&keys(), variant, branch, index)
}

fn theirs(index: u32) -> String {
    single(&others(), Variant::Wpkh, 0, index)
}

/// One input, a payment and change.
fn payment(variant: Variant) -> Draft {
    Draft::new()
        .input(&own(variant, 0, 3), 100_000)
        .output(&theirs(0), 60_000)
        .own_output(&own(variant, 1, 7), 39_000)
}

#[test]
fn a_payment_is_shown_without_its_change() {
    for variant in Variant::ALL {
        let review = review(&payment(variant)).unwrap();
        let address = crate::sample::definite(&theirs(0)).address(bitcoin::Network::Testnet);
        let address = address.unwrap().to_string();
        let shown = lines(&review, ScreenKind::Output);
        assert_eq!(shown, ["0.00060000 tBTC".to_string(), address], "{variant:?}");
        assert_eq!(titles(&review, ScreenKind::Output), ["Output 1 of 1"]);
        let fee = lines(&review, ScreenKind::Fee);
        assert_eq!(fee[0], "0.00001000 tBTC");
        assert_eq!(fee[2], "1.6 % of what leaves");
        let confirm = lines(&review, ScreenKind::Confirm);
        assert_eq!(confirm[0], "0.00061000 tBTC leaves your wallet, with the fee.");
        assert_eq!(confirm[1], "Change: 0.00039000 tBTC");
        assert_eq!(titles(&review, ScreenKind::Warning), Vec::<&str>::new());
        assert_eq!(review.screens().last().unwrap().kind, ScreenKind::Confirm);
    }
}

#[test]
fn the_rate_is_that_of_the_signed_transaction() {
    // 141 vB: one P2WPKH input, two P2WPKH outputs.
    let review = review(&payment(Variant::Wpkh)).unwrap();
    assert_eq!(lines(&review, ScreenKind::Fee)[1], "About 7.0 sat/vB");
}

#[test]
fn change_is_only_what_the_account_derives_anew() {
    let base = || Draft::new().input(&own(Variant::Wpkh, 0, 3), 100_000).output(&theirs(0), 60_000);
    let shown = |draft: Draft| {
        let review = review(&draft).unwrap();
        titles(&review, ScreenKind::Output).len()
    };
    assert_eq!(shown(base().own_output(&own(Variant::Wpkh, 1, 7), 39_000)), 1);
    // To receive, of another type, of another account, at an odd path, beyond the bound.
    let account = |path: &str| format!("wpkh({}/1/7)", key(&keys(), path));
    for odd in [
        own(Variant::Wpkh, 0, 7),
        own(Variant::Tr, 1, 7),
        own(Variant::ShWpkh, 1, 7),
        account("84'/1'/1'"),
        account("84'/1'/101'"),
        account("84'/0'/0'"),
        account("45'/1'/0'"),
        own(Variant::Wpkh, 1, 1_000_001),
    ] {
        assert_eq!(shown(base().own_output(&odd, 39_000)), 2, "{odd}");
    }
    // Two of them: both are shown.
    let two = base()
        .own_output(&own(Variant::Wpkh, 1, 7), 20_000)
        .own_output(&own(Variant::Wpkh, 1, 8), 19_000);
    assert_eq!(shown(two), 3);
    // It says that it is ours, and pays somebody else.
    let mut lie = base().own_output(&own(Variant::Wpkh, 1, 7), 39_000);
    lie.0.unsigned_tx.output[1].script_pubkey = crate::sample::definite(&theirs(9)).script_pubkey();
    let lied = review(&lie).unwrap();
    assert_eq!(titles(&lied, ScreenKind::Output).len(), 2);
    assert_eq!(lines(&lied, ScreenKind::Confirm)[0].split(' ').next(), Some("0.00100000"));
    // It is ours, and says nothing: it is shown like a payment.
    let silent = base().output(&own(Variant::Wpkh, 1, 7), 39_000);
    assert_eq!(shown(silent), 2);
}

#[test]
fn inputs_of_two_accounts_have_no_change() {
    let draft = payment(Variant::Wpkh).input(&own(Variant::Tr, 0, 3), 5_000);
    let review = review(&draft).unwrap();
    assert_eq!(titles(&review, ScreenKind::Output).len(), 2);
    let shown = lines(&review, ScreenKind::Output);
    assert_eq!(shown.last().unwrap(), "This is your account 0, change 7.");
}

#[test]
fn a_spent_coin_is_not_spent_twice() {
    let mut draft = payment(Variant::Wpkh);
    draft.0.inputs.push(draft.0.inputs[0].clone());
    draft.0.unsigned_tx.input.push(draft.0.unsigned_tx.input[0].clone());
    assert_eq!(refusal(&draft), Refusal::RepeatedInput { input: 1 });
}

#[test]
fn a_previous_transaction_must_be_the_one() {
    for variant in Variant::ALL {
        let wrong = Refusal::WrongPrevious { input: 0 };
        let mut other = payment(variant);
        other.0.inputs[0].non_witness_utxo.as_mut().unwrap().version.0 += 1;
        assert_eq!(refusal(&other), wrong, "another id");
        let mut amount = payment(variant);
        let mut claim = amount.0.inputs[0].non_witness_utxo.as_ref().unwrap().output[0].clone();
        claim.value += Amount::ONE_SAT;
        amount.0.inputs[0].witness_utxo = Some(claim);
        assert_eq!(refusal(&amount), wrong, "another amount");
        let mut index = payment(variant);
        index.0.unsigned_tx.input[0].previous_output.vout = 1;
        assert_eq!(refusal(&index), wrong, "another output");
    }
}

#[test]
fn a_legacy_input_needs_its_previous_transaction() {
    let draft = payment(Variant::Pkh).without_previous();
    assert_eq!(refusal(&draft), Refusal::NoPrevious { input: 0 });
    assert_eq!(lax(&draft).unwrap_err(), Refusal::NoPrevious { input: 0 });
}

#[test]
fn several_segwit_inputs_need_theirs() {
    for variant in [Variant::Wpkh, Variant::ShWpkh] {
        assert!(review(&payment(variant).without_previous()).is_ok(), "alone, it covers its own");
        let two = payment(variant).input(&own(variant, 0, 4), 1_000).without_previous();
        assert_eq!(refusal(&two), Refusal::NoPrevious { input: 0 });
        let review = lax(&two).unwrap();
        assert_eq!(titles(&review, ScreenKind::Warning), ["Fee not proven"]);
        assert!(lines(&review, ScreenKind::Fee).contains(&"Fee not proven".to_string()));
    }
}

#[test]
fn taproot_inputs_cover_all_amounts() {
    let two = payment(Variant::Tr).input(&own(Variant::Tr, 0, 4), 1_000).without_previous();
    let review = review(&two).unwrap();
    assert_eq!(titles(&review, ScreenKind::Warning), Vec::<&str>::new());
    let mixed = payment(Variant::Tr).input(&own(Variant::Wpkh, 0, 4), 1_000).without_previous();
    assert_eq!(refusal(&mixed), Refusal::NoPrevious { input: 1 });
}

#[test]
fn somebody_elses_input_is_told_and_must_be_proven() {
    let joint = || payment(Variant::Wpkh).input(&theirs(5), 1_000);
    let shown = review(&joint()).unwrap();
    assert_eq!(lines(&shown, ScreenKind::Warning), ["1 of 2 inputs are not yours."]);
    assert_eq!(lines(&shown, ScreenKind::Confirm)[2], "Signs 1 of 2 inputs.");
    assert_eq!(refusal(&joint().without_previous()), Refusal::NoPrevious { input: 0 });
    let mut silent = joint();
    silent.0.inputs[1].non_witness_utxo = None;
    silent.0.inputs[1].witness_utxo = None;
    assert_eq!(refusal(&silent), Refusal::NoAmount { input: 1 });
    let taproot = payment(Variant::Tr).input(&theirs(5), 1_000).without_previous();
    assert!(review(&taproot).is_ok(), "our signature covers what theirs spends");
}

#[test]
fn a_signature_covers_everything() {
    use bitcoin::psbt::PsbtSighashType;
    for (variant, good) in [
        (Variant::Pkh, vec![1]),
        (Variant::ShWpkh, vec![1]),
        (Variant::Wpkh, vec![1]),
        (Variant::Tr, vec![0, 1]),
    ] {
        for asked in [0, 1, 2, 3, 4, 0x80, 0x81, 0x82, 0x83, 0x101, u32::MAX] {
            let mut draft = payment(variant);
            draft.0.inputs[0].sighash_type = Some(PsbtSighashType::from_u32(asked));
            let reviewed = review(&draft).map(|review| review.screens);
            if good.contains(&asked) {
                assert!(reviewed.is_ok(), "{variant:?} {asked}");
            } else {
                let refused = Refusal::SighashType { input: 0 };
                assert_eq!(reviewed.unwrap_err(), refused, "{variant:?} {asked}");
            }
        }
    }
}

#[test]
fn sums_are_those_of_money() {
    let most = Amount::MAX_MONEY.to_sat();
    let more = |sat| Draft::new().input(&own(Variant::Wpkh, 0, 0), sat).output(&theirs(0), 1);
    assert_eq!(refusal(&more(most + 1)), Refusal::Overflow);
    assert_eq!(refusal(&more(u64::MAX)), Refusal::Overflow);
    let two = more(most).input(&own(Variant::Wpkh, 0, 1), u64::MAX - 5);
    assert_eq!(refusal(&two), Refusal::Overflow);
    let out = payment(Variant::Wpkh).output(&theirs(1), u64::MAX - 90_000);
    assert_eq!(refusal(&out), Refusal::Overflow);
    assert_eq!(refusal(&payment(Variant::Wpkh).output(&theirs(1), 1_001)), Refusal::Impossible);
}

#[test]
fn a_fee_above_the_owners_limit_is_refused() {
    let fee = |sat| {
        Draft::new()
            .input(&own(Variant::Wpkh, 0, 0), 100_000_000)
            .output(&theirs(0), 100_000_000 - sat)
    };
    let limit = settings().fee_limit;
    assert!(review(&fee(limit.to_sat())).is_ok());
    let above = limit + Amount::ONE_SAT;
    assert_eq!(refusal(&fee(above.to_sat())), Refusal::FeeLimit { fee: above, limit });
}

#[test]
fn a_high_fee_is_told() {
    let draft = Draft::new().input(&own(Variant::Wpkh, 0, 0), 100_000).output(&theirs(0), 90_000);
    assert_eq!(titles(&review(&draft).unwrap(), ScreenKind::Warning), ["High fee"]);
}

#[test]
fn nothing_is_signed_for_others() {
    let theirs_only = Draft::new().input(&theirs(0), 5_000).output(&theirs(1), 4_000);
    assert_eq!(refusal(&theirs_only), Refusal::NothingToSign);
    // Our fingerprint, not our key.
    let mut claimed = Draft::new().input(&theirs(0), 5_000).output(&theirs(1), 4_000);
    for origin in claimed.0.inputs[0].bip32_derivation.values_mut() {
        origin.0 = keys().fingerprint();
    }
    assert_eq!(refusal(&claimed), Refusal::NothingToSign);
    let draft = payment(Variant::Wpkh);
    let (policies, settings) = (Policies::default(), settings());
    let other = Review::parse(&draft.bytes(), Chain::Mainnet, &keys(), &policies, &settings);
    assert_eq!(other.unwrap_err(), Refusal::Network);
}

#[test]
fn scripts_that_nobody_could_check_are_refused() {
    let bare = ScriptBuf::from_bytes(vec![0x51]);
    let draft = payment(Variant::Wpkh).script(bare, 0);
    assert_eq!(refusal(&draft), Refusal::UnknownOutput { output: 2 });
    // Our key in a script of conditions that was never registered.
    let conditions = format!("wsh(and_v(v:pk({}/0/0),older(10)))", key(&keys(), "48'/1'/0'/2'"));
    let draft = Draft::new().input(&conditions, 5_000).output(&theirs(0), 4_000);
    assert_eq!(refusal(&draft), Refusal::UnknownInput { input: 0 });
}

#[test]
fn written_notes_are_shown() {
    let note = |bytes: &[u8]| {
        let push = bitcoin::script::PushBytesBuf::try_from(bytes.to_vec()).unwrap();
        let draft = payment(Variant::Wpkh).script(ScriptBuf::new_op_return(push), 0);
        lines(&review(&draft).unwrap(), ScreenKind::Output).last().unwrap().clone()
    };
    assert_eq!(note(b"paid in full"), "Writes: paid in full");
    assert_eq!(note(&[1, 2, 0xff]), "Writes: 030102ff");
}

#[test]
fn lock_times_are_shown() {
    let mut draft = payment(Variant::Wpkh);
    draft.0.unsigned_tx.lock_time = bitcoin::absolute::LockTime::from_consensus(900_000);
    assert_eq!(lines(&review(&draft).unwrap(), ScreenKind::Fee)[3], "Not before block 900000");
}

fn multisig_keys() -> Vec<String> {
    vec![key(&keys(), "48'/1'/0'/2'"), key(&others(), "48'/1'/0'/2'")]
}

const MULTISIG: &str = "wsh(sortedmulti(2,@0/**,@1/**))";

#[test]
fn a_registered_policy_has_change_and_others_have_none() {
    let place = |branch, index| policy(MULTISIG, &multisig_keys(), branch, index);
    let draft = Draft::new()
        .input(&place(0, 1), 100_000)
        .output(&theirs(0), 60_000)
        .own_output(&place(1, 2), 39_000);
    let unregistered = review(&draft).unwrap();
    assert_eq!(titles(&unregistered, ScreenKind::Output).len(), 2);
    assert_eq!(titles(&unregistered, ScreenKind::Warning), ["Not registered"]);
    let mut policies = Policies::default();
    policies.register(Policy::parse("ours", MULTISIG, &multisig_keys(), &keys()).unwrap()).unwrap();
    let review = |draft: &Draft| {
        Review::parse(&draft.bytes(), Chain::Testnet, &keys(), &policies, &settings())
    };
    let registered = review(&draft).unwrap();
    assert_eq!(titles(&registered, ScreenKind::Output), ["Output 1 of 1"]);
    assert_eq!(titles(&registered, ScreenKind::Warning), Vec::<&str>::new());
    // Change of an account, from inputs of the policy: another wallet of the same person.
    let crossed =
        Draft::new().input(&place(0, 1), 100_000).own_output(&own(Variant::Wpkh, 1, 2), 99_000);
    assert_eq!(titles(&review(&crossed).unwrap(), ScreenKind::Output).len(), 1);
    // The same keys with another threshold.
    let weaker = policy("wsh(sortedmulti(1,@0/**,@1/**))", &multisig_keys(), 1, 2);
    let lie = Draft::new().input(&place(0, 1), 100_000).own_output(&weaker, 99_000);
    let shown = review(&lie).unwrap();
    assert_eq!(lines(&shown, ScreenKind::Output).len(), 2, "a payment to a stranger");
}

#[test]
fn a_key_at_an_odd_path_is_told() {
    let odd = format!("wpkh({}/5)", key(&keys(), "7'/8"));
    let draft = Draft::new().input(&odd, 5_000).output(&theirs(0), 4_000);
    assert!(titles(&review(&draft).unwrap(), ScreenKind::Warning).contains(&"Unusual path"));
}

#[test]
fn what_is_no_transaction_is_refused() {
    let empty = Draft::new().input(&own(Variant::Wpkh, 0, 0), 5_000);
    assert_eq!(refusal(&empty), MalformedPsbt::Transaction.into());
    let (policies, settings, keys) = (Policies::default(), settings(), keys());
    let parse = |bytes: &[u8]| {
        Review::parse(bytes, Chain::Testnet, &keys, &policies, &settings).map(|r| r.screens)
    };
    let large = vec![0; crate::limits::REQUEST_BYTES + 1];
    assert_eq!(parse(&large), Err(MalformedPsbt::TooLarge.into()));
    assert_eq!(parse(b"psbt"), Err(MalformedPsbt::NotAPsbt.into()));
    let mut longer = payment(Variant::Wpkh).bytes();
    longer.push(0);
    assert_eq!(parse(&longer), Err(MalformedPsbt::Trailing.into()));
    let whole = payment(Variant::Wpkh).bytes();
    for length in 0..whole.len() {
        assert!(parse(&whole[..length]).is_err(), "{length}");
    }
}
