//! A session file: first as it is, then one that was sealed and in which one byte is another.

use keyfob::chain::{Request, StoredKeys, plan};
use keyfob::credentials::{Session, StoreId, StoredKey};
use keyfob::ini::Document;
use keyfob::profile::Profiles;
use keyfob::secret::{Secret, SecretBytes};
use keyfob::session_cache::name::SessionName;
use keyfob::session_cache::seal::{BaseId, Header, SessionKind, open, read_header, seal};
use keyfob::session_cache::sealing_key::SealingKey;
use keyfob::sys::env::Environment;
use keyfob::timestamp::Timestamp;

pub fn check(data: &[u8]) {
    let key = SealingKey::new(&SecretBytes::new(vec![7; 32])).expect("32 bytes");
    let name = name(&key);
    // Nobody without the key makes a file that opens.
    assert!(open(&key, &name, data).is_err());
    if let Ok(header) = read_header(data) {
        header.life();
        // What is read of a header is what stands in it.
        let sealed = seal(&key, &name, &header, &session("x", &header));
        assert_eq!(read_header(&sealed), Ok(header));
    }
    let Some((at, text)) = data.split_first_chunk::<3>() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let header = Header {
        kind: SessionKind::Hop,
        base: BaseId { kind: "key".to_owned(), id: text.to_owned() },
        profiles: text.split('\n').map(str::to_owned).collect(),
        role_arn: Some(text.to_owned()),
        issued_at: Timestamp::from_unix(i64::from(at[0])),
        expires_at: Timestamp::from_unix(3600),
        clock_offset: i64::from(at[1]) - 128,
        clock_mark: None,
        digest: None,
    };
    let session = session(text, &header);
    let mut file = seal(&key, &name, &header, &session);
    let (read, opened) = open(&key, &name, &file).expect("just sealed");
    assert_eq!(read, header);
    assert_eq!(opened.session_token.map(|token| token.expose().to_owned()).as_deref(), Some(text));
    let place = usize::from(u16::from_be_bytes([at[0], at[1]])) % file.len();
    // A bit of a byte, or the byte and all after it.
    match at[2] {
        0 => file.truncate(place),
        change => file[place] ^= change,
    }
    assert!(open(&key, &name, &file).is_err(), "a file that was changed at {place} opens");
}

fn session(text: &str, header: &Header) -> Session {
    Session {
        access_key_id: "ASIAFAKEFAKEFAKEFAKE".to_owned(),
        secret_access_key: Secret::new(format!("FAKE{text}")),
        session_token: Some(Secret::new(text.to_owned())),
        issued_at: header.issued_at,
        expires_at: header.expires_at,
        account_id: None,
    }
}

struct OneKey;

impl StoredKeys for OneKey {
    fn key_of(&self, _: &str) -> Option<StoredKey> {
        let id = "AKIAFAKEFAKEFAKEFAKE".parse().expect("an id");
        Some(StoredKey { id, backend: StoreId::VAULT, user_arn: None, created_at: None })
    }
}

fn name(key: &SealingKey) -> SessionName {
    let file = Document::parse("[profile p]\nregion = eu-west-1\n".to_owned()).expect("a file");
    let profiles = Profiles::new(Some(&file), None);
    let request = Request { profile: "p".to_owned(), ..Request::default() };
    let plan = plan(&profiles, &OneKey, &Environment::default(), &request).expect("a key and a region");
    SessionName::new(key, &plan, 0)
}
