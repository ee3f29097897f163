//! Owns how people write a birthday: a block height or a month.
//!
//! Refuses days: a month is what people remember, and its first second is early enough.

use std::str::FromStr;

use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::light_client::height::Height;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A birthday as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BirthdayArg(pub Birthday);

impl FromStr for BirthdayArg {
    type Err = ParseBirthdayError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(height) = text.parse::<u32>() {
            return Ok(Self(Birthday::Height(Height::new(height))));
        }
        let (year, month) = text.split_once('-').ok_or(ParseBirthdayError)?;
        if year.len() != 4 || month.len() != 2 {
            return Err(ParseBirthdayError);
        }
        let year: i16 = year.parse().map_err(|_| ParseBirthdayError)?;
        let month: i8 = month.parse().map_err(|_| ParseBirthdayError)?;
        let first_day = Date::new(year, month, 1).map_err(|_| ParseBirthdayError)?;
        let start = first_day.to_zoned(TimeZone::UTC).map_err(|_| ParseBirthdayError)?;
        let seconds = start.timestamp().as_second();
        u64::try_from(seconds).map(|s| Self(Birthday::Time(s))).map_err(|_| ParseBirthdayError)
    }
}

/// The text is neither a height nor a month since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a birthday: write a block height or a month as YYYY-MM, for example 2021-03")]
pub struct ParseBirthdayError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_with_its_first_second_in_utc() {
        assert_eq!("2009-01".parse(), Ok(BirthdayArg(Birthday::Time(1_230_768_000))));
        assert_eq!("1970-01".parse(), Ok(BirthdayArg(Birthday::Time(0))));
    }

    #[test]
    fn a_number_is_a_height() {
        assert_eq!("481824".parse(), Ok(BirthdayArg(Birthday::Height(Height::new(481_824)))));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "2021", "-1", "2021-13", "2021-00", "21-03", "2021-3", "1969-12", "x"] {
            let is_height = text == "2021";
            assert_eq!(text.parse::<BirthdayArg>().is_ok(), is_height, "{text}");
        }
    }
}
