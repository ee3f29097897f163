//! Tests of the table of methods: each name once, and what is said of each.

use std::collections::BTreeSet;

use billfold_wallet_core::light_client::params::Params as ChainParams;

use super::*;
use crate::auth::{Grant, Role};
use crate::envelope::Params;
use crate::origin::Origin;
use crate::puppet::Puppet;

/// The answer of a method that asks nobody, on regtest to arguments as they were written.
pub(super) fn pure(name: &str, params: &str) -> Result<serde_json::Value, (i32, String)> {
    let method = Method::named(name).expect("it is there");
    let params = Params::read(params).expect("an array or an object");
    let arguments = Arguments::read(method.parameters, params, || method.help());
    let answer = arguments.and_then(|arguments| match method.run {
        Run::Pure(run) => run(Network::Regtest, &arguments),
        Run::Node(run) => {
            let silent = Arc::new(Puppet::new(|_| None));
            let node = Node::new(ChainParams::new(Network::Regtest), "0.0.0", None, silent);
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(run(&node, &arguments))
        }
        _ => panic!("{name} asks a wallet"),
    });
    let answer = answer.map_err(|error| (error.code, error.message))?;
    assert_eq!(method.check(&answer), Ok(()), "{name}: {answer}");
    Ok(serde_json::from_str(answer.get()).expect("JSON"))
}

#[test]
fn every_name_stands_once_and_is_either_answered_or_refused() {
    let mut names = BTreeSet::new();
    for name in Method::all().into_iter().map(|method| method.name) {
        assert!(names.insert(name), "{name} is there twice");
    }
    for refusal in REFUSALS {
        assert!(names.insert(refusal.name), "{} is there twice", refusal.name);
        assert!(refusal.message().starts_with("Method not found"), "{}", refusal.message());
    }
    assert!(REFUSALS.is_sorted_by_key(|refusal| refusal.name));
}

/// The shapes stand in `results`: what help tells, and every reply is compared with.
#[test]
fn of_each_method_it_is_told_what_it_answers() {
    let mut told = BTreeSet::new();
    for name in results::methods() {
        assert!(told.insert(name), "{name} is told twice");
    }
    let without = Method::all().into_iter().filter(|method| method.results().is_none());
    let without: Vec<_> = without.map(|method| method.name).collect();
    assert_eq!(without, [""; 0], "tell what these answer in rpc/src/results");
    told.retain(|name| Method::named(name).is_none());
    assert_eq!(told, BTreeSet::new(), "there are no such methods");
}

#[test]
fn help_tells_arguments_and_answer() {
    let help = Method::named("listlabels").expect("it is there").help();
    let expected = "\
listlabels ( \"purpose\" )

Returns the list of all labels.

Arguments:
1. purpose    (string, optional) receive or send

Result:
[           (json array)
  \"str\",    (string) A label
  ...
]
";
    assert_eq!(help, expected);
}

#[test]
fn required_arguments_come_first() {
    let odd = ["sendmany", "walletcreatefundedpsbt"];
    for method in Method::all() {
        let optional = method.parameters.iter().map(|parameter| parameter.optional);
        assert!(optional.is_sorted() || odd.contains(&method.name), "{}", method.name);
    }
}

#[test]
fn usage_shows_what_may_be_left_out() {
    let header = Method::named("getblockheader").expect("it is there");
    assert_eq!(header.usage(), "getblockheader \"blockhash\" ( verbose )");
    assert_eq!(Method::named("uptime").expect("it is there").usage(), "uptime");
}

/// What a token that was made with some caveats lets through once others are added.
fn admitted(made_with: &[&str], added: &[&str], origin: Origin) -> BTreeSet<&'static str> {
    let [made_with, added] =
        [made_with, added].map(|lines| lines.iter().map(ToString::to_string).collect::<Vec<_>>());
    let grant = Grant::read(&made_with, &added, Network::Regtest).expect("known caveats");
    let names = Method::all().into_iter().map(|method| method.name);
    names.filter(|name| grant.admit(name, origin, 5).is_ok()).collect()
}

/// Whoever has a token adds what they like to it and asks nobody: every pair of bounds, to every token.
#[test]
fn no_bound_that_is_added_lets_a_method_through_nor_any_token_what_is_the_owners() {
    let every: Vec<_> = Method::all().into_iter().map(|method| method.name).collect();
    let (every, address) =
        (format!("methods={}", every.join(",")), "to=bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080");
    let bounds = [
        "role=read",
        "role=receive",
        "role=draft",
        "role=spend",
        "role=admin",
        "methods=getbalance,sendtoaddress",
        "methods=listdescriptors,stop,backupwallet,billfold.token.create",
        &every,
        "until=9",
        "from=127.0.0.1",
        "uid=1000",
        "calls_per_minute=5",
        "per_payment_sat=5",
        "budget_sat=5/60",
        address,
        "wallets=main",
    ];
    let tokens = bounds.iter().map(|bound| vec![*bound]);
    for made_with in tokens.chain([vec![], vec!["until=9", "budget_sat=5/60"]]) {
        for origin in [Origin::Socket(Some(1_000)), Origin::Network([127, 0, 0, 1].into())] {
            let whole = admitted(&made_with, &[], origin);
            let of_the_owner = whole.iter().find(|name| !Role::Admin.allows(name));
            assert_eq!(of_the_owner, None, "{made_with:?}");
            for first in bounds {
                let narrow = admitted(&made_with, &[first], origin);
                assert!(narrow.is_subset(&whole), "{made_with:?} and {first}");
                for second in bounds {
                    let narrower = admitted(&made_with, &[first, second], origin);
                    assert!(narrower.is_subset(&narrow), "{made_with:?}, {first} and {second}");
                }
            }
        }
    }
}

/// The page is written by `BILLFOLD_NEW_PAGE=1 cargo test -p billfold-rpc the_page`.
#[test]
fn the_page_tells_of_every_method() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rpc-status.md");
    let expected = page();
    if std::env::var_os("BILLFOLD_NEW_PAGE").is_some() {
        std::fs::write(path, &expected).expect("written");
    }
    let written = std::fs::read_to_string(path).expect("the page is there");
    assert!(written == expected, "write docs/rpc-status.md anew, as said above this test");
}

fn page() -> String {
    let mut lines = vec![PAGE_HEAD.to_owned()];
    lines.extend(["| Method | Compared with Bitcoin Core 31.0 |", "|---|---|"].map(str::to_owned));
    for method in Method::all() {
        let standing = match method.standing {
            Standing::Same => "the same",
            Standing::Ours => "Bitcoin Core has none",
            Standing::Differs(how) => how,
        };
        lines.push(format!("| `{}` | {standing} |", method.name));
    }
    lines.push(PAGE_REFUSALS.to_owned());
    lines.extend(["| Method | Since |", "|---|---|"].map(str::to_owned));
    lines.extend(
        REFUSALS.iter().map(|refusal| format!("| `{}` | {} |", refusal.name, refusal.reason)),
    );
    lines.join("\n") + "\n"
}

const PAGE_HEAD: &str = "\
# Methods of the daemon

Written from the table of methods by a test, which fails when it is out of date. What the daemon is, is in
[daemon.md](daemon.md). The level that is followed is Bitcoin Core 31.0: names, arguments, shapes, texts and codes of errors.
They are read from its source, checked against the types that corepc publishes, and compared with the answers of a running node:
Bitcoin Knots 29.4.3, which is Bitcoin Core 29 with additions ([testing.md](testing.md)).

## Answered
";

const PAGE_REFUSALS: &str = "
Every other method of Bitcoin Core is answered by -32601, `Method not found`.

## Not answered

These are answered by -32601 with the reason.
";
