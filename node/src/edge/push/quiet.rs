//! Quiet hours: until when a moment is within them.

use comity_machine::Quiet;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Whether there is such a time zone in the IANA database. What systems keep beside its zones is
/// none: it is another zone on each machine, or counts leap seconds.
pub(super) fn is_zone(name: &str) -> bool {
    let is_local = ["localtime", "posixrules", "Factory"].contains(&name);
    let is_variant = name.starts_with("posix/") || name.starts_with("right/");
    !is_local && !is_variant && TimeZone::get(name).is_ok()
}

/// When the quiet hours end that a moment is within, both in Unix milliseconds; `None` where it is
/// not, or where nobody knows the zone any more.
pub(super) fn until(quiet: &Quiet, unix_ms: u64) -> Option<u64> {
    let zone = TimeZone::get(&quiet.zone).ok()?;
    let now = Timestamp::from_millisecond(i64::try_from(unix_ms).ok()?).ok()?.to_zoned(zone);
    let minute = u16::try_from(i32::from(now.hour()) * 60 + i32::from(now.minute())).ok()?;
    let (from, until) = (quiet.from, quiet.until);
    let is_today = match from < until {
        true if (from..until).contains(&minute) => true,
        false if minute < until => true,
        false if minute >= from => false,
        _ => return None,
    };
    let day = if is_today { now.date() } else { now.date().tomorrow().ok()? };
    let (hour, minute) = (i8::try_from(until / 60).ok()?, i8::try_from(until % 60).ok()?);
    let end = day.at(hour, minute, 0, 0).to_zoned(now.time_zone().clone()).ok()?;
    // Where clocks are set back, the end may lie behind already.
    let end = end.timestamp().max(now.timestamp() + SignedDuration::from_secs(60));
    u64::try_from(end.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn at(text: &str) -> u64 {
        text.parse::<Timestamp>().unwrap().as_millisecond().try_into().unwrap()
    }

    #[test]
    fn they_end_by_the_clock_on_the_wall() {
        let quiet = |from, until, zone: &str| Quiet { from, until, zone: zone.into() };
        let night = quiet(22 * 60, 7 * 60, "Europe/Berlin");
        for (now, end) in [
            ("2026-01-10T20:59:59Z", None),
            ("2026-01-10T21:00:00Z", Some("2026-01-11T06:00:00Z")),
            ("2026-01-10T23:30:00Z", Some("2026-01-11T06:00:00Z")),
            ("2026-01-11T05:59:00Z", Some("2026-01-11T06:00:00Z")),
            ("2026-01-11T06:00:00Z", None),
            // The clocks are set forward in that night.
            ("2026-03-28T22:00:00Z", Some("2026-03-29T05:00:00Z")),
        ] {
            assert_eq!(until(&night, at(now)), end.map(at), "{now}");
        }
        let lunch = quiet(12 * 60, 13 * 60 + 30, "Asia/Seoul");
        assert_eq!(until(&lunch, at("2026-01-10T03:15:00Z")), Some(at("2026-01-10T04:30:00Z")));
        assert_eq!(until(&lunch, at("2026-01-10T04:30:00Z")), None);
        let always = quiet(60, 60, "UTC");
        assert_eq!(until(&always, at("2026-01-10T00:30:00Z")), Some(at("2026-01-10T01:00:00Z")));
        assert_eq!(until(&always, at("2026-01-10T01:30:00Z")), Some(at("2026-01-11T01:00:00Z")));
        assert_eq!(until(&quiet(0, 60, "Nowhere/Here"), at("2026-01-10T00:30:00Z")), None);
        for (name, is) in [
            ("America/New_York", true),
            ("UTC", true),
            ("Nowhere/Here", false),
            ("localtime", false),
            ("posix/Europe/Berlin", false),
        ] {
            assert_eq!(is_zone(name), is, "{name}");
        }
    }
}
