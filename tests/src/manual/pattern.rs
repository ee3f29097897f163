//! Owns how text that was said is compared with text that is written, where `…` stands for what
//! differs from run to run.
//!
//! Refuses to look at spaces at the ends of lines: nobody sees them.

/// Whether lines were said as they are written. In a line, `…` stands for any text; a line of `…`
/// alone stands for any lines, or none.
#[must_use]
pub fn holds(written: &[&str], said: &[&str]) -> bool {
    match written.split_first() {
        None => said.is_empty(),
        Some((&ANY, rest)) => (0..=said.len()).any(|skipped| holds(rest, &said[skipped..])),
        Some((line, rest)) => {
            said.split_first().is_some_and(|(first, later)| fits(line, first) && holds(rest, later))
        }
    }
}

fn fits(written: &str, said: &str) -> bool {
    let (written, said) = (written.trim_end(), said.trim_end());
    let Some((head, rest)) = written.split_once(ANY) else { return written == said };
    let Some(mut left) = said.strip_prefix(head) else { return false };
    let mut parts: Vec<_> = rest.split(ANY).collect();
    // What stands after the last wildcard must be at the very end.
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(tail)
}

/// Stands for what differs.
const ANY: &str = "…";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_a_part_of_a_line() {
        for (written, said) in [
            ("same", "same  "),
            ("…", "anything"),
            ("a…", "a"),
            ("…z", "a z"),
            ("{\"txid\":\"…\",\"fee\":…}", "{\"txid\":\"00ff\",\"fee\":12}"),
        ] {
            assert!(fits(written, said), "{written} | {said}");
        }
        for (written, said) in [
            ("same", "same?"),
            ("a…", "b"),
            ("…z", "z a"),
            ("ab…ba", "aba"),
            ("{\"fee\":…}", "{\"fee\":12},"),
        ] {
            assert!(!fits(written, said), "{written} | {said}");
        }
    }

    #[test]
    fn a_line_of_a_wildcard_stands_for_lines() {
        assert!(holds(&["a", "…", "d"], &["a", "b", "c", "d"]));
        assert!(holds(&["a", "…"], &["a"]));
        assert!(!holds(&["a", "…", "d"], &["a", "b"]));
        assert!(!holds(&["a"], &["a", "b"]));
        assert!(!holds(&["a", "b"], &["a"]));
    }
}
