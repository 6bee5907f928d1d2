use hongbao_shared::{Day, Timestamp};
use jiff::{Timestamp as Moment, tz::TimeZone};

/// The one time zone that the days of the cycle and the years of lists follow
/// (R-ORDER-4).
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

/// A month of a calendar year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    /// The year.
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
}

impl Zone {
    /// The zone with this IANA name, such as `Asia/Shanghai`.
    pub fn named(name: &str) -> Result<Self, jiff::Error> {
        TimeZone::get(name).map(Self)
    }

    /// Days since 1970-01-01 in this zone.
    pub fn epoch_day(&self, at: Timestamp) -> i64 {
        let moment = Moment::from_millisecond(at.millis()).unwrap_or(Moment::UNIX_EPOCH);
        let offset_ms = i64::from(self.0.to_offset(moment).seconds()) * 1000;
        at.millis().saturating_add(offset_ms).div_euclid(24 * 60 * 60 * 1000)
    }

    /// The day of the 31-day cycle.
    pub fn day(&self, at: Timestamp) -> Day {
        Day::of_epoch_day(self.epoch_day(at))
    }

    /// When the day began that it is.
    pub fn day_begins(&self, at: Timestamp) -> Timestamp {
        let moment = Moment::from_millisecond(at.millis()).unwrap_or(Moment::UNIX_EPOCH);
        let began = moment.to_zoned(self.0.clone()).start_of_day();
        began.map_or(at, |began| Timestamp::from_millis(began.timestamp().as_millisecond()))
    }

    /// The calendar month.
    pub fn month(&self, at: Timestamp) -> Month {
        let moment = Moment::from_millisecond(at.millis()).unwrap_or(Moment::UNIX_EPOCH);
        let date = moment.to_zoned(self.0.clone()).date();
        Month { year: date.year(), month: date.month().unsigned_abs() }
    }
}
