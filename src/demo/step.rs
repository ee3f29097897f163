//! Owns how the story is told: a line for each step, and the last one.

use std::time::Duration;

use bitcoin::Amount;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::output::{Canvas, Report, figures};

/// One thing that happened, and was checked.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    #[serde(rename = "step")]
    name: &'static str,
    #[serde(flatten)]
    facts: Map<String, Value>,
    #[serde(skip)]
    text: String,
}

impl Step {
    /// A step with its name for programs and its line for people.
    pub(super) fn new(name: &'static str, text: String) -> Self {
        Self { name, facts: Map::new(), text }
    }

    /// Adds one fact for programs.
    pub(super) fn with(mut self, fact: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(fact.to_owned(), value.into());
        self
    }
}

impl Report for Step {
    fn for_people(&self, _canvas: Canvas) -> String {
        self.text.clone()
    }
}

/// What the three have at the end, and what the payments cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Balances {
    /// What Alice has.
    pub(super) alice: Amount,
    /// What Bob has.
    pub(super) bob: Amount,
    /// What Carol has.
    pub(super) carol: Amount,
    /// What the miners got.
    pub(super) fees: Amount,
}

/// The last line.
#[derive(Debug, Serialize)]
pub(super) struct Ending {
    demo: &'static str,
    steps: u32,
    seconds: f64,
    alice: u64,
    bob: u64,
    carol: u64,
    fees: u64,
    #[serde(skip)]
    for_programs: bool,
}

impl Ending {
    /// A story that went well; `for_programs` makes the line JSON whatever else is.
    pub(super) fn new(steps: u32, took: Duration, balances: Balances, for_programs: bool) -> Self {
        Self {
            demo: "ok",
            steps,
            seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
            alice: balances.alice.to_sat(),
            bob: balances.bob.to_sat(),
            carol: balances.carol.to_sat(),
            fees: balances.fees.to_sat(),
            for_programs,
        }
    }
}

impl Report for Ending {
    fn for_people(&self, _canvas: Canvas) -> String {
        let json = self.for_programs.then(|| serde_json::to_string(self).ok()).flatten();
        json.unwrap_or_else(|| {
            let amount = |sat| figures::amount(Amount::from_sat(sat));
            format!(
                "The end, after {} s: Alice can spend {}, Bob {}, Carol {}; the payments cost {}.",
                self.seconds,
                amount(self.alice),
                amount(self.bob),
                amount(self.carol),
                amount(self.fees),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn last_line_says_that_it_went_well() {
        let balances = Balances {
            alice: Amount::from_sat(4),
            bob: Amount::from_sat(3),
            carol: Amount::from_sat(2),
            fees: Amount::from_sat(1),
        };
        let expected = json!({
            "demo": "ok", "steps": 10, "seconds": 1.3, "alice": 4, "bob": 3, "carol": 2,
            "fees": 1,
        });
        let took = Duration::from_millis(1_260);
        let ending = Ending::new(10, took, balances, true);
        let line = ending.for_people(Canvas { drawings: false, colour: false });
        assert_eq!(serde_json::from_str::<Value>(&line).expect("JSON"), expected);
        assert_eq!(serde_json::to_value(&ending).expect("JSON"), expected);
    }
}
