//! Owns `Parameter`: what a method's argument is called and of which type it is, as Bitcoin Core's
//! `RPCArg` says it; one table serves checks, help and the command line.
//!
//! Refuses meaning: that a text is an address is the method's to find out.

use crate::json::{Value, type_name};

/// One argument of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name; further names by which it is known follow after `|`.
    pub names: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is, for people.
    pub about: &'static str,
    /// The fields of an object that may stand among the named arguments themselves.
    pub fields: &'static [Self],
}

/// The type of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// An amount in bitcoin: a number, or a text that is one.
    Amount,
    /// True or false.
    Bool,
    /// An array.
    Array,
    /// An object.
    Object,
    /// A number, or an array of two.
    Range,
    /// A text or a number, or whatever else the method takes.
    Any,
}

impl Parameter {
    /// An argument that must be there.
    #[must_use]
    pub const fn required(names: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { names, kind, optional: false, about, fields: &[] }
    }

    /// An argument that may be left out.
    #[must_use]
    pub const fn optional(names: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { names, kind, optional: true, about, fields: &[] }
    }

    /// An object whose fields may be named among the arguments.
    #[must_use]
    pub const fn options(fields: &'static [Self], about: &'static str) -> Self {
        Self { names: "options", kind: Kind::Object, optional: true, about, fields }
    }

    /// Whether a name is one of its names.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.names.split('|').any(|own| own == name)
    }

    /// The name that counts.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.names.split('|').next().unwrap_or(self.names)
    }

    /// What is wrong with the type of a value, in Core's words.
    #[must_use]
    pub fn mismatch(&self, value: &Value) -> Option<String> {
        if self.optional && value.is_null() {
            return None;
        }
        let expected = self.kind.expected()?;
        let found = type_name(value);
        (found != expected)
            .then(|| format!("JSON value of type {found} is not of expected type {expected}"))
    }

    /// How it stands in a line of usage.
    #[must_use]
    pub fn in_usage(&self) -> String {
        let name = self.name();
        match self.kind {
            Kind::Text => format!("\"{name}\""),
            Kind::Array => format!("[{name},...]"),
            Kind::Object => format!("{{\"{name}\":...}}"),
            Kind::Number | Kind::Amount | Kind::Bool | Kind::Range | Kind::Any => name.to_owned(),
        }
    }

    /// How it stands in a list of arguments.
    #[must_use]
    pub fn in_help(&self) -> String {
        let must = if self.optional { "optional" } else { "required" };
        format!("{}    ({}, {must}) {}", self.name(), self.kind.name(), self.about)
    }
}

impl Kind {
    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Number => "numeric",
            Self::Amount => "numeric or string",
            Self::Bool => "boolean",
            Self::Array => "json array",
            Self::Object => "json object",
            Self::Range => "numeric or array",
            Self::Any => "any",
        }
    }

    /// The type that Core checks before the method is asked, if it checks it.
    #[must_use]
    pub const fn expected(self) -> Option<&'static str> {
        match self {
            Self::Text => Some("string"),
            Self::Number => Some("number"),
            Self::Bool => Some("bool"),
            Self::Array => Some("array"),
            Self::Object => Some("object"),
            Self::Amount | Self::Range | Self::Any => None,
        }
    }
}
