//! Owns the reading of comma-separated values (RFC 4180), with quotes and with lines in quotes.
//!
//! Refuses to fail: what has no closing quote ends with the file.

/// A row: the line where it begins, counted from 1, and its fields.
pub(super) type Row = (u64, Vec<String>);

/// The rows of a text.
pub(super) fn rows(text: &str) -> impl Iterator<Item = Row> {
    let mut rest = text;
    let mut line = 1;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (fields, behind) = row(rest);
        let begins = line;
        line += rest[..rest.len() - behind.len()].matches('\n').count() as u64;
        rest = behind;
        Some((begins, fields))
    })
}

/// The fields of the first row, and what is behind it.
fn row(text: &str) -> (Vec<String>, &str) {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.char_indices().peekable();
    while let Some((_, character)) = characters.next() {
        let field = fields.last_mut().expect("there is one from the beginning");
        match character {
            '"' if quoted && characters.next_if(|(_, next)| *next == '"').is_some() => {
                field.push('"');
            }
            '"' if quoted || field.is_empty() => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            '\n' if !quoted => {
                if field.ends_with('\r') {
                    field.pop();
                }
                let behind = characters.next().map_or("", |(at, _)| &text[at..]);
                return (fields, behind);
            }
            other => field.push(other),
        }
    }
    (fields, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_commas_lines_and_quotes() {
        let read: Vec<_> = rows("a,\"b, \"\"c\"\"\nd\",e\r\n\"\",x\n,\"open").collect();
        let row = |line, fields: &[&str]| (line, fields.iter().map(|f| (*f).to_owned()).collect());
        assert_eq!(
            read,
            [row(1, &["a", "b, \"c\"\nd", "e"]), row(3, &["", "x"]), row(4, &["", "open"])]
        );
        assert_eq!(rows("").count(), 0);
    }
}
