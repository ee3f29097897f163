//! Owns the way of a call to its method and back: found by its name, its arguments placed and
//! checked, its wallet found, carried out.
//!
//! Refuses transport, and who may call what.

use crate::arguments::Arguments;
use crate::envelope::{Call, Refused, Reply};
use crate::error::RpcError;
use crate::method::{Method, Outcome, REFUSALS, Refusal, Run};
use crate::node::{Endpoint, Node};

/// Carries out one call, or tells why it can't be.
pub async fn reply(node: &Node, endpoint: &Endpoint, call: Result<Call, Refused>) -> Reply {
    match call {
        Err(Refused { caller, error }) => Reply { caller, outcome: Err(error) },
        Ok(Call { caller, method, params }) => {
            let outcome = match find(&method) {
                Ok(method) => {
                    let arguments = Arguments::read(method.parameters, params, || method.help());
                    match arguments {
                        Ok(arguments) => run(node, endpoint, method, &arguments).await,
                        Err(error) => Err(error),
                    }
                }
                Err(error) => Err(error),
            };
            Reply { caller, outcome }
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

async fn run(node: &Node, endpoint: &Endpoint, method: &Method, arguments: &Arguments) -> Outcome {
    match method.run {
        Run::Pure(work) => work(node.params.network, arguments),
        Run::Node(work) => work(node, arguments).await,
        Run::Wallet(work) | Run::Change(work) => {
            let desk = node.wallet(endpoint)?;
            work(node, &desk, arguments).await
        }
    }
}
