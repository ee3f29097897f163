//! Owns how birthdays are told: for programs and for people.

use billfold_wallet_core::command::Birthday;
use serde::Serialize;

use crate::output::figures;

/// A birthday in JSON: either a height or a time in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum BirthdayForm {
    Height(u32),
    Time(u64),
}

impl BirthdayForm {
    pub(super) const fn new(birthday: Birthday) -> Self {
        match birthday {
            Birthday::Height(height) => Self::Height(height.to_u32()),
            Birthday::Time(seconds) => Self::Time(seconds),
        }
    }

    /// `481,824` or a local day.
    pub(super) fn for_table(self) -> String {
        match self {
            Self::Height(height) => figures::grouped(height.into()),
            Self::Time(seconds) => {
                figures::local_time(seconds).chars().take_while(|c| *c != ' ').collect()
            }
        }
    }

    /// `block 481,824` or a local time.
    pub(super) fn for_people(self) -> String {
        match self {
            Self::Height(height) => format!("block {}", figures::grouped(height.into())),
            Self::Time(seconds) => figures::local_time(seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use billfold_wallet_core::light_client::height::Height;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_birthday_is_a_height_or_a_time() {
        let form = |birthday| serde_json::to_value(BirthdayForm::new(birthday)).expect("JSON");
        assert_eq!(form(Birthday::Height(Height::new(5))), json!({"height": 5}));
        assert_eq!(form(Birthday::Time(1_230_768_000)), json!({"time": 1_230_768_000}));
    }
}
