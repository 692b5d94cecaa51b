//! Points in time, whole seconds since the Unix epoch, as AWS and the SDKs write them.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time, in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From seconds since the Unix epoch.
    pub const fn from_unix(seconds: i64) -> Self {
        Timestamp(seconds)
    }

    /// Seconds since the Unix epoch.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339, with any offset or fraction (the fraction is dropped).
    pub fn parse(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(|time| Timestamp(time.unix_timestamp()))
    }

    /// Reads what other programs write for ISO 8601 and botocore reads: RFC 3339, with a blank for the `T`, with `+0000` or with
    /// `UTC`. Without a time zone it is no time.
    pub fn parse_lenient(text: &str) -> Option<Self> {
        let mut text = text.trim().to_owned();
        if text.as_bytes().get(10) == Some(&b' ') {
            text.replace_range(10..11, "T");
        }
        for zone in ["UTC", "GMT"] {
            if let Some(time) = text.strip_suffix(zone) {
                text = format!("{}Z", time.trim_end());
            }
        }
        let offset = text.len().checked_sub(5).and_then(|start| text.get(start..)).unwrap_or_default();
        if offset.starts_with(['+', '-']) && offset[1..].bytes().all(|byte| byte.is_ascii_digit()) {
            text.insert(text.len() - 2, ':');
        }
        Timestamp::parse(&text)
    }

    /// Seconds from `earlier` to this; negative where `earlier` is later.
    pub const fn seconds_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This much later.
    pub fn plus(self, duration: Duration) -> Self {
        Timestamp(self.0.saturating_add(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)))
    }

    /// This many seconds later, or earlier where negative.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Timestamp(self.0.saturating_add(seconds))
    }
}

/// `YYYY-MM-DDTHH:MM:SSZ`, the only form all SDKs read alike (measured with botocore, the JavaScript and the Rust SDK).
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp(self.0).ok().and_then(|time| time.format(&Rfc3339).ok());
        f.write_str(text.as_deref().unwrap_or("9999-12-31T23:59:59Z"))
    }
}

/// As text, in the form of `Display`.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a valid time")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_the_form_every_sdk_reads() {
        assert_eq!(Timestamp::from_unix(1_700_000_000).to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(Timestamp::parse("2023-11-14T23:13:20.5+01:00"), Some(Timestamp::from_unix(1_700_000_000)));
        assert_eq!(Timestamp::parse("2023-11-14"), None);
        for lenient in [
            "2023-11-14T22:13:20Z", " 2023-11-14 22:13:20 UTC", "2023-11-14T22:13:20UTC", "2023-11-14T23:13:20+0100",
            "2023-11-14T22:13:20.123456789Z", "2023-11-14 21:13:20-01:00",
        ] {
            assert_eq!(Timestamp::parse_lenient(lenient), Some(Timestamp::from_unix(1_700_000_000)), "{lenient}");
        }
        for bad in ["2023-11-14T22:13:20", "1700000000", "", "soon", "2023-11-14-0100", "é2345"] {
            assert_eq!(Timestamp::parse_lenient(bad), None, "{bad}");
        }
        let json = r#"["2023-11-14T22:13:20Z",null]"#;
        let times: [Option<Timestamp>; 2] = serde_json::from_str(json).expect("valid");
        assert_eq!(times, [Some(Timestamp::from_unix(1_700_000_000)), None]);
        assert_eq!(serde_json::to_string(&times).expect("can be written"), json);
        let error = serde_json::from_str::<Timestamp>("\"soon\"").expect_err("no time").to_string();
        assert!(error.starts_with("`soon` is not a valid time"), "{error}");
    }
}
