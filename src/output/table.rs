//! Owns tables for people: a head, rows, columns as wide as their widest cell.
//!
//! Refuses borders and cuts: a cell is shown whole, and a line can be read aloud or searched.

/// A table being filled.
#[derive(Debug, Clone)]
pub(crate) struct Table<const COLUMNS: usize> {
    columns: [Column; COLUMNS],
    rows: Vec<Row<COLUMNS>>,
}

/// One row: its cells, and whole lines below them for what is too long for a column.
#[derive(Debug, Clone)]
struct Row<const COLUMNS: usize> {
    cells: [String; COLUMNS],
    below: Vec<String>,
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    title: &'static str,
    right: bool,
}

impl Column {
    /// A column of text.
    #[must_use]
    pub(crate) const fn left(title: &'static str) -> Self {
        Self { title, right: false }
    }

    /// A column of numbers.
    #[must_use]
    pub(crate) const fn right(title: &'static str) -> Self {
        Self { title, right: true }
    }
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// An empty table.
    #[must_use]
    pub(crate) const fn new(columns: [Column; COLUMNS]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: [String; COLUMNS]) {
        self.rows.push(Row { cells, below: Vec::new() });
    }

    /// Adds a row with lines below it; empty ones are left out.
    pub(crate) fn row_over(&mut self, cells: [String; COLUMNS], below: &[String]) {
        let below = below.iter().filter(|line| !line.is_empty()).map(|line| format!("    {line}"));
        self.rows.push(Row { cells, below: below.collect() });
    }

    /// The text, without a line end after the last row.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        let head = self.columns.map(|column| column.title.to_owned());
        let widths: [usize; COLUMNS] = std::array::from_fn(|place| {
            let cells = self.rows.iter().map(|row| &row.cells).chain([&head]);
            cells.map(|cells| cells[place].chars().count()).max().unwrap_or(0)
        });
        let mut lines = vec![self.line(&head, widths)];
        for row in &self.rows {
            lines.push(self.line(&row.cells, widths));
            lines.extend_from_slice(&row.below);
        }
        lines.join("\n")
    }

    fn line(&self, row: &[String; COLUMNS], widths: [usize; COLUMNS]) -> String {
        let cells = row.iter().zip(self.columns).zip(widths).map(|((cell, column), width)| {
            if column.right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new([Column::left("name"), Column::right("n"), Column::left("x")]);
        table.row(["é".to_owned(), "10".to_owned(), String::new()]);
        table.row(["longer".to_owned(), "9".to_owned(), "y".to_owned()]);
        assert_eq!(table.text(), "name     n  x\né       10\nlonger   9  y");
    }

    #[test]
    fn what_is_long_stands_below_its_row() {
        let mut table = Table::new([Column::right("amount")]);
        table.row_over(["5".to_owned()], &["a long name".to_owned(), String::new()]);
        assert_eq!(table.text(), "amount\n     5\n    a long name");
    }
}
