//! Owns how a backup writes from where something is searched for, and how far ahead.
//!
//! Refuses to look further ahead than any restore does.

use serde::{Deserialize, Serialize};

use crate::command::Birthday;
use crate::config::LookAhead;
use crate::light_client::height::Height;
use crate::limits::LOOK_AHEAD;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum BirthdayForm {
    Height(u32),
    Time(u64),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LookAheadForm {
    receive: u32,
    change: u32,
}

impl From<Birthday> for BirthdayForm {
    fn from(birthday: Birthday) -> Self {
        match birthday {
            Birthday::Height(height) => Self::Height(height.to_u32()),
            Birthday::Time(time) => Self::Time(time),
        }
    }
}

impl From<BirthdayForm> for Birthday {
    fn from(form: BirthdayForm) -> Self {
        match form {
            BirthdayForm::Height(height) => Self::Height(Height::new(height)),
            BirthdayForm::Time(time) => Self::Time(time),
        }
    }
}

impl From<LookAhead> for LookAheadForm {
    fn from(LookAhead { receive, change }: LookAhead) -> Self {
        Self { receive, change }
    }
}

impl LookAheadForm {
    /// Nothing looks further.
    pub(super) fn checked(self) -> Option<LookAhead> {
        let Self { receive, change } = self;
        (receive.max(change) <= LOOK_AHEAD).then_some(LookAhead { receive, change })
    }
}
