//! Owns the comparison of the daemon with a Bitcoin Core: the same request to both, and the table of
//! what may differ, with the reason of each.
//!
//! Refuses to excuse what no row names, and rows that excuse nothing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};

use crate::daemon::{Asker, Told};

/// What may differ.
#[derive(Debug)]
pub struct Known {
    /// The method; all if it is empty.
    pub method: &'static str,
    /// What stands in the request.
    pub asked: &'static str,
    /// What stands in Core's answer; `{method}` is the method's name.
    pub core: &'static str,
    /// What stands in ours.
    pub ours: &'static str,
    /// Why it may.
    pub why: &'static str,
}

/// Both, asked side by side.
#[derive(Debug)]
pub struct Twins {
    /// Bitcoin Core.
    pub core: Asker,
    /// The daemon.
    pub ours: Asker,
    /// Where each is asked.
    pub paths: (&'static str, &'static str),
    known: &'static [Known],
    used: RefCell<BTreeSet<usize>>,
    told: RefCell<Vec<String>>,
    count: Cell<usize>,
}

impl Twins {
    /// Both, with what may differ.
    #[must_use]
    pub fn new(core: Asker, ours: Asker, known: &'static [Known]) -> Self {
        Self {
            core,
            ours,
            paths: ("/", "/"),
            known,
            used: RefCell::default(),
            told: RefCell::default(),
            count: Cell::new(0),
        }
    }

    /// Compares the answers byte for byte, with their status and their type.
    ///
    /// # Errors
    /// That a connection broke.
    pub fn compare(&self, method: &str, params: &Value) -> Result<()> {
        let (request, core, ours) = self.asked(method, params)?;
        if core != ours {
            self.differ(method, &request, &whole(&core), &whole(&ours));
        }
        Ok(())
    }

    /// Compares what the answers say, whatever the order of lists and fields, without what only
    /// this Core tells and without moments at which something was heard of.
    ///
    /// # Errors
    /// That a connection broke, or that an answer is no JSON.
    pub fn compare_meaning(&self, method: &str, params: &Value) -> Result<()> {
        let (request, core, ours) = self.asked(method, params)?;
        if core.0 != ours.0 {
            self.differ(method, &request, &whole(&core), &whole(&ours));
            return Ok(());
        }
        let [core, ours] = [core.2, ours.2].map(|body| serde_json::from_str(&body).map(settled));
        self.walk(method, &request, "", &core?, &ours?);
        Ok(())
    }

    /// Compares what one request to a path is told, byte for byte, with its status and its type.
    ///
    /// # Errors
    /// That a connection broke.
    pub fn compare_request(&self, verb: &str, path: &str, body: &str) -> Result<()> {
        self.count.set(self.count.get() + 1);
        let [core, ours] = [&self.core, &self.ours].map(|asker| asker.request(verb, path, body));
        let (core, ours) = (plain(core?), plain(ours?));
        if core != ours {
            let request = format!("{verb} {path} {body}");
            self.differ("", &request, &whole(&core), &whole(&ours));
        }
        Ok(())
    }

    /// Ends the comparison.
    ///
    /// # Errors
    /// All differences that no row excuses, and rows that excused nothing.
    pub fn finish(self) -> Result<usize> {
        let told = self.told.into_inner();
        ensure!(told.is_empty(), "{} differences:\n{}", told.len(), told.join("\n"));
        let used = self.used.into_inner();
        let idle = (0..self.known.len()).filter(|at| !used.contains(at));
        let idle: Vec<_> = idle.map(|at| &self.known[at]).collect();
        ensure!(idle.is_empty(), "nothing differs so any more: {idle:#?}");
        Ok(self.count.get())
    }

    fn asked(&self, method: &str, params: &Value) -> Result<(String, Told, Told)> {
        self.count.set(self.count.get() + 1);
        let request = json!({"method": method, "params": params, "id": 1}).to_string();
        let core = self.core.post(self.paths.0, &request)?;
        let ours = self.ours.post(self.paths.1, &request)?;
        Ok((request, plain(core), plain(ours)))
    }

    fn walk(&self, method: &str, request: &str, place: &str, core: &Value, ours: &Value) {
        match (core, ours) {
            (Value::Object(a), Value::Object(b)) => {
                let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
                for name in names {
                    let [a, b] = [a, b].map(|all| all.get(name).unwrap_or(&MISSING));
                    self.walk(method, request, &format!("{place}.{name}"), a, b);
                }
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                for (at, (a, b)) in a.iter().zip(b).enumerate() {
                    self.walk(method, request, &format!("{place}[{at}]"), a, b);
                }
            }
            _ if core == ours => {}
            _ => {
                let [core, ours] = [core, ours].map(|value| format!("{place} = {value}"));
                self.differ(method, request, &core, &ours);
            }
        }
    }

    fn differ(&self, method: &str, request: &str, core: &str, ours: &str) {
        let excuses = |known: &Known| {
            let has = |text: &str, part: &str| text.contains(&part.replace("{method}", method));
            (known.method.is_empty() || known.method == method)
                && has(request, known.asked)
                && has(core, known.core)
                && has(ours, known.ours)
        };
        if let Some(at) = self.known.iter().position(excuses) {
            self.used.borrow_mut().insert(at);
            return;
        }
        let cut = |text: &str| text.chars().take(MOST_TOLD).collect::<String>();
        let [request, core, ours] = [request, core, ours].map(cut);
        self.told.borrow_mut().push(format!("{request}\n  core: {core}\n  ours: {ours}"));
    }
}

/// Status, type and body.
fn plain((status, head, body): Told) -> Told {
    let head = head.to_ascii_lowercase();
    let kind = head.lines().find(|line| line.starts_with("content-type:"));
    (status, kind.unwrap_or_default().to_owned(), body)
}

fn whole((status, kind, body): &Told) -> String {
    format!("{status} {kind} {body}")
}

/// The same in an order of its own.
fn settled(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, _)| !PASSED_OVER.contains(&name.as_str()));
            let kept: Map<String, Value> =
                kept.map(|(name, value)| (name, settled(value))).collect();
            kept.into()
        }
        Value::Array(all) => {
            let mut all: Vec<_> = all.into_iter().map(settled).collect();
            all.sort_by_cached_key(ToString::to_string);
            all.into()
        }
        other => other,
    }
}

/// What is not compared: what only Bitcoin Knots tells, and when something was first heard of.
const PASSED_OVER: &[&str] = &[
    "in_mempool",
    "isactive",
    "use_txids",
    "txcount",
    "header_version",
    "error_index",
    "time",
    "timereceived",
    "timestamp",
];

static MISSING: Value = Value::Null;

/// Letters of an answer that are shown.
const MOST_TOLD: usize = 600;
