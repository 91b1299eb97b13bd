//! Types of other crates, behind features.

#[cfg(feature = "uuid")]
mod with_uuid {
    use crate::{FromSql, Packer, Result, ToSql, Uuid, ValueRef};

    impl ToSql for uuid::Uuid {
        fn to_sql(&self, out: &mut Packer) -> Result<()> {
            Uuid(*self.as_bytes()).to_sql(out)
        }
    }

    impl<'r> FromSql<'r> for uuid::Uuid {
        fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
            Uuid::from_sql(value).map(|value| Self::from_bytes(value.0))
        }
    }
}

#[cfg(feature = "chrono")]
mod with_chrono {
    use crate::{Date, FromSql, Interval, Packer, Result, Time, Timestamp, TimestampTz, ToSql, ValueRef};
    use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};

    const EPOCH_DAY: i32 = 719_163; // of the common era

    impl ToSql for NaiveDate {
        fn to_sql(&self, out: &mut Packer) -> Result<()> {
            Date(self.num_days_from_ce() - EPOCH_DAY).to_sql(out)
        }
    }

    impl<'r> FromSql<'r> for NaiveDate {
        fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
            let date = Date::from_sql(value)?;
            let day = date.0.checked_add(EPOCH_DAY).and_then(Self::from_num_days_from_ce_opt);
            day.ok_or_else(|| format!("{date:?} is outside of what chrono has"))
        }
    }

    impl ToSql for NaiveTime {
        fn to_sql(&self, out: &mut Packer) -> Result<()> {
            Time(i64::from(self.num_seconds_from_midnight()) * 1_000_000 + i64::from(self.nanosecond() / 1000)).to_sql(out)
        }
    }

    impl<'r> FromSql<'r> for NaiveTime {
        fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
            let time = Time::from_sql(value)?;
            let (seconds, micros) = (time.0.div_euclid(1_000_000) as u32, time.0.rem_euclid(1_000_000) as u32);
            Self::from_num_seconds_from_midnight_opt(seconds, micros * 1000).ok_or_else(|| "chrono has no 24:00".into())
        }
    }

    impl ToSql for DateTime<Utc> {
        fn to_sql(&self, out: &mut Packer) -> Result<()> {
            TimestampTz(self.timestamp_micros()).to_sql(out)
        }
    }

    impl ToSql for DateTime<FixedOffset> {
        fn to_sql(&self, out: &mut Packer) -> Result<()> {
            TimestampTz(self.timestamp_micros()).to_sql(out)
        }
    }

    impl<'r> FromSql<'r> for DateTime<Utc> {
        fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
            let instant = TimestampTz::from_sql(value)?;
            Self::from_timestamp_micros(instant.0).ok_or_else(|| format!("{instant:?} is outside of what chrono has"))
        }
    }

    impl ToSql for NaiveDateTime {
        fn to_sql(&self, out: &mut Packer) -> Result<()> {
            Timestamp(self.and_utc().timestamp_micros()).to_sql(out)
        }
    }

    impl<'r> FromSql<'r> for NaiveDateTime {
        fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
            let at = Timestamp::from_sql(value)?;
            let instant =
                DateTime::<Utc>::from_timestamp_micros(at.0).ok_or_else(|| format!("{at:?} is outside of what chrono has"))?;
            Ok(instant.naive_utc())
        }
    }

    /// As an interval without months and days.
    impl ToSql for TimeDelta {
        fn to_sql(&self, out: &mut Packer) -> Result<()> {
            let micros =
                self.num_microseconds().ok_or_else(|| crate::Error::ToSql(format!("{self} is too long for an interval")))?;
            Interval { months: 0, days: 0, micros }.to_sql(out)
        }
    }

    /// Of an interval without months; its days have 24 hours.
    impl<'r> FromSql<'r> for TimeDelta {
        fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
            let interval = Interval::from_sql(value)?;
            if interval.months != 0 {
                return Err(format!("{interval:?} has months, which have no length"));
            }
            Ok(Self::days(interval.days.into()) + Self::microseconds(interval.micros))
        }
    }
}
