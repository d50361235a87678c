//! Times as clients see them: RFC 3339 in UTC with milliseconds. It must not read a clock.

/// The text of a Unix time.
pub(crate) fn format_unix_ms(unix_ms: u64) -> String {
    let (days, ms) = (unix_ms / DAY_MS, unix_ms % DAY_MS);
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    let milli = ms % 1_000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The Unix time of `2026-11-23` or `2026-11-23T03:27:27[.123]Z`; `None` for any other form.
pub(crate) fn parse_unix_ms(text: &str) -> Option<u64> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let in_range = year >= 1970 && hour < 24 && minute < 60 && second < 60;
    let real = in_range && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !real || fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    if civil_from_days(days) != (year, month, day) {
        return None;
    }
    let milli = format!("{fraction:0<3}").get(..3)?.parse::<u64>().ok()?;
    Some(days * DAY_MS + hour * 3_600_000 + minute * 60_000 + second * 1_000 + milli)
}

fn numbers(text: &str, separator: char, lengths: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut found = [0; 3];
    for (number, length) in found.iter_mut().zip(lengths) {
        let part = parts.next()?;
        if part.len() != length || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

/// Years are counted from March, so that the leap day is a year's last.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days + DAYS_TO_1970;
    let (era, in_era) = (shifted / ERA_DAYS, shifted % ERA_DAYS);
    let year_in_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_in_era + year_in_era / 4 - year_in_era / 100);
    let from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_in_era + u64::from(month <= 2), month, day)
}

fn days_from_civil(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, year_in_era) = (year / 400, year % 400);
    let from_march = (month + 9) % 12;
    let in_year = (153 * from_march + 2) / 5 + day - 1;
    let in_era = year_in_era * 365 + year_in_era / 4 - year_in_era / 100 + in_year;
    era * ERA_DAYS + in_era - DAYS_TO_1970
}

const DAY_MS: u64 = 86_400_000;
/// Days of 400 years.
const ERA_DAYS: u64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: u64 = 719_468;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back() {
        for (text, unix_ms) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2000-02-29T23:59:59.999Z", 951_868_799_999),
            ("2026-11-23T03:27:27.123Z", 1_795_404_447_123),
            ("2100-03-01T00:00:00.000Z", 4_107_542_400_000),
        ] {
            assert_eq!(format_unix_ms(unix_ms), text);
            assert_eq!(parse_unix_ms(text), Some(unix_ms));
        }
        for day in 0..60_000 {
            let text = format_unix_ms(day * DAY_MS);
            assert_eq!(parse_unix_ms(text.split_once('T').unwrap().0), Some(day * DAY_MS));
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "2026-11-23T03:27:27",
            "2026-11-23T03:27:27+01:00",
            "2026-02-30",
            "2026-13-01",
            "26-11-23",
            "2026-11-23T24:00:00Z",
            "2026-11-23T03:27:27.Z",
            "1969-12-31",
            "2026-11-+3",
        ] {
            assert_eq!(parse_unix_ms(text), None, "{text}");
        }
        assert_eq!(parse_unix_ms("1970-01-01T00:00:00.5Z"), Some(500));
    }
}
