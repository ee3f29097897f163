//! Owns how shapes are shown to people: the JSON as it will look on the left, what each line is on
//! the right, in the layout of Bitcoin Core's `help`.

use super::{Results, Shape, ShapeKind};

impl Results {
    /// The part of a method's help that tells of its answer.
    #[must_use]
    pub fn help(&self) -> String {
        let mut text = String::new();
        for (when, shape) in self.cases() {
            text += "\nResult";
            if !when.is_empty() {
                text.extend([" (", when, ")"]);
            }
            text += ":\n";
            let mut lines = Vec::new();
            shape.lay_out(&mut lines, Inside::Nothing, 0);
            text += &columns(&lines);
        }
        text
    }
}

/// What a value stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Array,
    Object,
}

/// The JSON of a line, and what is said of it.
type Line = (String, String);

impl Shape {
    fn lay_out(&self, lines: &mut Vec<Line>, inside: Inside, depth: usize) {
        let indent = " ".repeat(depth);
        let comma = if inside == Inside::Nothing { "" } else { "," };
        let key = match inside {
            Inside::Object => format!("\"{}\" : ", self.name),
            Inside::Nothing | Inside::Array => String::new(),
        };
        let (sample, kind) = self.kind.sample();
        let about = self.said(kind);
        let (parts, [open, close], goes_on) = match self.kind {
            ShapeKind::Array(of) => (vec![of], ["[", "]"], true),
            ShapeKind::Tuple(parts) => (parts.iter().collect(), ["[", "]"], false),
            ShapeKind::Object(fields) => (Self::flat(fields), ["{", "}"], false),
            ShapeKind::Keyed(of) => (vec![of], ["{", "}"], true),
            ShapeKind::Either([first, ..]) => {
                let one = Self { name: self.name, is_optional: self.is_optional, ..*first };
                return one.lay_out(lines, inside, depth);
            }
            _ => return lines.push((format!("{indent}{key}{sample}{comma}"), about)),
        };
        if parts.is_empty() {
            return lines.push((format!("{indent}{key}{sample}{comma}"), about));
        }
        lines.push((format!("{indent}{key}{open}"), about));
        let within = if open == "[" { Inside::Array } else { Inside::Object };
        for part in parts {
            part.lay_out(lines, within, depth + 2);
        }
        if goes_on {
            lines.push((format!("{indent}  ..."), String::new()));
        } else if let Some((last, _)) = lines.last_mut() {
            // A comma after the last would be no JSON.
            last.pop();
        }
        lines.push((format!("{indent}{close}{comma}"), String::new()));
    }

    fn said(&self, kind: &str) -> String {
        let optional = if self.is_optional { ", optional" } else { "" };
        let gap = if self.about.is_empty() { "" } else { " " };
        format!("({kind}{optional}){gap}{}", self.about)
    }
}

impl ShapeKind {
    /// What stands for a value, and what its type is called.
    const fn sample(self) -> (&'static str, &'static str) {
        match self {
            Self::Null => ("null", "json null"),
            Self::Flag => ("true|false", "boolean"),
            Self::Text => ("\"str\"", "string"),
            Self::Hex => ("\"hex\"", "string"),
            Self::Integer | Self::Real | Self::Amount => ("n", "numeric"),
            Self::Time => ("xxx", "numeric"),
            Self::Array(_) | Self::Tuple(_) => ("[]", "json array"),
            Self::Object([]) => ("{}", "empty JSON object"),
            Self::Object(_) | Self::Keyed(_) | Self::Fields(_) => ("{}", "json object"),
            Self::Either(_) | Self::Any => ("...", "any"),
        }
    }
}

fn columns(lines: &[Line]) -> String {
    let width = lines.iter().map(|(left, _)| left.len()).max().unwrap_or(0) + GAP;
    let line = |(left, right): &Line| match right.as_str() {
        "" => format!("{left}\n"),
        right => format!("{left:width$}{right}\n"),
    };
    lines.iter().map(line).collect()
}

/// Columns between the longest line and what is said of it.
const GAP: usize = 4;
