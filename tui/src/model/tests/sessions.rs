//! Sessions by keystroke: what a person would lose if a key did something else.

use std::time::Duration;

use billfold_wallet_core::command::{
    Birthday, BumpWay, Command, DraftId, FeeChoice, OperationCommand, OperationId, PayAmount,
    PaymentState, TellerCommand, TellerReading, TransactionChange,
};
use billfold_wallet_core::event::{Event, News};
use billfold_wallet_core::light_client::dial::Purpose;
use billfold_wallet_core::light_client::height::{BlockId, Height};
use billfold_wallet_core::light_client::status::{PeerStatus, Status};
use billfold_wallet_core::wallet_name::WalletName;
use bitcoin::hashes::Hash as _;
use bitcoin::{Amount, BlockHash, FeeRate, SignedAmount, Txid};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use super::puppet::{Bench, Course, PASSWORD, SIGNATURE, Signer, State, handed, stranger};
use crate::checkup::{Health, connections};
use crate::effect::Trial;
use crate::model::Message;
use crate::play::{Button, Display};

fn shown(bench: &Bench) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
    bench.model.draw(&mut buffer);
    let rows = buffer.content().chunks(80);
    rows.map(|row| row.iter().map(Cell::symbol).collect::<String>() + "\n").collect()
}

fn signed(bench: &Bench) -> usize {
    bench.asked.iter().filter(|command| matches!(command, Command::Sign(_))).count()
}

fn reviewed() -> Bench {
    reviewed_by(Bench::open(State::Busy, true))
}

fn reviewed_by(mut bench: Bench) -> Bench {
    bench.press("s");
    bench.tell(Message::Paste(format!("bitcoin:{}?amount=0.01", stranger())));
    bench.press("enter");
    assert!(shown(&bench).contains("Type these groups"), "{}", shown(&bench));
    bench
}

#[test]
fn a_wrong_password_opens_nothing() {
    let mut bench = Bench::closed(State::Busy, true);
    bench.types("wrong horse");
    bench.press("enter");
    assert!(!bench.model.is_open());
    assert!(shown(&bench).contains("wrong password"));
    assert!(bench.asked.is_empty(), "nothing is asked of a wallet that is closed");
    bench.types(PASSWORD);
    bench.press("enter");
    assert!(bench.model.is_open());
}

#[test]
fn a_closed_wallet_shows_nothing_and_obeys_no_verb() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press(": c l o s e enter");
    assert!(!bench.model.is_open());
    let before = bench.asked.len();
    bench.press("f1 ctrl-p ctrl-y");
    let shown = shown(&bench);
    assert!(!shown.contains("BTC") && !shown.contains("main"), "{shown}");
    assert_eq!(bench.asked.len(), before);
}

#[test]
fn a_payment_is_a_paste_two_groups_and_the_password() {
    let mut bench = reviewed();
    bench.types("qejxary0");
    bench.press("enter");
    bench.types(PASSWORD);
    bench.press("enter");
    assert_eq!(signed(&bench), 1);
    let shown = shown(&bench);
    assert!(shown.contains("on its way") && shown.contains("rent may"), "{shown}");
    let locked = bench.asked.iter().filter(|command| **command == Command::Lock).count();
    assert_eq!(locked, 1, "keys that were locked are locked again");
}

#[test]
fn enter_alone_never_spends() {
    let mut bench = reviewed();
    bench.press("enter enter enter");
    assert_eq!(signed(&bench), 0);
    bench.types("qejxary0");
    bench.press("enter enter enter");
    assert_eq!(signed(&bench), 0, "an empty password signs nothing");
    let mut open = Bench::open(State::Busy, true);
    open.press(": u n l o c k enter");
    open.types(PASSWORD);
    open.press("enter s");
    open.tell(Message::Paste(format!("bitcoin:{}?amount=0.01", stranger())));
    open.press("enter");
    open.types("qejxary0");
    open.press("enter enter enter");
    assert_eq!(signed(&open), 0, "with open keys a word is typed");
    open.types("pay");
    open.press("enter");
    assert_eq!(signed(&open), 1);
}

#[test]
fn a_pasted_group_compares_nothing() {
    let mut bench = reviewed();
    bench.tell(Message::Paste("qejx".to_owned()));
    assert!(shown(&bench).contains("a paste compares nothing"));
    bench.press("enter");
    assert!(shown(&bench).contains("Type these groups"));
}

#[test]
fn a_review_that_is_left_gives_its_coins_free() {
    let mut bench = reviewed();
    bench.press("esc");
    assert!(bench.asked.iter().any(|command| matches!(command, Command::Drop(_))));
    let mut other = reviewed();
    other.press("ctrl-c");
    assert!(other.ended && other.asked.iter().any(|command| matches!(command, Command::Drop(_))));
}

#[test]
fn more_fee_drafts_again_and_keeps_what_was_compared() {
    let mut bench = reviewed();
    bench.types("qejx+");
    let drafted: Vec<_> = bench
        .asked
        .iter()
        .filter_map(|command| match command {
            Command::Draft(request) => Some(request.fee),
            _ => None,
        })
        .collect();
    let more = FeeChoice::Rate(FeeRate::from_sat_per_kwu(577));
    assert_eq!(drafted, [FeeChoice::Default, more]);
    let shown = shown(&bench);
    assert!(shown.contains("2.308 sat/vB") && shown.contains("+ the same"), "{shown}");
}

#[test]
fn amounts_that_can_be_misread_are_refused_where_they_stand() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press("s");
    bench.types(&stranger().to_string());
    bench.press("tab");
    bench.types("0.5");
    bench.press("enter");
    assert!(shown(&bench).contains("needs a unit"));
    assert!(!bench.asked.iter().any(|command| matches!(command, Command::Draft(_))));
    bench.press("ctrl-u");
    bench.types("0.5btc");
    bench.press("enter");
    let amount = bench.asked.iter().find_map(|command| match command {
        Command::Draft(request) => Some(request.recipients[0].amount),
        _ => None,
    });
    assert_eq!(amount, Some(PayAmount::Exactly(Amount::from_sat(50_000_000))));
}

#[test]
fn only_coins_that_can_be_spent_are_marked_and_they_are_what_is_spent() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press("3 space down down space");
    assert!(shown(&bench).contains("can't be spent"), "the third is frozen");
    assert!(shown(&bench).contains("1 marked") || !shown(&bench).contains("2 marked"));
    bench.press("s");
    bench.tell(Message::Paste(format!("bitcoin:{}?amount=0.01", stranger())));
    bench.press("enter");
    let coins = bench.asked.iter().find_map(|command| match command {
        Command::Draft(request) => Some(request.coins.len()),
        _ => None,
    });
    assert_eq!(coins, Some(1));
}

/// A scan that finds payments would have all coins read for each of them.
#[test]
fn coins_are_read_as_far_as_they_are_wanted_and_all_can_be_reached() {
    let mut bench = Bench::open(State::Busy, true);
    bench.more_coins = 995;
    bench.press("3");
    assert!(shown(&bench).contains("the oldest 200, younger ones follow"), "{}", shown(&bench));
    bench.press("end");
    assert!(shown(&bench).contains("1000 in all"), "{}", shown(&bench));
    bench.press("space home");
    assert!(shown(&bench).contains("1 marked"), "{}", shown(&bench));
    let mut all = Bench::open(State::Busy, true);
    all.more_coins = 995;
    all.press("3 : c o n s o l enter");
    assert!(shown(&all).contains("997 coins of"), "those that can be spent: {}", shown(&all));
}

/// Its label would be taken for none, and lost when another is written.
#[test]
fn a_payment_that_is_found_is_told_whole_however_old_it_is() {
    let mut bench = Bench::open(State::Busy, true);
    bench.newer_payments = 900;
    bench.press("/");
    bench.types("salary");
    bench.press("enter");
    let told = shown(&bench);
    assert!(told.contains("Transaction") && told.contains("Label     salary march"), "{told}");
}

#[test]
fn bump_and_cancel_are_asked_of_the_chosen_payment() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press("2 down b");
    assert!(shown(&bench).contains("Review"), "{}", shown(&bench));
    bench.press("esc esc x");
    let ways: Vec<_> = bench
        .asked
        .iter()
        .filter_map(|command| match command {
            Command::Bump(request) => Some(request.way),
            _ => None,
        })
        .collect();
    assert_eq!(ways, [BumpWay::Best, BumpWay::Cancel]);
}

#[test]
fn copying_gives_what_is_shown() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press("r y");
    assert_eq!(bench.copied.len(), 1);
    assert!(bench.copied[0].starts_with("bcrt1p"), "{:?}", bench.copied);
}

#[test]
fn amounts_are_hidden_everywhere() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press("z");
    for keys in ["1", "2", "3", "4", "2 enter"] {
        bench.press(keys);
        let shown = shown(&bench);
        assert!(!shown.contains("BTC") && shown.contains("••••••"), "{keys}: {shown}");
    }
}

/// Nobody agrees to what they can't see.
#[test]
fn hidden_amounts_are_shown_where_they_are_agreed_to() {
    let hidden = |mut bench: Bench| {
        bench.press("z");
        bench
    };
    let agreed = |bench: &Bench| {
        let told = shown(bench);
        let amount = |line: &str| line.contains("BTC") && !line.contains("••••••");
        for name in ["Pay  ", "Fee  "] {
            let line = told.lines().find(|line| line.contains(name));
            assert!(line.is_some_and(amount), "{name}: {told}");
        }
        told
    };
    for bench in [Bench::open(State::Busy, true), Bench::watching(State::Busy, true)] {
        let mut bench = reviewed_by(hidden(bench.beside(Signer::Waits)));
        let review = agreed(&bench);
        let spent = review.lines().filter(|line| line.starts_with("           0."));
        assert!(spent.count() > 0 && review.contains("total left ••••••"), "{review}");
        bench.types("qejxary0");
        bench.press("enter");
        assert!(shown(&bench).contains("Sign"), "{}", shown(&bench));
        agreed(&bench);
    }
    let mut bench = hidden(Bench::open(State::Busy, true));
    bench.press("d n");
    bench.tell(Message::Paste(handed().psbt.to_string()));
    bench.press("enter");
    agreed(&bench);
}

#[test]
fn what_changed_is_asked_for_again() {
    let mut bench = Bench::open(State::Busy, true);
    let before = bench.asked.len();
    let event = Event::Missed { events: 1 };
    bench.tell(Message::Heard(News { wallet: None, event: event.clone() }));
    assert!(bench.asked[before..].contains(&Command::Balance));
    let before = bench.asked.len();
    let other: WalletName = "other".parse().expect("a name");
    bench.tell(Message::Heard(News { wallet: Some(other), event }));
    assert_eq!(bench.asked.len(), before, "what happens to another wallet is not ours");
}

#[test]
fn a_new_wallet_is_made_after_its_words_were_typed_back() {
    let mut bench = Bench::first(true);
    bench.press("n enter enter");
    bench.types(PASSWORD);
    bench.press("enter");
    bench.types(PASSWORD);
    bench.press("enter");
    assert!(shown(&bench).contains("sausage"), "{}", shown(&bench));
    assert!(bench.founded.is_empty(), "nothing is made before somebody saw the words");
    bench.press("enter");
    assert!(!shown(&bench).contains("sausage"), "they are asked for, not shown");
    bench.types("wrong");
    bench.press("enter");
    assert!(shown(&bench).contains("that is not the word"));
    bench.types("winner");
    bench.types("saus");
    bench.press("enter");
    bench.types("yellow");
    let made = (1, Birthday::Time(1_795_000_000), true);
    assert_eq!(bench.founded, [made]);
    assert!(shown(&bench).contains("2f5a91c0"), "the fingerprint is to be noted");
    bench.types(PASSWORD);
    bench.press("enter r");
    assert!(bench.model.is_open() && shown(&bench).contains("Address"), "{}", shown(&bench));
}

/// The wallet of a demonstration, open.
fn played() -> Bench {
    let mut bench = Bench::playing(true);
    bench.press("n enter enter");
    for _ in 0..2 {
        bench.types(PASSWORD);
        bench.press("enter");
    }
    bench.press("enter ctrl-s");
    bench.types(PASSWORD);
    bench.press("enter");
    assert!(bench.model.is_open());
    bench
}

#[test]
fn keys_are_pressed_at_the_signer_only_after_going_to_it() {
    let mut bench = played();
    bench.press("f2 down enter");
    bench.types("q7");
    bench.press("backspace tab esc f2 r");
    let pressed = [
        Button::Down,
        Button::Confirm,
        Button::Letter('q'),
        Button::Letter('7'),
        Button::Erase,
        Button::Take,
        Button::Back,
    ];
    assert!(bench.pressed == pressed && !bench.ended, "q is a letter there, and ends nothing");
    assert!(shown(&bench).contains("Address"), "afterwards the keys are the wallet's");
    bench.press("f2 ctrl-c");
    assert!(bench.ended, "what ends the program does so there too");
}

#[test]
fn a_signer_that_asks_is_told_of_and_not_answered() {
    let mut bench = played();
    let asks = Display { awaited: true, ..Display::default() };
    bench.tell(Message::Shown(asks));
    assert!(shown(&bench).contains("f2 the signer asks you"), "{}", shown(&bench));
    bench.press("enter");
    assert!(bench.pressed.is_empty(), "Enter at the wallet agrees to nothing at the signer");
}

#[test]
fn play_is_wished_for_by_keys_and_by_the_palette() {
    let mut bench = played();
    bench.press("f3");
    assert!(shown(&bench).contains("Block 112 is mined"));
    bench.press(": m i n e enter");
    assert!(shown(&bench).contains("Block 112 is mined"), "{}", shown(&bench));
    bench.press("f4");
    assert!(shown(&bench).contains("Bob pays bcrt1p"), "at the wallet's own address");
    bench.press("f5");
    let asked = shown(&bench);
    assert!(asked.contains(&stranger().to_string()) && asked.contains("25000sat"), "{asked}");
    assert!(asked.contains("coffee") && signed(&bench) == 0, "{asked}");
}

#[test]
fn nobody_plays_in_earnest() {
    let mut bench = Bench::open(State::Busy, true);
    let before = bench.asked.len();
    bench.press("f2 f3 f4 f5");
    assert!(!shown(&bench).contains("PLAY MONEY") && bench.pressed.is_empty());
    assert_eq!(bench.asked.len(), before, "no address is given out");
    bench.press(":");
    bench.types("bob");
    assert!(!shown(&bench).contains("pay-bob"), "{}", shown(&bench));
}

/// A signer that is met.
fn met(signer: Signer) -> Bench {
    let mut bench = Bench::first(true).beside(signer);
    bench.press("c");
    bench
}

#[test]
fn a_wallet_is_made_of_a_signer_that_showed_an_address_and_signed() {
    let mut bench = met(Signer::Agrees);
    assert!(shown(&bench).contains("BILLFOLD 1.0.40"), "{}", shown(&bench));
    bench.press("enter down enter");
    let first = shown(&bench);
    assert!(first.contains("2f5a91c0") && first.contains("segwit"), "{first}");
    assert!(first.contains("bcrt 1q"), "the address of the kind that was chosen: {first}");
    bench.press("v");
    assert!(shown(&bench).contains("test: the signer signs a message"), "{}", shown(&bench));
    assert!(bench.founded.is_empty());
    bench.press("enter enter");
    for _ in 0..2 {
        bench.types(PASSWORD);
        bench.press("enter");
    }
    assert!(matches!(bench.founded[..], [(4, _, false)]), "all four kinds are watched");
    assert!(bench.model.is_open());
}

#[test]
fn a_signer_that_shows_another_address_or_refuses_makes_no_wallet() {
    for signer in [Signer::Differs, Signer::Refuses] {
        let mut bench = met(Signer::Agrees);
        bench.press("enter enter");
        bench.signer = signer;
        bench.press("v");
        let told = shown(&bench);
        assert!(told.contains("the signer shows bcrt1qw508") || told.contains("refused"), "{told}");
        assert!(told.contains("Its first address") && bench.founded.is_empty());
    }
    let mut bench = met(Signer::Agrees);
    bench.press("enter enter v");
    bench.signer = Signer::Refuses;
    bench.press("enter");
    assert!(shown(&bench).contains("refused") && bench.founded.is_empty(), "no test signature");
}

#[test]
fn a_signer_that_is_absent_is_looked_for_until_it_is_there() {
    let mut bench = met(Signer::Absent);
    assert!(shown(&bench).contains("Looking") && !shown(&bench).contains("cable"));
    for _ in 0..4 {
        bench.wake();
    }
    assert!(shown(&bench).contains("no signer is plugged in"), "{}", shown(&bench));
    bench.press("enter");
    bench.signer = Signer::Agrees;
    bench.wake();
    assert!(shown(&bench).contains("BILLFOLD 1.0.40"), "{}", shown(&bench));
}

/// A payment whose keys are on a signer, up to the question there.
fn asked(signer: Signer) -> Bench {
    let mut bench = reviewed_by(Bench::watching(State::Busy, true).beside(signer));
    bench.types("qejxary0");
    bench.press("enter");
    bench
}

fn sent(bench: &Bench) -> bool {
    bench.asked.iter().any(|command| matches!(command, Command::AnnouncePsbt(_)))
}

#[test]
fn a_payment_is_agreed_to_on_the_signer_in_the_place_of_the_password() {
    let mut bench = asked(Signer::Waits);
    let told = shown(&bench);
    assert!(told.contains("The signer waits for you") && told.contains("bcrt 1qw5"), "{told}");
    bench.press("enter enter");
    assert!(!sent(&bench), "Enter here agrees to nothing");
    bench.at_signer(Signer::Agrees);
    assert!(sent(&bench) && signed(&bench) == 0);
    assert!(shown(&bench).contains("on its way"), "{}", shown(&bench));
}

#[test]
fn what_the_signer_refuses_is_not_sent_and_can_be_asked_again() {
    for signer in [Signer::Refuses, Signer::Absent] {
        let mut bench = asked(signer);
        let told = shown(&bench);
        assert!(told.contains("refused on the signer") || told.contains("no signer"), "{told}");
        assert!(!sent(&bench));
        bench.signer = Signer::Agrees;
        bench.press("enter");
        assert!(sent(&bench), "the same draft is asked again");
    }
}

#[test]
fn a_question_that_is_left_is_taken_back_from_the_signer() {
    let mut bench = asked(Signer::Waits);
    bench.press("esc");
    assert_eq!(bench.hung_up, 1);
    assert!(shown(&bench).contains("+ the same"), "back at the review: {}", shown(&bench));
    let mut other = asked(Signer::Waits);
    other.press("1");
    assert_eq!(other.hung_up, 1);
    assert!(other.asked.iter().any(|command| matches!(command, Command::Drop(_))));
}

/// Whoever sees nothing end would pay once more.
#[test]
fn a_payment_that_is_sent_under_another_screen_is_told_as_sent() {
    for key in ["enter", "esc"] {
        let mut bench = asked(Signer::Waits);
        bench.press("f1");
        bench.at_signer(Signer::Agrees);
        assert!(sent(&bench));
        bench.press("esc");
        assert!(shown(&bench).contains("It is on its way"), "{}", shown(&bench));
        bench.press(key);
        assert!(shown(&bench).contains("rent may"), "Home: {}", shown(&bench));
    }
}

/// An answer that never comes would hold the terminal, and the payment may be with the peers.
#[test]
fn who_ends_while_a_payment_is_sent_takes_nothing_back() {
    for end in ["ctrl-c", "ctrl-z"] {
        let mut bench = asked(Signer::Waits);
        bench.course = Course::Unanswered;
        bench.at_signer(Signer::Agrees);
        assert!(sent(&bench) && shown(&bench).contains("Storing and sending it"));
        bench.press("esc enter 2");
        assert!(shown(&bench).contains("Storing and sending it"), "{}", shown(&bench));
        bench.press(end);
        assert!(bench.ended || !bench.model.is_open(), "{end}");
        assert!(!bench.asked.iter().any(|command| matches!(command, Command::Drop(_))), "{end}");
    }
}

#[test]
fn an_address_is_compared_on_the_signer_and_another_one_is_told() {
    for (signer, told) in [
        (Signer::Agrees, "+ The signer has the same address"),
        (Signer::Differs, "the signer shows bcrt1qw508"),
        (Signer::Absent, "no signer is plugged in"),
    ] {
        for keys in ["r v", "5 v"] {
            let mut bench = Bench::watching(State::Busy, true).beside(signer);
            bench.press(keys);
            assert!(shown(&bench).contains(told), "{keys}: {}", shown(&bench));
        }
    }
    let mut own = Bench::open(State::Busy, true);
    own.press("r v");
    assert!(shown(&own).contains("no signer has them"), "{}", shown(&own));
}

#[test]
fn what_is_watched_is_pasted_or_read_from_a_file() {
    let xpub = "tpubDDSFMQ9gzyQdNTKdHe6tcppCEpUf89q5eoiKUJr6ZFbjs9CRZiLFs3EKoyNGP3MZ1m9udwQDL64cq6XEXecN\
                JRm1r9wajPcXArzARaYiJhn";
    let descriptor = format!("wpkh([2f5a91c0/84'/1'/0']{xpub}/<0;1>/*)");
    for (given, told) in [
        (descriptor.as_str(), "segwit"),
        ("~/accounts.txt", "segwit"),
        (xpub, "does not say which addresses"),
        ("nowhere.txt", "neither accounts nor a file"),
    ] {
        let mut bench = Bench::first(true);
        bench.press("w");
        bench.tell(Message::Paste(given.to_owned()));
        bench.press("enter");
        assert!(shown(&bench).contains(told), "{given}: {}", shown(&bench));
        assert!(bench.founded.is_empty());
    }
    let mut bench = Bench::first(true);
    bench.press("w");
    bench.tell(Message::Paste(xpub.to_owned()));
    bench.press("enter enter");
    let told = shown(&bench);
    assert!(told.contains("where a key comes from is not told"), "nothing is guessed: {told}");
    bench.press("enter a b c enter a b c enter");
    assert!(matches!(bench.founded[..], [(1, _, false)]));
}

#[test]
fn who_wants_to_try_leaves_these_screens_and_who_plays_is_not_asked() {
    for (letter, trial) in [("p", Trial::Demonstration), ("s", Trial::Signet)] {
        let mut bench = Bench::first(true);
        bench.press("t");
        bench.press(letter);
        assert_eq!(bench.tried, Some(trial));
    }
    let mut bench = Bench::playing(true);
    bench.press("t s p");
    assert!(bench.tried.is_none() && !shown(&bench).contains("Try"), "{}", shown(&bench));
}

#[test]
fn another_wallet_is_opened_by_its_own_password_and_this_one_stays_open() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press("w down down enter");
    assert!(!bench.model.is_open() && !shown(&bench).contains("BTC"), "{}", shown(&bench));
    bench.press("x esc esc");
    assert!(bench.model.is_open(), "Esc leads back to the one that is open");
    assert!(shown(&bench).contains("main"), "{}", shown(&bench));
    bench.press("w down enter");
    assert!(bench.model.is_open() && shown(&bench).contains("savings"), "it was open already");
    bench.press("w down x");
    assert!(!bench.model.is_open(), "the one that is looked at is closed");
    assert_eq!(bench.closed.last().map(WalletName::as_str), Some("savings"));
}

#[test]
fn another_wallet_is_made_under_a_name_that_is_free() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press("w n n");
    assert!(shown(&bench).contains("wallet-2"), "{}", shown(&bench));
    bench.press("esc esc");
    assert!(bench.model.is_open() && bench.founded.is_empty(), "Esc leads back");
}

#[test]
fn a_draft_that_was_handed_out_holds_its_coins_when_its_review_is_left() {
    let mut bench = reviewed();
    bench.press("ctrl-w");
    assert!(bench.asked.iter().any(|command| matches!(command, Command::HandOut(_))));
    assert!(shown(&bench).contains("BBQr 1/1"), "{}", shown(&bench));
    bench.press("esc esc esc");
    let dropped = bench.asked.iter().any(|command| matches!(command, Command::Drop(_)));
    assert!(!dropped, "others may be signing it");
    bench.press("d x");
    assert!(bench.asked.iter().any(|command| matches!(command, Command::Drop(_))));
}

/// With the others' signatures it pays, while its coins are free to pay once more.
#[test]
fn a_draft_that_has_our_signature_holds_its_coins_however_it_is_left() {
    let ours = |exit| {
        let mut bench = reviewed();
        bench.course = Course::Shared;
        bench.types("qejxary0");
        bench.press("enter");
        bench.types(PASSWORD);
        bench.press("enter");
        assert_eq!(signed(&bench), 1);
        (bench, exit)
    };
    let signers = |exit| {
        let mut bench = asked(Signer::Waits);
        bench.course = Course::Shared;
        bench.at_signer(Signer::Agrees);
        (bench, exit)
    };
    let exits =
        ["esc esc esc esc", "p enter esc esc esc", "esc esc + -", "2", "esc 2", "ctrl-c", "ctrl-z"];
    for (mut bench, exit) in exits.iter().map(ours).chain(exits.iter().map(signers)) {
        assert!(shown(&bench).contains("BBQr 1/1"), "{}", shown(&bench));
        bench.press(exit);
        let dropped = bench.asked.iter().any(|command| matches!(command, Command::Drop(_)));
        assert!(!dropped, "{exit}: others may be signing it");
    }
}

#[test]
fn frames_follow_each_other_in_the_form_and_density_that_is_chosen() {
    let mut bench = reviewed();
    bench.press("ctrl-w tab - - -");
    let first = shown(&bench);
    assert!(first.contains("UR 1/"), "{first}");
    bench.press("tab");
    assert!(shown(&bench).contains("BBQr 1/1"), "an empty payment is small");
    bench.press("y");
    assert_eq!(bench.copied, [handed().psbt.to_string()]);
}

#[test]
fn a_psbt_is_written_to_a_file_that_was_not_there() {
    let mut bench = reviewed();
    bench.press("ctrl-w p enter");
    let [(path, bytes)] = &bench.written[..] else { panic!("one file") };
    let id = handed().psbt.unsigned_tx.compute_txid().to_string();
    assert_eq!(*path, format!("payment-{}.psbt", &id[..8]));
    assert_eq!(*bytes, handed().psbt.serialize());
    bench.press("p enter");
    assert!(shown(&bench).contains("there already"), "{}", shown(&bench));
}

#[test]
fn what_others_signed_is_sent_by_a_word_and_not_by_enter() {
    for part in [handed().psbt.to_string(), "/stick/signed.psbt".to_owned()] {
        let mut bench = Bench::open(State::Busy, true);
        bench.press("d n");
        bench.tell(Message::Paste(part));
        bench.press("enter enter enter");
        assert!(shown(&bench).contains("+ completely") && !sent(&bench), "{}", shown(&bench));
        bench.types("send");
        bench.press("enter");
        assert!(sent(&bench) && shown(&bench).contains("on its way"), "{}", shown(&bench));
    }
    let mut bench = Bench::open(State::Busy, true);
    bench.press("d n x enter");
    assert!(shown(&bench).contains("neither a PSBT nor a file"), "{}", shown(&bench));
}

#[test]
fn enter_after_a_whole_word_is_no_wrong_answer() {
    let mut bench = Bench::first(true);
    bench.press("n enter enter a b c enter a b c enter enter");
    for word in ["winner", "sausage", "yellow"] {
        bench.types(word);
        bench.press("enter");
        assert!(!shown(&bench).contains("not the word"), "{}", shown(&bench));
    }
    assert!(matches!(bench.founded[..], [(1, _, true)]));
}

#[test]
fn the_first_line_names_the_wallet_that_is_made() {
    let mut bench = Bench::first(true);
    bench.press("n ctrl-u");
    bench.types("savings");
    bench.press("enter");
    let first = shown(&bench).lines().next().expect("a line").to_owned();
    assert!(first.contains("billfold  savings"), "{first}");
}

#[test]
fn a_second_connection_to_a_peer_is_no_second_peer() {
    let mut bench = Bench::open(State::Empty, true);
    let mut status = bench.model.book.status.clone().expect("it was asked for");
    let to_offer = PeerStatus { purpose: Purpose::Broadcast, ..status.peers[0].clone() };
    status.peers.push(to_offer);
    let peers = &connections(&status)[0];
    assert!(peers.health == Health::Odd && peers.told.starts_with("1 peer "), "{}", peers.told);
    bench.model.book.status = Some(status);
    assert!(shown(&bench).contains("  1 peer "), "{}", shown(&bench));
}

#[test]
fn who_reads_line_by_line_is_told_verbs_and_not_keys() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press("s");
    let told = bench.model.read().lines.join("\n");
    assert!(told.contains(":new: one more recipient. :enter: review."), "{told}");
    let drawn = shown(&bench);
    assert!(drawn.contains("Ctrl-N") && drawn.contains("Enter: review"), "{drawn}");
    bench.press("esc");
    let mut bench = Bench::first(true);
    bench.press("n enter enter a b c enter a b c enter");
    let told = bench.model.read().lines.join("\n");
    assert!(told.contains("enter when they are written down"), "{told}");
}

#[test]
fn who_will_check_the_words_later_goes_on() {
    let mut bench = Bench::first(true);
    bench.press("n enter enter a b c enter a b c enter enter ctrl-s");
    assert!(matches!(bench.founded[..], [(1, _, false)]));
}

#[test]
fn passwords_that_differ_make_nothing() {
    let mut bench = Bench::first(true);
    bench.press("n enter enter a b c enter a b d enter");
    assert!(shown(&bench).contains("not the same"));
    bench.press("enter");
    assert!(shown(&bench).contains("Password") && bench.founded.is_empty());
}

#[test]
fn a_restored_wallet_looks_for_every_type_and_shows_its_fingerprint_first() {
    let mut bench = Bench::first(true);
    bench.press("r");
    bench.types("legal winner thank year wave sausage worth useful legal winner thank yel");
    assert!(shown(&bench).contains("yellow"), "the words that begin so are shown");
    bench.press("tab enter");
    let without = shown(&bench);
    assert!(without.contains("Fingerprint"), "{without}");
    bench.types("TREZOR");
    assert_ne!(shown(&bench), without, "another passphrase is another wallet");
    bench.press("enter");
    bench.types("x");
    bench.press("enter");
    assert!(shown(&bench).contains("not a birthday"));
    bench.press("backspace enter a b c enter a b c enter");
    assert_eq!(bench.founded.len(), 1);
    assert_eq!(bench.founded[0].0, 20, "five accounts of each of four types");
}

#[test]
fn a_rescan_is_a_job_that_can_be_ended() {
    let mut bench = Bench::open(State::Empty, true);
    bench.press("J");
    assert!(shown(&bench).contains("Nothing is under way"), "{}", shown(&bench));
    bench.press("esc : r e s c a n enter");
    let birthday = Birthday::Height(Height::new(700_000));
    let begun = Command::Operation(OperationCommand::Rescan { from: birthday });
    assert!(bench.asked.contains(&begun));
    assert!(shown(&bench).contains("~ rescan"), "{}", shown(&bench));
    bench.press("x");
    let ended = Command::Operation(OperationCommand::Cancel(OperationId(3)));
    assert!(bench.asked.contains(&ended));
    assert!(shown(&bench).contains("Nothing is under way"), "{}", shown(&bench));
    assert!(shown(&bench).contains("waited for no more"));
}

#[test]
fn jobs_are_ended_one_by_one_and_the_scan_is_not() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press("J down x");
    assert!(shown(&bench).contains("new blocks are always looked at"), "{}", shown(&bench));
    let ends = |command: &Command| matches!(command, Command::Operation(asked) if asked.changes());
    assert!(!bench.asked.iter().any(ends));
    bench.press("J end x");
    assert!(bench.asked.contains(&Command::Drop(DraftId(7))), "{}", shown(&bench));
    bench.press("up x");
    let cancels = |command: &Command| matches!(command, Command::Bump(request) if request.way == BumpWay::Cancel);
    assert!(bench.asked.iter().any(cancels), "{}", shown(&bench));
}

#[test]
fn the_log_tells_what_was_refused_and_under_which_limits() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press("A down");
    let told = shown(&bench);
    for wanted in ["! per_payment", "order-2", "0.00 100 000 BTC a payment", "only to 1 dest"] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    bench.press("y");
    assert!(bench.copied.is_empty(), "of a refusal nothing came");
    bench.press("down y");
    assert_eq!(bench.copied.len(), 1);
    bench.press("tab");
    assert!(shown(&bench).contains("blocks above 961,199 left the chain"), "{}", shown(&bench));
    let before = bench.asked.len();
    bench.press("enter");
    let more = |command: &Command| {
        let after =
            |reading: &TellerReading| matches!(reading, TellerReading::Audit { after: 3, .. });
        matches!(command, Command::Teller(asked) if matches!(&**asked, TellerCommand::Read(reading) if after(reading)))
    };
    assert!(bench.asked[before..].iter().any(more), "only what came since is read again");
}

#[test]
fn the_doctor_can_be_asked_without_a_peer() {
    let mut bench = Bench::open(State::Error, true);
    bench.press(": d o c t o r enter");
    let told = shown(&bench);
    assert!(told.contains("! rights") && told.contains("none is ready"), "{told}");
    bench.press("y");
    assert!(bench.copied[0].contains("! peers        none is ready\n"), "{:?}", bench.copied);
}

#[test]
fn settings_tell_what_keys_changed_too() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press(": s e t t i n g s enter");
    assert!(shown(&bench).contains("bitcoin  key u"), "{}", shown(&bench));
    bench.press("u");
    let told = shown(&bench);
    assert!(told.contains("satoshi  key u") && told.contains("5 min  lock.idle"), "{told}");
}

#[test]
fn the_first_payment_asks_for_a_backup_and_later_ones_do_not() {
    let paid = |net| News {
        wallet: Some(WalletName::default()),
        event: Event::Transaction(TransactionChange {
            txid: Txid::from_byte_array([1; 32]),
            net: SignedAmount::from_sat(net),
            state: PaymentState::Pending,
            seen_by: 1,
            before: None,
            left: None,
        }),
    };
    let mut bench = Bench::open(State::Empty, true);
    bench.tell(Message::Heard(paid(70_000)));
    assert!(shown(&bench).contains("nobody checked the words yet"), "{}", shown(&bench));
    let mut checked = Bench::open(State::Busy, true);
    checked.tell(Message::Heard(paid(70_000)));
    assert!(!shown(&checked).contains("nobody checked the words"));
}

#[test]
fn a_search_is_partial_until_it_tells_what_it_looked_for() {
    let mut bench = Bench::open(State::Busy, true);
    assert!(shown(&bench).contains("~ partial 961,204"), "{}", shown(&bench));
    bench.press("J");
    let told = shown(&bench);
    assert!(told.contains("there may be more") && told.contains("5 payments"), "{told}");
    let mut ended = Bench::open(State::Empty, true);
    ended.press("J");
    let told = shown(&ended);
    assert!(
        told.contains("ended at block 961,204") && told.contains("50 scripts from block 709,632"),
        "{told}"
    );
    let tip = BlockId::new(Height::new(961_204), BlockHash::all_zeros());
    let event = Event::Synced { tip, status: Box::new(Status::at(tip)), searched: true };
    ended.tell(Message::Heard(News { wallet: None, event }));
    assert!(shown(&ended).contains("The search for old payments has ended"));
}

#[test]
fn the_palette_tells_the_command_of_a_verb_and_copies_it() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press(": s e n d");
    assert!(
        shown(&bench).contains("In a script  billfold pay ADDRESS AMOUNT"),
        "{}",
        shown(&bench)
    );
    bench.press("ctrl-y");
    assert_eq!(bench.copied, ["billfold pay ADDRESS AMOUNT"]);
    bench.press("ctrl-u h i d e ctrl-y");
    assert_eq!(bench.copied.len(), 1);
    assert!(shown(&bench).contains("no command does that"), "{}", shown(&bench));
}

fn unlocked() -> Bench {
    let mut bench = Bench::open(State::Busy, true);
    bench.press(": u n l o c k enter");
    bench.types(PASSWORD);
    bench.press("enter");
    bench
}

/// Who has just written words down knows that nothing is older.
#[test]
fn the_end_of_a_search_is_told_to_who_restored_and_not_of_new_keys() {
    let synced = |bench: &mut Bench| {
        let tip = BlockId::new(Height::new(112), BlockHash::all_zeros());
        let status = Box::new(Status::at(tip));
        let event = Event::Synced { tip, status, searched: true };
        bench.tell(Message::Heard(News { wallet: None, event }));
        shown(bench).contains("The search for old payments has ended")
    };
    assert!(!synced(&mut played()));
    assert!(synced(&mut Bench::open(State::Busy, true)));
}

/// Keys that lock without a word would do so in the middle of a payment.
#[test]
fn the_last_seconds_of_open_keys_are_counted_and_a_key_starts_anew() {
    let mut bench = unlocked();
    assert!(shown(&bench).contains("keys open"), "{}", shown(&bench));
    bench.locks_in = Some(Duration::from_secs(300));
    bench.press("2");
    assert!(shown(&bench).contains("keys open"), "nothing is counted while there is time");
    bench.locks_in = Some(Duration::from_secs(30));
    bench.wake();
    assert!(shown(&bench).contains("keys lock in 30 s"), "{}", shown(&bench));
    bench.locks_in = Some(Duration::from_secs(29));
    bench.wake();
    assert!(shown(&bench).contains("keys lock in 29 s"), "{}", shown(&bench));
    let before = bench.asked.len();
    bench.locks_in = Some(Duration::from_secs(300));
    bench.press("down");
    assert!(bench.asked[before..].contains(&Command::Present), "the wallet knows of the person");
    assert!(shown(&bench).contains("keys open"), "{}", shown(&bench));
    bench.press("L");
    let before = bench.asked.len();
    bench.press("down");
    bench.wake();
    assert!(!bench.asked[before..].contains(&Command::Present), "locked keys need no watch");
    assert!(!shown(&bench).contains("keys"), "{}", shown(&bench));
}

#[test]
fn everybody_of_a_file_is_paid_by_one_payment_or_nobody() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press(": p a y - f i l e enter");
    bench.types("/wages.csv");
    bench.press("tab");
    bench.types("many");
    bench.press("enter");
    assert!(shown(&bench).contains("not a fee rate"), "{}", shown(&bench));
    bench.press("ctrl-u 3 enter");
    assert!(shown(&bench).contains("Review"), "{}", shown(&bench));
    let amounts = bench.asked.iter().find_map(|command| match command {
        Command::Draft(request) => {
            Some(request.recipients.iter().map(|one| one.amount).collect::<Vec<_>>())
        }
        _ => None,
    });
    let exactly = |sat| PayAmount::Exactly(Amount::from_sat(sat));
    assert_eq!(amounts, Some(vec![exactly(25_000), exactly(30_000)]));
    bench.press("esc tab ctrl-u");
    bench.types("/accounts.txt");
    bench.press("enter");
    assert!(shown(&bench).contains("line 1: "), "{}", shown(&bench));
}

#[test]
fn a_consolidation_pays_all_to_a_new_address_of_ours() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press(": c o n s o l enter enter");
    assert!(shown(&bench).contains("Review"), "{}", shown(&bench));
    let fresh = |command: &Command| matches!(command, Command::Receive { fresh: true, .. });
    assert!(bench.asked.iter().any(fresh), "an address that was given away is not used");
    let request = bench.asked.iter().find_map(|command| match command {
        Command::Draft(request) => Some(request),
        _ => None,
    });
    let request = request.expect("a draft");
    assert_eq!(request.recipients[0].amount, PayAmount::Max);
    assert_eq!(signed(&bench), 0);
    let mut marked = Bench::open(State::Busy, true);
    marked.press("3 space : c o n s o l enter enter");
    assert!(shown(&marked).contains("no two coins"), "{}", shown(&marked));
}

#[test]
fn a_message_is_signed_after_the_password_and_a_signature_is_checked() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press("4 : m e s s a g e enter");
    bench.types("hello");
    bench.press("enter");
    assert!(shown(&bench).contains("Unlock") && shown(&bench).contains("keys are locked"));
    bench.types(PASSWORD);
    bench.press("enter enter");
    assert!(shown(&bench).contains(SIGNATURE.get(..60).unwrap_or_default()), "{}", shown(&bench));
    bench.press("y");
    assert_eq!(bench.copied, [SIGNATURE]);
    bench.press("esc tab");
    bench.types(SIGNATURE);
    bench.press("enter");
    assert!(!shown(&bench).contains("Valid"), "it is of another address: {}", shown(&bench));
}

#[test]
fn the_history_is_written_as_the_command_writes_it_and_no_file_is_replaced() {
    let mut bench = Bench::open(State::Busy, true);
    bench.press(": e x p o r t enter enter");
    assert!(shown(&bench).contains("written to billfold-history.csv"), "{}", shown(&bench));
    let (_, bytes) = &bench.written[0];
    let text = String::from_utf8(bytes.clone()).expect("text");
    assert!(text.starts_with("time,txid,state,height,net,amount,fee,note\n"), "{text}");
    bench.press(": e x p o r t enter enter");
    assert!(shown(&bench).contains("there already"), "{}", shown(&bench));
}
