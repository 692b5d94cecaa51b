//! Durations as people write and read them. Pure.

use std::time::Duration;

/// Reads `500ms`, `10s`, `15m`, `12h`, `90d`; a bare number is seconds.
///
/// # Errors
/// A sentence that says what would have been right.
pub fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    humantime::parse_duration(text).map_err(|_| {
        format!(
            "`{text}` is not a valid duration; expected for example 500ms, 10s, 15m, 12h, 90d or a number of seconds"
        )
    })
}

/// Writes `36h`, `1h 30m`, `1m 30s` or `500ms`; no unit is longer than the hour, and less than a millisecond is left out.
pub fn text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
        (u64::from(duration.subsec_millis()), "ms"),
    ];
    let shown: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if shown.is_empty() { "0s".to_owned() } else { shown.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let cases = [(0, "0s"), (500, "500ms"), (59_000, "59s"), (3_600_000, "1h"), (5_400_000, "1h 30m")];
        for (millis, written) in cases.into_iter().chain([(90_250, "1m 30s 250ms"), (129_601_000, "36h 1s")]) {
            let duration = Duration::from_millis(millis);
            assert_eq!(text(duration), written);
            assert_eq!(parse(written), Ok(duration));
        }
        assert_eq!(text(Duration::from_nanos(2_999_999_999)), "2s 999ms");
        assert_eq!((parse("90"), parse(" 90d ")), (Ok(Duration::from_secs(90)), Ok(Duration::from_hours(2160))));
        assert!(parse("soon").is_err_and(|problem| problem.contains("`soon`")));
    }
}
