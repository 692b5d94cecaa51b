//! The index on a folder of its own: what it keeps, refuses and survives.

use super::*;
use crate::error::Error;

/// A busy machine may take its time.
const PATIENCE: Duration = Duration::from_secs(30);

fn id() -> AccessKeyId {
    "AKIAIOSFODNN7EXAMPLE".parse().expect("valid")
}

fn added(data: &Path) {
    let mut edit = Index::edit_within(data, PATIENCE).expect("free");
    let mut key = KeyEntry::new(StoreId::VAULT, Timestamp::from_unix(1_700_000_000));
    key.account = Some("123456789012".into());
    key.user_arn = Some("arn:aws:iam::123456789012:user/ann".into());
    edit.put_key(&id(), key);
    edit.set_profile("work", &id(), StoreId::VAULT);
    edit.save().expect("saved");
}

fn write(data: &Path, text: &str) {
    replace(&file(data), text.as_bytes()).expect("written");
}

#[test]
fn a_saved_key_is_found_by_its_profile() {
    let data = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(Index::load(data.path()).expect("empty").key_of("work"), None, "a missing file is an empty index");
    added(data.path());
    let index = Index::load(data.path()).expect("read");
    assert_eq!(
        index.key_of("work"),
        Some(StoredKey {
            id: id(),
            backend: StoreId::VAULT,
            user_arn: Some("arn:aws:iam::123456789012:user/ann".into()),
            created_at: None,
        })
    );
    assert_eq!((index.backends(), index.profiles_of(&id())), (vec![StoreId::VAULT], vec!["work"]));
    let text = String::from_utf8(read_own(&file(data.path())).expect("read").expect("there")).expect("text");
    snapbox::assert_data_eq!(
        text,
        r#"{
  "version": 1,
  "profiles": {
    "work": {
      "key_id": "AKIAIOSFODNN7EXAMPLE",
      "backend": "vault"
    }
  },
  "keys": {
    "AKIAIOSFODNN7EXAMPLE": {
      "backend": "vault",
      "account": "123456789012",
      "user_arn": "arn:aws:iam::123456789012:user/ann",
      "added_at": "2023-11-14T22:13:20Z"
    }
  }
}
"#
    );
}

#[test]
fn members_nobody_knows_survive_a_change() {
    let data = tempfile::tempdir().expect("a temporary folder");
    write(
        data.path(),
        r#"{"version":1,"later":[1],"profiles":{"work":{"key_id":"AKIAIOSFODNN7EXAMPLE","backend":"vault","colour":"red"}},
               "keys":{"AKIAIOSFODNN7EXAMPLE":{"backend":"vault","added_at":"2023-11-14T22:13:20Z","note":"x"}}}"#,
    );
    added(data.path());
    let text = String::from_utf8(read_own(&file(data.path())).expect("read").expect("there")).expect("text");
    for kept in ["later", "colour", "note"] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
}

#[test]
fn a_section_that_link_has_made_is_remembered_wherever_it_was_noted() {
    let data = tempfile::tempdir().expect("a temporary folder");
    write(
        data.path(),
        r#"{"version":1,"profiles":{"work":{"key_id":"AKIAIOSFODNN7EXAMPLE","backend":"a-newer-store","made_section":2}}}"#,
    );
    let mut edit = Index::edit_within(data.path(), PATIENCE).expect("an unknown store is no damage");
    assert_eq!((edit.index().made_section("work"), edit.index().made_section("role")), (Some(2), None));
    edit.set_profile("work", &id(), StoreId::VAULT);
    edit.set_made_section("role", Some(1));
    edit.save().expect("saved");
    let text = String::from_utf8(read_own(&file(data.path())).expect("read").expect("there")).expect("text");
    let index: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(index["made_sections"], serde_json::json!({"role": 1, "work": 2}));
    assert!(index["profiles"]["work"].get("made_section").is_none());
    let mut edit = Index::edit_within(data.path(), PATIENCE).expect("free");
    edit.set_made_section("role", None);
    edit.remove_profile("work").expect("there");
    assert!(edit.index().made_sections.is_empty());
}

#[test]
fn a_damaged_index_is_an_error_and_never_an_empty_one() {
    let data = tempfile::tempdir().expect("a temporary folder");
    for text in ["", "{", "[]", "{\"version\":1,\"keys\":{\"no id\":{}}}", "{\n\"version\":1,\n\"profiles\":[]}"] {
        write(data.path(), text);
        assert!(matches!(Index::load(data.path()), Err(IndexError::Damaged { .. })), "{text}");
        let error = Error::from(Index::edit_within(data.path(), PATIENCE).expect_err("damaged"));
        assert!(error.hint_texts()[0].contains("keyfob add"), "{error}");
        assert_eq!(read_own(&file(data.path())).expect("read"), Some(text.into()), "left as it is");
    }
    write(data.path(), r#"{"version":2,"profiles":7}"#);
    assert!(matches!(Index::load(data.path()), Err(IndexError::Newer { version: 2, .. })));
}

#[test]
fn writers_wait_for_each_other_and_lose_nothing() {
    let data = tempfile::tempdir().expect("a temporary folder");
    std::thread::scope(|scope| {
        for number in 0..20 {
            let data = data.path();
            scope.spawn(move || {
                let mut edit = Index::edit_within(data, PATIENCE).expect("free in the end");
                edit.set_profile(&format!("profile {number}"), &id(), StoreId::VAULT);
                edit.save().expect("saved");
            });
        }
    });
    assert_eq!(Index::load(data.path()).expect("read").profiles().len(), 20);
}

#[test]
fn a_key_no_profile_uses_stays_recorded_until_it_is_removed() {
    let data = tempfile::tempdir().expect("a temporary folder");
    added(data.path());
    let mut edit = Index::edit_within(data.path(), PATIENCE).expect("free");
    edit.remove_profile("work").expect("there");
    assert_eq!(edit.index().profiles_of(&id()), Vec::<&str>::new());
    assert!(edit.index().keys().contains_key(&id()));
    edit.remove_key(&id()).expect("there");
    edit.save().expect("saved");
    assert!(Index::load(data.path()).expect("read").backends().is_empty());
}
