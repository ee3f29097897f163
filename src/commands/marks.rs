//! Owns how marks on transactions, coins and addresses are told to people.

use billfold_wallet_core::command::Mark;

/// A line for each mark.
#[must_use]
pub(super) fn in_words(marks: &[Mark]) -> Vec<String> {
    marks.iter().map(line).collect()
}

fn line(mark: &Mark) -> String {
    match mark {
        Mark::LooksLike { imitation, known } => format!(
            "! a stranger's payment to {imitation}, which looks like {known}, paid from here: copy \
             neither from this list"
        ),
        Mark::Dust => {
            "! dust from outside: spent with other coins it shows that they are yours".to_owned()
        }
        Mark::Reused => {
            "! address paid more than once: anybody sees that it is one owner".to_owned()
        }
    }
}
