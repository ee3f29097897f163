//! Owns the methods about the daemon itself: help, stop, uptime, what it does now.

use serde::Serialize;

use crate::arguments::Arguments;
use crate::error::RpcError;
use crate::json::answer;
use crate::method::{Category, Method, Outcome, REFUSALS, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getindexinfo",
        category: Category::Util,
        parameters: &[Parameter::optional("index_name", Kind::Text, "Only this one")],
        about: "Returns the status of one or all available indices currently running in the node: \
                there are none.",
        standing: Standing::Same,
        run: Run::Pure(|_, _| answer(&NoIndexesForm {})),
    },
    Method {
        name: "getmemoryinfo",
        category: Category::Control,
        parameters: &[Parameter::optional("mode", Kind::Text, "stats or mallocinfo")],
        about: "Returns an object containing information about memory usage.",
        standing: Standing::Differs(
            "no memory is locked, so all numbers are 0: keys are wiped when they are dropped; -8 for \
             mallocinfo, as of a Bitcoin Core that was built without it",
        ),
        run: Run::Pure(|_, arguments| memory(arguments)),
    },
    Method {
        name: "getrpcinfo",
        category: Category::Control,
        parameters: &[],
        about: "Returns details of the RPC server.",
        standing: Standing::Same,
        run: Run::Node(|node, _| Box::pin(async { calls(node) })),
    },
    Method {
        name: "getzmqnotifications",
        category: Category::Control,
        parameters: &[],
        about: "Returns information about the active ZeroMQ notifications: there are none.",
        standing: Standing::Same,
        run: Run::Pure(|_, _| answer::<[(); 0]>(&[])),
    },
    Method {
        name: "help",
        category: Category::Control,
        parameters: &[Parameter::optional("command", Kind::Text, "The method to tell of")],
        about: "List all methods, or tell of one.",
        standing: Standing::Differs("the texts are our own"),
        run: Run::Pure(|_, arguments| help(arguments)),
    },
    Method {
        name: "stop",
        category: Category::Control,
        parameters: &[Parameter::optional("wait", Kind::Number, "Changes nothing")],
        about: "Request a graceful shutdown of the daemon.",
        standing: Standing::Differs(
            "the text names billfold; wait, which Core hides, is taken, and the answer comes at once",
        ),
        run: Run::Node(|node, arguments| Box::pin(async { stop(node, arguments) })),
    },
    Method {
        name: "uptime",
        category: Category::Control,
        parameters: &[],
        about: "Returns the total uptime of the daemon in seconds.",
        standing: Standing::Same,
        run: Run::Node(|node, _| Box::pin(async { answer(&node.started.elapsed().as_secs()) })),
    },
];

/// What a method is, for one that asks by its name.
fn help(arguments: &Arguments) -> Outcome {
    let Some(name) = arguments.text(0)? else { return answer(&overview()) };
    if let Some(method) = Method::named(name) {
        return answer(&method.help());
    }
    match REFUSALS.iter().find(|refusal| refusal.name == name) {
        Some(refusal) => answer(&refusal.message()),
        // Core answers an unknown name with a text, not with an error.
        None => answer(&format!("help: unknown command: {name}")),
    }
}

fn overview() -> String {
    let mut lines = Vec::new();
    let mut category = None;
    for method in Method::all() {
        if method.category == Category::Hidden {
            continue;
        }
        if category != Some(method.category) {
            if category.is_some() {
                lines.push(String::new());
            }
            category = Some(method.category);
            lines.push(format!("== {} ==", method.category.name()));
        }
        lines.push(method.usage());
    }
    lines.join("\n")
}

fn memory(arguments: &Arguments) -> Outcome {
    match arguments.text(0)?.unwrap_or("stats") {
        "stats" => answer(&MemoryForm { locked: LockedForm::default() }),
        "mallocinfo" => Err(RpcError::parameter("mallocinfo mode not available")),
        mode => Err(RpcError::parameter(format!("unknown mode {mode}"))),
    }
}

fn calls(node: &Node) -> Outcome {
    let open = node.activity.open().into_iter().map(|(method, since)| CallForm {
        method,
        duration: u64::try_from(since.as_micros()).unwrap_or(u64::MAX),
    });
    answer(&CallsForm { active_commands: open.collect(), logpath: &node.log })
}

#[derive(Debug, Serialize)]
struct NoIndexesForm {}

#[derive(Debug, Serialize)]
struct MemoryForm {
    locked: LockedForm,
}

#[derive(Debug, Default, Serialize)]
struct LockedForm {
    used: u64,
    free: u64,
    total: u64,
    locked: u64,
    chunks_used: u64,
    chunks_free: u64,
}

#[derive(Debug, Serialize)]
struct CallsForm<'a> {
    active_commands: Vec<CallForm>,
    logpath: &'a str,
}

#[derive(Debug, Serialize)]
struct CallForm {
    method: &'static str,
    duration: u64,
}

fn stop(node: &Node, arguments: &Arguments) -> Outcome {
    arguments.integer(0)?;
    node.stop.ask();
    answer("billfold stopping")
}
