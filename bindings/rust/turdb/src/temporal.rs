//! Dates and times as SQL writes them.
use std::fmt;

use crate::value::{Date, Interval, Time, Timestamp, TimestampTz};

const DAY: i64 = 86_400_000_000;

/// Year, month and day of a day since 1970-01-01, by the calendar of today for ever (Howard Hinnant's "days from civil", backwards).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153; // from March
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The day, and behind it what belongs before the era.
fn write_day(f: &mut fmt::Formatter<'_>, days: i64, behind: impl FnOnce(&mut fmt::Formatter<'_>) -> fmt::Result) -> fmt::Result {
    let (year, month, day) = civil(days);
    let shown = if year > 0 { year } else { 1 - year };
    write!(f, "{shown:04}-{month:02}-{day:02}")?;
    behind(f)?;
    if year > 0 {
        return Ok(());
    }
    f.write_str(" BC")
}

fn write_time(f: &mut fmt::Formatter<'_>, micros: i64) -> fmt::Result {
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    write!(f, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
    if micros == 0 {
        return Ok(());
    }
    f.write_str(format!(".{micros:06}").trim_end_matches('0'))
}

fn write_instant(f: &mut fmt::Formatter<'_>, micros: i64, zone: &str) -> fmt::Result {
    match micros {
        i64::MAX => f.write_str("infinity"),
        i64::MIN => f.write_str("-infinity"),
        _ => write_day(f, micros.div_euclid(DAY), |f| {
            f.write_str(" ")?;
            write_time(f, micros.rem_euclid(DAY))?;
            f.write_str(zone)
        }),
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            i32::MAX => f.write_str("infinity"),
            i32::MIN => f.write_str("-infinity"),
            days => write_day(f, days.into(), |_| Ok(())),
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_time(f, self.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_instant(f, self.0, "")
    }
}

/// In UTC.
impl fmt::Display for TimestampTz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_instant(f, self.0, "+00")
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} months {} days {} microseconds", self.months, self.days, self.micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_written_as_sql_does() {
        assert_eq!(Date(0).to_string(), "1970-01-01");
        assert_eq!(Date(-1).to_string(), "1969-12-31");
        assert_eq!(Date(11_016).to_string(), "2000-02-29");
        assert_eq!(Date(-719_528).to_string(), "0001-01-01 BC");
        assert_eq!(Date(-719_529).to_string(), "0002-12-31 BC");
        assert_eq!(Date(i32::MIN).to_string(), "-infinity");
        assert_eq!(Time(DAY).to_string(), "24:00:00");
        assert_eq!(Timestamp(-1).to_string(), "1969-12-31 23:59:59.999999");
        assert_eq!(TimestampTz(1_500_000).to_string(), "1970-01-01 00:00:01.5+00");
    }
}
