//! The CSV files with access keys that the AWS console has offered over the years. Pure.

use super::{InputError, from_pair};
use crate::credentials::AccessKey;
use crate::secret::Secret;

/// Reads `--csv`: the one key in a file from the AWS console.
///
/// # Errors
/// As [`from_pair`] and [`rows_of`], and where there is not exactly one key.
pub fn from_csv(file: &[u8]) -> Result<AccessKey, InputError> {
    let mut rows = rows_of(file)?;
    match (rows.pop(), rows.is_empty()) {
        (None, _) => Err(InputError::NoRows),
        (Some((id, secret)), true) => from_pair(&id, secret),
        (Some(_), false) => Err(InputError::SeveralKeys(rows.len() + 1)),
    }
}

/// The id and the secret of one row.
type Row = (String, Secret);

/// Reads every row of `accessKeys.csv`, `new_user_credentials.csv`, `…_accessKeys.csv` or `rootkey.csv`.
///
/// Columns go by their names, in any order, whatever their case and blanks; others are passed over, and `User name` may
/// be missing, as in what the console writes today. A BOM, CRLF, quotes and blanks round a field are taken off.
///
/// # Errors
/// Where a column or a field is missing, with its line.
fn rows_of(file: &[u8]) -> Result<Vec<Row>, InputError> {
    let text = std::str::from_utf8(file).map_err(|_| InputError::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(row) = legacy_root_key(text)? {
        return Ok(vec![row]);
    }
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).has_headers(true).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|_| InputError::NotCsv(1))?.clone();
    if headers.iter().all(str::is_empty) {
        return Err(InputError::EmptyCsv);
    }
    let column = |name: &str| headers.iter().position(|header| squeezed(header) == name);
    let (id, secret) = match (column("accesskeyid"), column("secretaccesskey")) {
        (Some(id), Some(secret)) => (id, secret),
        (None, None) if column("password").is_some() => return Err(InputError::PasswordOnly),
        (None, _) => return Err(InputError::NoColumn("Access key ID")),
        (Some(_), None) => return Err(InputError::NoColumn("Secret access key")),
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| InputError::NotCsv(error.position().map_or(0, csv::Position::line)))?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        let field = |index: usize, what| {
            record.get(index).filter(|field| !field.is_empty()).ok_or(InputError::NoField { line, what })
        };
        let id = field(id, "access key id")?.to_owned();
        rows.push((id, Secret::new(field(secret, "secret access key")?.to_owned())));
    }
    Ok(rows)
}

/// `rootkey.csv` as the console wrote it for years: `AWSAccessKeyId=…` and `AWSSecretKey=…` on two lines.
fn legacy_root_key(text: &str) -> Result<Option<Row>, InputError> {
    let value = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
    match (value("AWSAccessKeyId"), value("AWSSecretKey")) {
        (None, _) => Ok(None),
        (Some(id), Some(secret)) => Ok(Some((id.to_owned(), Secret::new(secret.to_owned())))),
        (Some(_), None) => Err(InputError::NoField { line: 2, what: "secret access key" }),
    }
}

fn squeezed(header: &str) -> String {
    header.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AKIAIOSFODNN7EXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        csv: String,
        #[serde(default)]
        expected: Vec<(Option<String>, String, String)>,
        error: Option<String>,
    }

    #[test]
    fn every_file_the_console_writes_is_read() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../../tests/data/access-key-csv.json")).expect("the cases are JSON");
        for case in cases {
            let rows = rows_of(case.csv.as_bytes());
            match case.error {
                Some(error) => assert_eq!(rows.expect_err(&case.name).to_string(), error, "{}", case.name),
                None => {
                    let rows = rows.unwrap_or_else(|error| panic!("{}: {error}", case.name));
                    let rows = rows.into_iter().map(|(id, secret)| (id, secret.expose().to_owned()));
                    // The user that some files name is of no use here.
                    let expected: Vec<_> = case.expected.into_iter().map(|(_, id, secret)| (id, secret)).collect();
                    assert_eq!(rows.collect::<Vec<_>>(), expected, "{}", case.name);
                }
            }
        }
    }

    #[test]
    fn a_profile_takes_one_key_from_a_file() {
        let header = "Access key ID,Secret access key\n";
        assert!(from_csv(format!("{header}{ID},{SECRET}\n").as_bytes()).is_ok());
        assert_eq!(from_csv(header.as_bytes()).map(|_| ()), Err(InputError::NoRows));
        let two = format!("{header}{ID},{SECRET}\n{ID},{SECRET}\n");
        assert_eq!(from_csv(two.as_bytes()).map(|_| ()), Err(InputError::SeveralKeys(2)));
    }
}
