//! Owns the methods that tell programs what can be called: an `OpenRPC` document, written from the
//! table of methods.

use crate::json::{Value, answer};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::shape::{Results, json_object as object};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getopenrpcinfo",
        category: Category::Control,
        parameters: &[],
        about: "Returns an OpenRPC document of all methods.",
        standing: NEWER,
        run: Run::Node(|node, _| Box::pin(async { document(node) })),
    },
    Method {
        name: "rpc.discover",
        category: Category::Control,
        parameters: &[],
        about: "Returns an OpenRPC document of all methods, by the name that OpenRPC asks for.",
        standing: NEWER,
        run: Run::Node(|node, _| Box::pin(async { document(node) })),
    },
];

const NEWER: Standing = Standing::Differs("newer than Bitcoin Core 31.0; the texts are our own");

fn document(node: &Node) -> Outcome {
    let info = object([
        ("title", "billfold JSON-RPC".into()),
        ("version", node.version.into()),
        ("description", ABOUT.into()),
    ]);
    let methods = Method::all().into_iter().map(told).collect();
    let parts = [("openrpc", OPENRPC.into()), ("info", info), ("methods", Value::Array(methods))];
    answer(&object(parts))
}

fn told(method: &Method) -> Value {
    let schema = method.results().map_or(object([]), Results::schema);
    object([
        ("name", method.name.into()),
        ("description", method.about.into()),
        ("params", Value::Array(method.parameters.iter().map(parameter).collect())),
        ("paramStructure", "either".into()),
        ("result", object([("name", "result".into()), ("schema", schema)])),
        ("x-bitcoin-category", method.category.name().to_ascii_lowercase().as_str().into()),
    ])
}

fn parameter(parameter: &Parameter) -> Value {
    let mut parts = vec![
        ("name", parameter.name().into()),
        ("required", Value::Bool(!parameter.optional)),
        ("schema", schema(parameter)),
        ("description", parameter.about.into()),
    ];
    let others: Vec<Value> = parameter.names.split('|').skip(1).map(Value::from).collect();
    if !others.is_empty() {
        parts.push(("x-bitcoin-aliases", Value::Array(others)));
    }
    object(parts)
}

fn schema(parameter: &Parameter) -> Value {
    let typed = |name: &str| object([("type", name.into())]);
    let one_of = |names: [&str; 2]| object([("oneOf", Value::Array(names.map(typed).into()))]);
    match parameter.kind {
        Kind::Text => typed("string"),
        Kind::Number => typed("number"),
        Kind::Amount => one_of(["number", "string"]),
        Kind::Bool => typed("boolean"),
        Kind::Array => typed("array"),
        Kind::Object if !parameter.fields.is_empty() => {
            let described = |field: &Parameter| (field.name(), schema(field));
            let fields = object(parameter.fields.iter().map(described));
            object([("type", "object".into()), ("properties", fields)])
        }
        Kind::Object => typed("object"),
        Kind::Range => one_of(["number", "array"]),
        Kind::Any => object([]),
    }
}

const ABOUT: &str = "The methods of Bitcoin Core 31.0 that a wallet without blocks can answer, and \
                     billfold's own.";

/// The version of `OpenRPC` that is written; Bitcoin Core writes the same.
const OPENRPC: &str = "1.4.1";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use billfold_wallet_core::light_client::params::Params;
    use bitcoin::Network;

    use super::*;
    use crate::puppet::Puppet;

    #[test]
    fn the_document_tells_every_method_with_arguments_and_answer() {
        let face = Arc::new(Puppet::new(|_| None));
        let node = Node::new(Params::new(Network::Regtest), "1.2.3", None, face);
        let told = document(&node).expect("a document");
        let own = Method::named("rpc.discover").expect("it is there");
        assert_eq!(own.check(&told), Ok(()));
        let told: serde_json::Value = serde_json::from_str(told.get()).expect("JSON");
        assert_eq!(told["info"]["version"], "1.2.3");
        let methods = told["methods"].as_array().expect("methods");
        assert_eq!(methods.len(), Method::all().len());
        let named = |name: &str| methods.iter().find(|method| method["name"] == name);
        let send = named("sendtoaddress").expect("it is there");
        assert_eq!(send["params"][0]["name"], "address");
        assert_eq!(send["params"][0]["required"], true);
        assert_eq!(send["params"][1]["schema"]["oneOf"][1]["type"], "string");
        assert_eq!(send["result"]["schema"]["oneOf"][0]["type"], "string");
        let header = named("getblockheader").expect("it is there");
        assert_eq!(header["params"][1]["required"], false);
        assert_eq!(header["x-bitcoin-category"], "blockchain");
        let pay = named("billfold.pay").expect("our own are there");
        let schema = &pay["result"]["schema"]["oneOf"][0];
        assert_eq!(schema["properties"]["fee_sat"]["type"], "integer");
    }
}
