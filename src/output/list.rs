//! Owns lists: an array in JSON, a table for people, and a sentence where there is nothing.
//!
//! Refuses to know what is listed.

use serde::Serialize;

use super::table::{Column, Table};
use super::{Canvas, Report};

/// What a list consists of. As JSON it is one element of the array.
pub(crate) trait Listed<const COLUMNS: usize>: Serialize {
    /// The columns for people.
    const HEAD: [Column; COLUMNS];
    /// What people read where there is none.
    const NONE: &'static str;

    /// What stands in the columns.
    fn cells(&self) -> [String; COLUMNS];

    /// What stands below them; empty lines are left out.
    fn below(&self) -> Vec<String>;
}

/// A list.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct List<T, const COLUMNS: usize>(pub(crate) Vec<T>);

impl<T, const COLUMNS: usize> FromIterator<T> for List<T, COLUMNS> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        Self(rows.into_iter().collect())
    }
}

impl<T: Listed<COLUMNS>, const COLUMNS: usize> Report for List<T, COLUMNS> {
    fn for_people(&self, _canvas: Canvas) -> String {
        if self.0.is_empty() {
            return T::NONE.to_owned();
        }
        let mut table = Table::new(T::HEAD);
        for row in &self.0 {
            table.row_over(row.cells(), &row.below());
        }
        table.text()
    }
}
