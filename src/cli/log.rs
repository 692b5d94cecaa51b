//! `keyfob log`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::chain::nearest_of;
use crate::cli::world::World;
use crate::duration;
use crate::error::Result;
use crate::hint::run;
use crate::human::Talk;
use crate::ops::log::{Filter, entries};
use crate::profile::Profiles;
use crate::settings::LogMode;
use crate::timestamp::Timestamp;
use crate::ui::out;
use crate::view;

/// Show which credentials were issued, when, and to which program
#[derive(Debug, Args)]
#[command(after_help = "\
New sessions are logged; with `log = \"all\"` in config.toml also those from the cache, with `log = \"off\"` none.

Examples:
  keyfob log --since 1d
  keyfob log --key ASIAIOSFODNN7EXAMPLE --json")]
pub struct LogArgs {
    /// Show only this profile
    #[arg(long, value_name = "PROFILE", value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,
    /// Show what is not older than this (2h, 7d), or from this day or time on (2026-11-29T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Since>,
    /// Show only the session with this key id, as CloudTrail names it
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    key: Option<String>,
    /// Print JSON, one line each
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    Ago(i64),
    Time(Timestamp),
}

fn since(text: &str) -> std::result::Result<Since, String> {
    // A day alone begins at midnight, UTC.
    if let Some(time) =
        Timestamp::parse_lenient(text).or_else(|| Timestamp::parse_lenient(&format!("{text}T00:00:00Z")))
    {
        return Ok(Since::Time(time));
    }
    let ago = duration::parse(text).map_err(|_| {
        format!("`{text}` is neither how long ago (15m, 12h, 7d) nor a day or time (2026-11-30, 2026-11-30T08:00:00Z)")
    })?;
    Ok(Since::Ago(i64::try_from(ago.as_secs()).unwrap_or(i64::MAX / 2)))
}

impl LogArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let since = self.since.map(|since| match since {
            Since::Ago(seconds) => world.clock().now().plus_seconds(-seconds),
            Since::Time(time) => time,
        });
        let filter = Filter { profile: self.profile, since, key: self.key };
        let (entries, others) = entries(&world.paths.data, &filter);
        if entries.is_empty() {
            say_why_empty(world, &filter);
        }
        if others > 0 {
            world.talk.warn(&format!("{others} lines of the log are damaged, or written by a newer keyfob"));
        }
        if self.json {
            return out::write_json_lines(&entries);
        }
        out::write_page(&view::log::text(&entries, out::terminal_width()))
    }
}

/// Says that nothing is logged, or that nothing matches.
fn say_why_empty(world: &World<'_>, filter: &Filter) {
    let all = entries(&world.paths.data, &Filter::default()).0;
    match (all.is_empty(), world.settings.log) {
        (true, LogMode::Off) => world.talk.say("the log is empty, and nothing is logged: `log` is `off`"),
        (true, LogMode::New | LogMode::All) => world.talk.say("the log is empty"),
        (false, LogMode::New) => {
            world
                .talk
                .say("no line of the log matches; with `log = \"all\"`, what is issued from the cache gets one too");
        }
        (false, _) => world.talk.say("no line of the log matches"),
    }
    let Some(profile) = &filter.profile else { return };
    let snapshot = world.snapshot();
    let files = snapshot.files().ok().map(|files| files.profiles());
    let mut names: Vec<&str> = all.iter().map(|entry| entry.profile.as_str()).collect();
    names.extend(files.iter().flat_map(Profiles::names));
    if !names.contains(&profile.as_str())
        && let Some(near) = nearest_of(names.into_iter(), profile)
    {
        world
            .talk
            .hint(run!("keyfob log --profile {}", near).to(format!("there is no profile `{profile}`; did you mean")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_how_long_ago_or_a_day_or_a_time() {
        for (text, expected) in [
            ("2h", Some(Since::Ago(7200))),
            ("2023-11-14T22:13:20Z", Some(Since::Time(Timestamp::from_unix(1_700_000_000)))),
            ("2023-11-14", Some(Since::Time(Timestamp::from_unix(1_699_920_000)))),
            ("yesterday", None),
            ("2023-11", None),
        ] {
            assert_eq!(since(text).ok(), expected, "{text}");
        }
        assert!(since("yesterday").is_err_and(|error| error.contains("15m") && error.contains("2026-11-30T08:00:00Z")));
    }
}
