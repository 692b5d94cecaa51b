//! `show`.

use unicode_width::UnicodeWidthStr;

use crate::credentials::short_id;
use crate::format::harmless::one_line;
use crate::ops::show::Shown;
use crate::sorted;
use crate::view::table::Table;

/// A setting a line, with its place; on a terminal of `width` columns that this does not fit, the place is below it.
pub fn text(shown: &Shown, width: Option<usize>) -> String {
    let mut rows: Vec<[String; 3]> = Vec::new();
    for (note, settings) in [("", &shown.settings), (" (by include_profile)", &shown.inherited)] {
        let mut sorted: Vec<_> = settings.iter().collect();
        sorted::sort_by_key(&mut sorted, |(_, setting)| (&setting.file, setting.line));
        for (name, setting) in sorted {
            let value = match (name.as_str(), setting.value.strip_prefix('\n')) {
                ("aws_access_key_id", _) => short_id(&setting.value),
                (_, Some(block)) => block.replace('\n', "; "),
                (_, None) => setting.value.replace('\n', " "),
            };
            let mut place = format!("{}:{}{note}", setting.file, setting.line);
            for other in &setting.shadows {
                place += &format!(", overrides {}:{}", other.file, other.line);
            }
            rows.push([name.clone(), value, place]);
        }
    }
    if let Some(key) = &shown.key {
        rows.push(["access key".to_owned(), short_id(&key.id), format!("in the key store `{}`", key.backend)]);
    }
    let table = Table::without_header(rows.clone()).at_most([40, 60, usize::MAX]).to_string();
    match width {
        Some(width) if table.lines().any(|line| line.width() > width) => {
            rows.iter().map(|row| row.each_ref().map(|cell| one_line(cell))).map(below).collect()
        }
        Some(_) | None => table,
    }
}

fn below([name, value, place]: [String; 3]) -> String {
    format!("{name}  {value}\n    {place}\n")
}

/// The warnings, each after its file and line.
pub fn warnings(shown: &Shown) -> impl Iterator<Item = String> {
    shown.warnings.iter().map(|warning| format!("{}:{}: {}", warning.file, warning.line, warning.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::FileNames;
    use crate::ops::show::shown;
    use crate::profile::Profiles;

    const CONFIG: &str = "[profile base]\nregion = eu-west-1\nmfa_serail = x\n[profile p]\ninclude_profile = base\n\
        region = us-east-1\nkeyfob_role_arn = r\nrole_arn = s\ns3 =\n  max_queue_size = 1\n\
        credential_process = /k/keyfob credential-process p\n";
    const CREDENTIALS: &str = "[p]\nregion = ap-south-1\naws_access_key_id = AKIAFAKEFAKEFAKEFAKE\naws_secret_access_key = FAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEabcd\n";

    #[test]
    fn each_setting_is_shown_with_its_place_and_what_it_shadows() {
        let profiles = Profiles::from_texts(CONFIG, CREDENTIALS);
        let shown = shown(&profiles, "p", None, &FileNames::default()).expect("there");
        snapbox::assert_data_eq!(
            text(&shown, None),
            "\
include_profile        base                            ~/.aws/config:5
keyfob_role_arn        r                               ~/.aws/config:7, overrides ~/.aws/config:8
role_arn               s                               ~/.aws/config:8
s3                     max_queue_size = 1              ~/.aws/config:9
credential_process     /k/keyfob credential-process p  ~/.aws/config:11
region                 ap-south-1                      ~/.aws/credentials:2, overrides ~/.aws/config:6
aws_access_key_id      ****FAKE                        ~/.aws/credentials:3
aws_secret_access_key  ****abcd                        ~/.aws/credentials:4
"
        );
        let narrow = text(&shown, Some(60));
        assert!(narrow.lines().all(|line| line.width() <= 60), "{narrow}");
        assert!(narrow.contains("\nregion  ap-south-1\n    ~/.aws/credentials:2, overrides"), "{narrow}");
        assert_eq!(text(&shown, Some(300)), text(&shown, None));
        let json = serde_json::to_value(&shown).expect("JSON");
        assert_eq!(json["settings"]["region"]["line"], 2);
        assert_eq!(json["settings"]["s3"]["value"], "\nmax_queue_size = 1");
        assert_eq!(json["settings"]["aws_secret_access_key"]["value"], "****abcd");
        let warned: Vec<_> = json["warnings"].as_array().expect("a list").iter().map(|w| w["line"].as_u64()).collect();
        assert_eq!(warned, [Some(8), Some(3), Some(4)]);
    }

    #[test]
    fn the_time_to_show_grows_with_the_settings_and_not_with_their_square() {
        let took = |count: usize| {
            let lines: String = (0..count).map(|n| format!("some_setting_{n} = a value {n}\n")).collect();
            let profiles = Profiles::from_texts(&format!("[profile p]\n{lines}"), "");
            let started = std::time::Instant::now();
            assert_eq!(shown(&profiles, "p", None, &FileNames::default()).expect("there").settings.len(), count);
            started.elapsed()
        };
        took(1_000);
        let (few, many) = (took(1_000), took(8_000));
        // With the square it would be 64 times.
        assert!(many < few * 32, "{few:?} {many:?}");
    }

    #[test]
    fn a_misspelt_setting_is_named_in_its_own_profile() {
        let profiles = Profiles::from_texts(CONFIG, CREDENTIALS);
        let base = shown(&profiles, "base", None, &FileNames::default()).expect("there");
        let said: Vec<String> = warnings(&base).collect();
        assert_eq!(said, ["~/.aws/config:3: unknown setting `mfa_serail`; did you mean `mfa_serial`?"]);
        assert!(shown(&profiles, "none", None, &FileNames::default()).is_none());
    }
}
