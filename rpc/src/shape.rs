//! Owns `Shape`: of what kind the JSON of an answer is, field by field, as Bitcoin Core's
//! `RPCResult` says it; help, the `OpenRPC` document and the check of every reply read the same one.
//!
//! Refuses to make answers: what a method writes is compared with its shape, never built from it.

mod fit;
mod layout;
mod schema;

pub use fit::Misfit;
pub(crate) use schema::object as json_object;

/// What a value in an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The name of the field that holds it; empty for what is in no object.
    pub name: &'static str,
    /// Of what kind it is.
    pub kind: ShapeKind,
    /// Whether the field may be left out.
    pub is_optional: bool,
    /// What it is, for people; empty where the name says it.
    pub about: &'static str,
}

/// Of what kind a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShapeKind {
    /// `null`.
    Null,
    /// True or false.
    Flag,
    /// A text.
    Text,
    /// Bytes, as a text in hex.
    Hex,
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// An amount in bitcoin: a number with eight decimals.
    Amount,
    /// Seconds since 1970.
    Time,
    /// An array of values that are all alike.
    Array(&'static Shape),
    /// An array whose values each have their own shape; the last may be left out.
    Tuple(&'static [Shape]),
    /// An object with these fields and no others.
    Object(&'static [Shape]),
    /// An object whose names are not known before; the one is what stands for any of them.
    Keyed(&'static Shape),
    /// All fields of another object, which stand among those of the one that names them.
    Fields(&'static [Shape]),
    /// One of several; people are shown the first.
    Either(&'static [Shape]),
    /// Whatever JSON there is.
    Any,
}

/// What a method answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Results {
    /// Always this.
    One(Shape),
    /// One of several, each with when that is.
    Several(&'static [(&'static str, Shape)]),
}

impl Shape {
    /// `null`.
    pub const NULL: Self = Self::new("", ShapeKind::Null, "");

    /// A value of a kind.
    #[must_use]
    pub const fn new(name: &'static str, kind: ShapeKind, about: &'static str) -> Self {
        Self { name, kind, is_optional: false, about }
    }

    /// The same, which may be left out.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }

    /// True or false.
    #[must_use]
    pub const fn flag(name: &'static str, about: &'static str) -> Self {
        Self::new(name, ShapeKind::Flag, about)
    }

    /// A text.
    #[must_use]
    pub const fn text(name: &'static str, about: &'static str) -> Self {
        Self::new(name, ShapeKind::Text, about)
    }

    /// Bytes in hex.
    #[must_use]
    pub const fn hex(name: &'static str, about: &'static str) -> Self {
        Self::new(name, ShapeKind::Hex, about)
    }

    /// A whole number.
    #[must_use]
    pub const fn integer(name: &'static str, about: &'static str) -> Self {
        Self::new(name, ShapeKind::Integer, about)
    }

    /// A number.
    #[must_use]
    pub const fn real(name: &'static str, about: &'static str) -> Self {
        Self::new(name, ShapeKind::Real, about)
    }

    /// An amount in bitcoin.
    #[must_use]
    pub const fn amount(name: &'static str, about: &'static str) -> Self {
        Self::new(name, ShapeKind::Amount, about)
    }

    /// Seconds since 1970.
    #[must_use]
    pub const fn time(name: &'static str, about: &'static str) -> Self {
        Self::new(name, ShapeKind::Time, about)
    }

    /// An array of values that are all alike.
    #[must_use]
    pub const fn array(name: &'static str, of: &'static Self, about: &'static str) -> Self {
        Self::new(name, ShapeKind::Array(of), about)
    }

    /// An object with these fields.
    #[must_use]
    pub const fn object(name: &'static str, fields: &'static [Self], about: &'static str) -> Self {
        Self::new(name, ShapeKind::Object(fields), about)
    }

    /// An object whose names are not known before.
    #[must_use]
    pub const fn keyed(name: &'static str, of: &'static Self, about: &'static str) -> Self {
        Self::new(name, ShapeKind::Keyed(of), about)
    }

    /// All fields of another object.
    #[must_use]
    pub const fn fields(fields: &'static [Self]) -> Self {
        Self::new("", ShapeKind::Fields(fields), "")
    }

    /// The fields of an object, those that it takes from others among them.
    fn flat(fields: &'static [Self]) -> Vec<&'static Self> {
        let mut all = Vec::new();
        for field in fields {
            match field.kind {
                ShapeKind::Fields(more) => all.extend(Self::flat(more)),
                _ => all.push(field),
            }
        }
        all
    }
}

impl Results {
    /// Each that may come, with when that is.
    #[must_use]
    pub fn cases(&self) -> Vec<(&'static str, &Shape)> {
        match self {
            Self::One(shape) => vec![("", shape)],
            Self::Several(cases) => cases.iter().map(|(when, shape)| (*when, shape)).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
