//! Owns `Failure`: any error of any floor as the one thing that is told, `{code, name, message,
//! data}` and an exit code.
//!
//! Refuses to invent: every error is mapped by a `match` that the compiler keeps whole. No message
//! and no data holds a secret, because no error below does.

use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use billfold_wallet_core::failure::{Exit, Kind};

mod backup;
mod accounts;
mod command;
mod opening;
mod signer;
mod typed;

/// What went wrong, ready to be told to a person or a program.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    details: Map<String, Value>,
    exit: Option<u8>,
}

impl Failure {
    /// A failure with a lower-case message that says what to do.
    #[must_use]
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), details: Map::new(), exit: None }
    }

    /// A fault of the program itself, whose place was told when it happened.
    #[must_use]
    pub(crate) fn bug() -> Self {
        Self::new(
            Kind::Bug,
            "billfold has a fault and stopped; what it told before is stored. Please report what \
             you did, and the place that was named",
        )
    }

    /// Adds one field for programs.
    #[must_use]
    pub(crate) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.details.insert(field.to_owned(), value.into());
        self
    }

    /// Exits with another code than others of its kind.
    #[must_use]
    pub(crate) const fn exiting(mut self, code: u8) -> Self {
        self.exit = Some(code);
        self
    }

    /// How the program exits.
    #[must_use]
    pub(crate) fn exit(&self) -> u8 {
        self.exit.unwrap_or(self.kind.exit() as u8)
    }

    /// Puts what was being done before the message.
    #[must_use]
    pub(crate) fn while_doing(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// Puts more behind the message.
    #[must_use]
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.message.push_str(more);
        self
    }

    /// Which of the list it is.
    #[must_use]
    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// For people: lower-case, says what to do.
    #[must_use]
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The error object.
    #[must_use]
    pub(crate) fn form(&self) -> ErrorForm<'_> {
        ErrorForm {
            error: ErrorObject {
                code: self.kind.code(),
                name: self.kind.name(),
                message: &self.message,
                data: &self.details,
            },
        }
    }
}

/// A failure in JSON.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorForm<'a> {
    error: ErrorObject<'a>,
}

#[derive(Debug, Serialize)]
struct ErrorObject<'a> {
    code: i32,
    name: &'static str,
    message: &'a str,
    data: &'a Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_error_object_has_its_four_fields() {
        let failure = Failure::new(Kind::InsufficientFunds, "not enough").with("needed", 5_u64);
        let expected = json!({"error": {
            "code": -6, "name": "insufficient_funds", "message": "not enough",
            "data": {"needed": 5},
        }});
        assert_eq!(serde_json::to_value(failure.form()).expect("JSON"), expected);
        assert_eq!(failure.kind().exit() as u8, 4);
    }
}
