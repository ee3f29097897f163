//! Owns the methods about the daemon itself: help, stop, uptime.

use crate::arguments::Arguments;
use crate::json::answer;
use crate::method::{Category, Method, Outcome, REFUSALS, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
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
        parameters: &[],
        about: "Request a graceful shutdown of the daemon.",
        standing: Standing::Differs("the text names billfold"),
        run: Run::Node(|node, _| Box::pin(async { stop(node) })),
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
        None => answer(&format!("help: unknown command: {name}\n")),
    }
}

fn overview() -> String {
    let mut lines = Vec::new();
    let mut category = None;
    for method in Method::all() {
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

fn stop(node: &Node) -> Outcome {
    node.stop.ask();
    answer("billfold stopping")
}
