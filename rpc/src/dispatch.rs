//! Owns the way of a call to its method and back: found by its name, its arguments placed and
//! checked, its wallet found, carried out.
//!
//! Refuses transport, and who may call what.

use std::sync::Arc;

use billfold_wallet_core::command::KeyedRequest;

use crate::apart::apart;
use crate::arguments::Arguments;
use crate::caller::Caller;
use crate::desk::Desk;
use crate::envelope::{Call, Params, Refused, Reply};
use crate::error::{Code, RpcError};
use crate::keyed;
use crate::limits::READ_TIME;
use crate::method::{Method, Outcome, REFUSALS, Refusal, Run};
use crate::node::{Endpoint, Node};
use crate::watch;

/// Carries out one call, or tells why it can't be.
pub async fn reply(
    node: &Node,
    caller: &Caller,
    endpoint: &Endpoint,
    call: Result<Call, Refused>,
) -> Reply {
    match call {
        Err(Refused { to, error }) => Reply { to, outcome: Err(error) },
        Ok(Call { to, method, params }) => {
            let outcome = match find(&method) {
                Ok(method) => match admitted(node, caller, endpoint, method, params) {
                    Ok((endpoint, arguments)) => {
                        let arguments = Arc::new(arguments);
                        let work = run(node, caller, &endpoint, method, &arguments);
                        let outcome = in_time(method, work).await;
                        if cfg!(debug_assertions) { as_told(method, outcome) } else { outcome }
                    }
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            Reply { to, outcome }
        }
    }
}

/// Whether a call must be carried to its end once it has begun.
#[must_use]
pub fn changes(call: &Result<Call, Refused>) -> bool {
    let method = call.as_ref().ok().and_then(|call| Method::named(&call.method));
    method.is_some_and(Method::changes)
}

fn find(name: &str) -> Result<&'static Method, RpcError> {
    Method::named(name).ok_or_else(|| {
        let refused = REFUSALS.iter().find(|refusal| refusal.name == name);
        RpcError::no_method(refused.map_or("Method not found".to_owned(), Refusal::message))
    })
}

/// An answer, if it is of the shape that help tells of it; else the call fails as a bug does. Only
/// builds for tests look, so that all of them look at every reply.
fn as_told(method: &Method, outcome: Outcome) -> Outcome {
    let answer = outcome?;
    match method.check(&answer) {
        Ok(()) => Ok(answer),
        Err(misfit) => Err(RpcError::new(Code::Internal, format!("{}: {misfit}", method.name))),
    }
}

/// The wallet that a call is about, and its arguments, if its caller may make it.
fn admitted(
    node: &Node,
    caller: &Caller,
    endpoint: &Endpoint,
    method: &Method,
    params: Params,
) -> Result<(Endpoint, Arguments), RpcError> {
    caller.admit(method.name, &node.rates, node.now())?;
    let endpoint = endpoint_for(caller, endpoint, Subject::of(method.run))?;
    let arguments = Arguments::read(method.parameters, params, || method.help())?;
    Ok((endpoint, arguments))
}

/// What a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// No wallet.
    None,
    /// One.
    Wallet,
    /// Which are open.
    OpenWallets,
}

impl Subject {
    const fn of(run: Run) -> Self {
        match run {
            Run::Pure(_) | Run::Node(_) | Run::Wallets(_) => Self::None,
            Run::Open(_) => Self::OpenWallets,
            Run::Wallet(_) | Run::Change(_) | Run::Pay { .. } => Self::Wallet,
        }
    }
}

/// The wallet that a caller means; whoever has a token and names none means the one that it is for.
///
/// # Errors
/// -1000 if the token is not for it, or if which wallets are open would change; -19 if it is for several,
/// and none is named: which of them are open may be another when the call is repeated with its key.
pub(crate) fn endpoint_for(
    caller: &Caller,
    endpoint: &Endpoint,
    about: Subject,
) -> Result<Endpoint, RpcError> {
    let Some(pass) = &caller.pass else { return Ok(endpoint.clone()) };
    match endpoint {
        _ if about == Subject::OpenWallets => {}
        Endpoint::Wallet(name) if pass.wallets.iter().any(|one| one.as_str() == name) => {
            return Ok(endpoint.clone());
        }
        Endpoint::Root if about == Subject::None => return Ok(Endpoint::Root),
        Endpoint::Root if pass.wallets.len() > 1 => {
            return Err(RpcError::new(Code::WalletNotSpecified, OF_SEVERAL));
        }
        Endpoint::Root if let Some(only) = pass.wallets.first() => {
            return Ok(Endpoint::Wallet(only.to_string()));
        }
        _ => {}
    }
    let told = RpcError::new(Code::PolicyRefused, "the token is of another wallet");
    Err(told.advising("wallet", false, "ask at the wallet of the token"))
}

/// The open wallets that a caller may ask: of a token only those that it is for.
fn open_to(node: &Node, caller: &Caller) -> Vec<Arc<Desk>> {
    let mut open = node.wallets();
    if let Some(pass) = &caller.pass {
        open.retain(|desk| pass.wallets.iter().any(|one| one.as_str() == desk.name()));
    }
    open
}

/// The key of a call: its own argument, or what its caller gave with the request.
fn key<'a>(
    caller: &'a Caller,
    method: &Method,
    arguments: &'a Arguments,
) -> Result<Option<&'a str>, RpcError> {
    let place = |name: &str| method.parameters.iter().position(|one| one.names == name);
    let with_request = caller.key.as_deref();
    let argument = place("key").map(|at| arguments.text(at)).transpose()?.flatten();
    if with_request.zip(argument).is_some_and(|(one, other)| one != other) {
        return Err(RpcError::parameter(TWO_KEYS));
    }
    let is_dry = place("dry_run").map(|at| arguments.flag(at, false)).transpose()?;
    Ok(argument.or(with_request).filter(|_| is_dry != Some(true)))
}

async fn run(
    node: &Node,
    caller: &Caller,
    endpoint: &Endpoint,
    method: &Method,
    arguments: &Arc<Arguments>,
) -> Outcome {
    let _call = node.activity.begin(method.name);
    match method.run {
        // What it computes may take long, and one thread answers all.
        Run::Pure(work) => {
            let (network, arguments) = (node.params.network, Arc::clone(arguments));
            apart(move || work(network, &arguments)).await?
        }
        Run::Node(work) => work(node, arguments).await,
        Run::Wallets(work) => work(node, &open_to(node, caller), arguments).await,
        // Nobody keeps what it was answered.
        Run::Open(_) if caller.key.is_some() => Err(RpcError::parameter(format!(
            "{} takes no Idempotency-Key: look at what is there before you ask again",
            method.name
        ))),
        Run::Open(work) => work(node, endpoint, arguments).await,
        Run::Wallet(work) => {
            let desk = node.wallet(endpoint)?.on_behalf_of(caller.authority(method.name, None));
            work(node, &desk, arguments).await
        }
        Run::Change(work) | Run::Pay { work, .. } => {
            let request = keyed_request(node, caller, method, arguments)?;
            let by = caller.authority(method.name, request.clone());
            let desk = node.wallet(endpoint)?.on_behalf_of(by);
            match request {
                None => work(node, &desk, arguments).await,
                Some(request) => keyed::once(&desk, request, work(node, &desk, arguments)).await,
            }
        }
    }
}

/// What is only read is given up after a time; what changes anything is carried to its end.
async fn in_time(method: &Method, work: impl Future<Output = Outcome>) -> Outcome {
    if !method.is_timed() {
        return work.await;
    }
    watch::in_time(READ_TIME, work).await.unwrap_or_else(|| {
        let seconds = READ_TIME.as_secs();
        let message = format!("{} took more than {seconds} s: ask for less at once", method.name);
        Err(RpcError::new(Code::Misc, message))
    })
}

/// The key of a call, with what it stands for.
fn keyed_request(
    node: &Node,
    caller: &Caller,
    method: &Method,
    arguments: &Arguments,
) -> Result<Option<KeyedRequest>, RpcError> {
    let Some(key) = key(caller, method, arguments)? else { return Ok(None) };
    let hash = match method.run {
        Run::Pay { identify, .. } => identify(node, arguments)?,
        _ => keyed::call(method.name, arguments),
    };
    keyed::request(key, hash).map(Some)
}

const TWO_KEYS: &str = "The header Idempotency-Key and the argument key differ: give one of them";
const OF_SEVERAL: &str = "The token is for several wallets. Please select which wallet to use by \
                          requesting the RPC through the /wallet/<walletname> URI path.";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use billfold_wallet_core::config::WalletName;
    use billfold_wallet_core::light_client::params::Params;
    use miniscript::descriptor::checksum::desc_checksum;
    use tokio::time::timeout;

    use super::*;
    use crate::auth::Grant;
    use crate::caller::Pass;
    use crate::envelope::Body;
    use crate::origin::Origin;
    use crate::puppet::Puppet;

    /// A wallet that says nothing holds up nobody who only reads, and nobody gives up a payment.
    #[tokio::test(start_paused = true)]
    async fn what_only_reads_ends_in_time() {
        let node = Node::new(
            Params::new(bitcoin::Network::Regtest),
            "0.0.0",
            None,
            Arc::new(Puppet::new(|_| None)),
        );
        node.add(WalletName::default());
        let ask = |text: &str| {
            let Ok(Body::Single(call)) = Body::parse(text.as_bytes()) else { panic!("one call") };
            let caller = Caller::owner(Origin::Socket(None));
            let node = &node;
            async move { reply(node, &caller, &Endpoint::Root, call).await.outcome }
        };
        let read = ask(r#"{"method":"getbalance","params":[],"id":1}"#).await;
        let told = read.expect_err("nobody answers");
        assert_eq!(told.code, Code::Misc as i32, "{told:?}");
        for (waits, params) in [
            ("getnewaddress", "[]"),
            ("billfold.op.wait", "[1]"),
            ("rescanblockchain", "[]"),
            ("importdescriptors", "[[]]"),
            ("createwalletdescriptor", r#"["bech32"]"#),
        ] {
            let text = format!(r#"{{"method":"{waits}","params":{params},"id":1}}"#);
            let waited = timeout(2 * READ_TIME, ask(&text)).await;
            assert!(waited.is_err(), "{waits}: {waited:?}");
        }
    }

    /// One thread answers all.
    #[tokio::test]
    async fn what_computes_for_long_holds_up_nobody() {
        let silent = Arc::new(Puppet::new(|_| None));
        let node = Node::new(Params::new(bitcoin::Network::Regtest), "0.0.0", None, silent);
        let ask = |text: String| {
            let Ok(Body::Single(call)) = Body::parse(text.as_bytes()) else { panic!("one call") };
            let caller = Caller::owner(Origin::Socket(None));
            let node = &node;
            async move { reply(node, &caller, &Endpoint::Root, call).await.outcome }
        };
        let key = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B";
        let body = format!("wpkh({key}/*)");
        let text = format!("{body}#{}", desc_checksum(&body).expect("letters"));
        let long =
            format!(r#"{{"id":1,"method":"deriveaddresses","params":["{text}",[0,999999]]}}"#);
        let input = format!(r#"{{"txid":"{}","vout":0}},"#, "11".repeat(32)).repeat(100_000);
        let inputs = input.trim_end_matches(',');
        let pure =
            format!(r#"{{"id":1,"method":"createrawtransaction","params":[[{inputs}],[]]}}"#);
        for slow in [long, pure] {
            let quick = ask(r#"{"id":1,"method":"uptime"}"#.to_owned());
            tokio::select! {
                biased;
                _ = ask(slow) => panic!("it is done before others are heard"),
                told = quick => assert!(told.is_ok(), "{told:?}"),
            }
        }
    }

    /// What another wallet has is nothing to whoever has a token for one.
    #[tokio::test]
    async fn a_token_opens_only_the_wallets_that_it_is_for() {
        let silent = Arc::new(Puppet::new(|_| None));
        let node = Node::new(Params::new(bitcoin::Network::Regtest), "0.0.0", None, silent);
        let (shop, purse) = ("shop".parse::<WalletName>(), "purse".parse::<WalletName>());
        let (shop, purse) = (shop.expect("a name"), purse.expect("a name"));
        node.add(shop.clone());
        node.add(purse);
        let mut caller = Caller::owner(Origin::Socket(None));
        assert_eq!(open_to(&node, &caller).len(), 2);
        let wallets = BTreeSet::from([shop]);
        let grant = Grant::read(&[], &[], bitcoin::Network::Regtest).expect("no caveats");
        caller.pass = Some(Pass { grant, wallets });
        let names: Vec<String> =
            open_to(&node, &caller).iter().map(|desk| desk.name().to_owned()).collect();
        assert_eq!(names, ["shop"]);
    }

    /// Whoever gives a key repeats the call when the answer is lost, and counts on it.
    #[test]
    fn a_key_is_never_left_out_of_account() {
        let caller =
            |key: &str| Caller { key: Some(key.to_owned()), ..Caller::owner(Origin::Socket(None)) };
        let told = |given: &str, name: &str, params: &str| {
            let method = Method::named(name).expect("it is there");
            let params = crate::envelope::Params::read(params).expect("arguments");
            let arguments = Arguments::read(method.parameters, params, || method.help());
            let arguments = arguments.expect("they fit");
            key(&caller(given), method, &arguments).map(|key| key.map(str::to_owned))
        };
        let invoice = "billfold.invoice.create";
        let one = Ok(Some("one".to_owned()));
        assert_eq!(told("one", invoice, r#"{"amount_sat":5}"#), one);
        assert_eq!(told("one", invoice, r#"{"amount_sat":5,"key":"one"}"#), one);
        assert_eq!(told("one", "sendtoaddress", r#"["x",1]"#), one);
        let refused = Err(RpcError::parameter(TWO_KEYS));
        assert_eq!(told("two", invoice, r#"{"amount_sat":5,"key":"one"}"#), refused);
        let dry = r#"{"key":"one","dry_run":true}"#;
        assert_eq!(told("one", "billfold.pay", dry), Ok(None));
        assert_eq!(told("two", "billfold.pay", dry), refused);
    }

    /// The wallet is not asked: one of the two payments would not be made.
    #[tokio::test]
    async fn an_address_that_is_to_be_paid_twice_is_told() {
        let silent = Arc::new(Puppet::new(|_| None));
        let params = Params::new(bitcoin::Network::Regtest);
        let node = Node::new(params, "0.0.0", None, silent);
        node.add(WalletName::default());
        let address = "bcrt1qjqmxmkpmxt80xz4y3746zgt0q3u3ferr34acd5";
        let text = format!(
            r#"{{"method":"sendmany","params":["",{{"{address}":1,"{address}":2}}],"id":1}}"#
        );
        let Ok(Body::Single(call)) = Body::parse(text.as_bytes()) else { panic!("one call") };
        let caller = Caller::owner(Origin::Socket(None));
        let reply = reply(&node, &caller, &Endpoint::Root, call).await;
        let refused = reply.outcome.expect_err("refused");
        let message = format!("Invalid parameter, duplicated address: {address}");
        assert_eq!(refused, RpcError::parameter(message));
    }
}
