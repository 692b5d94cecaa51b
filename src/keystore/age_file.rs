//! The age format: identities, and what is encrypted to them or to a passphrase. Bytes in, bytes out; touches no file.
//!
//! Both kinds of file open with the standard `age` and `rage`: `age -d -i vault-identity.age vault.age`.

use std::io::{Read, Write};

use age::secrecy::{ExposeSecret, SecretString};
use age::{DecryptError, Decryptor, Encryptor, IdentityFile};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::secret::{Secret, SecretBytes};

/// The scrypt work factor of what is written: 2^17, 134 MB and 0.7 s on two cores.
///
/// Fixed: age's own choice follows the speed of the machine of the moment, and files made on a fast one are then
/// refused as excessive on a slow or busy one (seen with twenty processes at once).
const WORK_FACTOR: u8 = 17;

/// The most work accepted when reading, 2^20: 1 GB. More would let a planted file exhaust the machine.
const MOST_WORK: u8 = 20;

/// Bytes of the longest header accepted, and its most recipients. keyfob writes one, of 150 bytes.
const LARGEST_HEADER: usize = 16 << 10;
const MOST_RECIPIENTS: usize = 64;

/// An age identity file's text: what opens the vault. It holds at least one identity.
#[derive(Debug, Clone)]
pub struct Identity(SecretBytes);

/// Why something in the age format did not open.
#[derive(Debug, thiserror::Error)]
pub enum AgeError {
    /// The passphrase or the identity is another one.
    #[error("this key does not open it")]
    WrongKey,
    /// It is cut short, changed, or something else altogether.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// There is not so much memory, megabytes.
    #[error("not enough memory: the passphrase takes {0} MB")]
    Memory(usize),
}

impl Identity {
    /// Makes a new one.
    pub fn generate() -> Self {
        let identity = age::x25519::Identity::generate();
        let text = Zeroizing::new(format!(
            "# public key: {}\n{}\n",
            identity.to_public(),
            identity.to_string().expose_secret()
        ));
        Identity(SecretBytes::new(text.as_bytes().to_vec()))
    }

    /// Reads an identity file, as `age-keygen` and `rage-keygen` write it.
    ///
    /// # Errors
    /// A sentence that names the line and repeats nothing of it.
    pub fn parse(text: SecretBytes) -> Result<Self, String> {
        let identity = Identity(text);
        let file = IdentityFile::from_buffer(identity.0.expose()).map_err(|error| error.to_string())?;
        match file.to_recipients() {
            Ok(recipients) if !recipients.is_empty() => Ok(identity),
            _ => Err("it contains no identity (a line `AGE-SECRET-KEY-1…`)".to_owned()),
        }
    }

    /// The identity file's text.
    pub fn text(&self) -> &SecretBytes {
        &self.0
    }

    fn file(&self) -> IdentityFile<age::NoCallbacks> {
        IdentityFile::from_buffer(self.0.expose()).expect("parsed when it was taken in")
    }

    /// Encrypts to this identity.
    pub fn seal(&self, plain: &[u8]) -> Vec<u8> {
        let recipients = self.file().to_recipients().expect("there is one, and it is of age's own kind");
        encrypt(recipients.iter().map(|recipient| &**recipient as &dyn age::Recipient), plain)
    }

    /// Decrypts what was encrypted to this identity.
    ///
    /// # Errors
    /// As [`AgeError`] tells.
    pub fn open(&self, sealed: &[u8]) -> Result<SecretBytes, AgeError> {
        let identities = self.file().into_identities().map_err(translate)?;
        decrypt(identities.iter().map(|identity| &**identity as &dyn age::Identity), sealed)
    }

    /// Encrypts the identity itself to a passphrase, in Unicode's composed form. Takes most of a second and 134 MB.
    ///
    /// # Errors
    /// [`AgeError::Memory`].
    pub fn wrap(&self, passphrase: &Secret) -> Result<Vec<u8>, AgeError> {
        seal_with(passphrase, self.0.expose())
    }

    /// Decrypts an identity from a passphrase. Takes most of a second and 134 MB: never two at once.
    ///
    /// A passphrase is tried in each form that Unicode has for it: keyboards differ in how they type `é`, and older vaults have
    /// it as it was typed.
    ///
    /// # Errors
    /// As [`AgeError`] tells.
    pub fn unwrap(wrapped: &[u8], passphrase: &Secret) -> Result<Self, AgeError> {
        Identity::parse(open_with(passphrase, wrapped)?).map_err(AgeError::Damaged)
    }
}

/// Encrypts to a public key (`age1…`), for whoever has its identity.
///
/// # Errors
/// A sentence, for what is not a public key.
pub fn seal_to(public_key: &str, plain: &[u8]) -> Result<Vec<u8>, String> {
    let recipient: age::x25519::Recipient = public_key.parse().map_err(|_| match public_key.starts_with("age1") {
        true => format!("`{public_key}` is not a valid age public key: it is mistyped or cut off"),
        false => format!("`{public_key}` is not an age public key, which begins with `age1`"),
    })?;
    Ok(encrypt(std::iter::once(&recipient as &dyn age::Recipient), plain))
}

/// Encrypts to a passphrase, in Unicode's composed form. Takes most of a second and 134 MB.
///
/// # Errors
/// [`AgeError::Memory`].
pub fn seal_with(passphrase: &Secret, plain: &[u8]) -> Result<Vec<u8>, AgeError> {
    check_memory(WORK_FACTOR)?;
    let [composed, ..] = forms(passphrase);
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(composed.expose()));
    recipient.set_work_factor(WORK_FACTOR);
    Ok(encrypt(std::iter::once(&recipient as &dyn age::Recipient), plain))
}

/// Decrypts what was encrypted to a passphrase, in each form that Unicode has for it.
///
/// # Errors
/// As [`AgeError`] tells.
pub fn open_with(passphrase: &Secret, sealed: &[u8]) -> Result<SecretBytes, AgeError> {
    let [composed, decomposed, typed] = forms(passphrase);
    let mut result = open_with_form(sealed, &composed);
    let mut tried = vec![composed];
    for form in [typed, decomposed] {
        if matches!(result, Err(AgeError::WrongKey)) && tried.iter().all(|tried| tried.expose() != form.expose()) {
            result = open_with_form(sealed, &form);
            tried.push(form);
        }
    }
    result
}

fn open_with_form(sealed: &[u8], passphrase: &Secret) -> Result<SecretBytes, AgeError> {
    check_header(sealed)?;
    check_memory(work_factor(sealed).unwrap_or(0).min(MOST_WORK))?;
    let mut opener = age::scrypt::Identity::new(SecretString::from(passphrase.expose()));
    opener.set_max_work_factor(MOST_WORK);
    decrypt(std::iter::once(&opener as &dyn age::Identity), sealed)
}

/// A passphrase as Unicode composes it, as it decomposes it, and as it was typed; in ASCII the three are one.
fn forms(passphrase: &Secret) -> [Secret; 3] {
    let text = passphrase.expose();
    [text.nfc().collect(), text.nfd().collect(), text.to_owned()].map(Secret::new)
}

/// The work factor in the header of what is encrypted to a passphrase (age's specification, "The scrypt recipient type").
fn work_factor(wrapped: &[u8]) -> Option<u8> {
    let header = &wrapped[..wrapped.len().min(LARGEST_HEADER)];
    let at = memchr::memmem::find(header, b"\n-> scrypt ")?;
    let line = header[at + 1..].split(|byte| *byte == b'\n').next()?;
    std::str::from_utf8(line).ok()?.split(' ').nth(3)?.parse().ok()
}

/// Checks that there is the memory that scrypt takes in one piece: without it the process would be aborted (RFC 7914, 2: 128 r N
/// bytes, with age's r of 8).
fn check_memory(work_factor: u8) -> Result<(), AgeError> {
    let bytes = 1024_usize << work_factor;
    let mut probe = Vec::<u8>::new();
    // And some more, for what else is needed until then.
    let outcome = probe.try_reserve_exact(bytes + (4 << 20));
    std::hint::black_box(&probe);
    outcome.map_err(|_| AgeError::Memory(bytes / 1_000_000))
}

fn encrypt<'a>(recipients: impl Iterator<Item = &'a dyn age::Recipient>, plain: &[u8]) -> Vec<u8> {
    const IN_MEMORY: &str = "writing to memory does not fail";
    let mut sealed = Vec::new();
    let encryptor = Encryptor::with_recipients(recipients).expect("there is at least one recipient, all of a kind");
    let mut writer = encryptor.wrap_output(&mut sealed).expect(IN_MEMORY);
    writer.write_all(plain).expect(IN_MEMORY);
    writer.finish().expect(IN_MEMORY);
    sealed
}

fn decrypt<'a>(
    identities: impl Iterator<Item = &'a dyn age::Identity>,
    sealed: &[u8],
) -> Result<SecretBytes, AgeError> {
    check_header(sealed)?;
    let decryptor = Decryptor::new_buffered(sealed).map_err(translate)?;
    let mut reader = decryptor.decrypt(identities).map_err(translate)?;
    // As long as the whole file, so that it never grows and leaves a piece of itself behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    reader.read_to_end(&mut plain).map_err(|_| AgeError::Damaged("its end is missing or was modified".to_owned()))?;
    Ok(SecretBytes::new(std::mem::take(&mut *plain)))
}

/// Refuses a header that no vault has. Security: age reads it again from its start as it grows, so that one of 70 KB takes 20 s
/// of every process that opens the vault.
fn check_header(sealed: &[u8]) -> Result<(), AgeError> {
    let start = &sealed[..sealed.len().min(LARGEST_HEADER)];
    let end = memchr::memmem::find(start, b"\n---");
    if end.is_none() && sealed.len() > LARGEST_HEADER {
        return Err(AgeError::Damaged(format!("its header is longer than {LARGEST_HEADER} bytes")));
    }
    match memchr::memmem::find_iter(&start[..end.unwrap_or(start.len())], b"\n-> ").count() {
        ..=MOST_RECIPIENTS => Ok(()),
        more => Err(AgeError::Damaged(format!("it has {more} recipients; at most {MOST_RECIPIENTS} are accepted"))),
    }
}

/// In words of our own: age's go through a translation, which panics where its files are not at hand (debug builds).
fn translate(error: DecryptError) -> AgeError {
    AgeError::Damaged(match error {
        DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            return AgeError::WrongKey;
        }
        DecryptError::ExcessiveWork { required, .. } => {
            format!("its passphrase has a work factor of {required}; at most {MOST_WORK} is accepted")
        }
        DecryptError::InvalidHeader => "its header is not in the age format".to_owned(),
        DecryptError::InvalidMac => "its header was modified".to_owned(),
        DecryptError::Io(_) => "its header is incomplete or not in the age format".to_owned(),
        DecryptError::UnknownFormat => "it is in a newer age format".to_owned(),
        // The type is open to additions.
        _ => "it cannot be decrypted".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_identity_alone() {
        let (one, other) = (Identity::generate(), Identity::generate());
        let sealed = one.seal(b"FAKE-items");
        assert_eq!(one.open(&sealed).expect("opens").expose(), b"FAKE-items");
        assert!(matches!(other.open(&sealed), Err(AgeError::WrongKey)));
    }

    #[test]
    fn every_truncated_or_changed_file_is_damaged_and_never_empty() {
        let identity = Identity::generate();
        let sealed = identity.seal(b"FAKE-items");
        for length in 0..sealed.len() {
            assert!(identity.open(&sealed[..length]).is_err(), "cut at {length}");
        }
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(identity.open(&changed).is_err(), "changed at {place}");
        }
    }

    #[test]
    fn a_wrapped_identity_opens_with_its_passphrase_alone() {
        let identity = Identity::generate();
        let wrapped = identity.wrap(&Secret::new("FAKE-passphrase".into())).expect("wrapped");
        let header = String::from_utf8_lossy(&wrapped).into_owned();
        assert!(header.starts_with("age-encryption.org/v1\n-> scrypt ") && header.contains(" 17\n"), "{header}");
        let opened = Identity::unwrap(&wrapped, &Secret::new("FAKE-passphrase".into())).expect("opens");
        assert_eq!(opened.text().expose(), identity.text().expose());
        assert!(matches!(Identity::unwrap(&wrapped, &Secret::new("FAKE-other".into())), Err(AgeError::WrongKey)));
    }

    #[test]
    fn a_passphrase_opens_however_its_accents_are_typed_and_older_vaults_too() {
        let (composed, decomposed) = (Secret::new("FAKE-\u{e9}".into()), Secret::new("FAKE-e\u{301}".into()));
        let identity = Identity::generate();
        let wrapped = identity.wrap(&decomposed).expect("wrapped");
        // As keyfob did before, and `age` does.
        let mut recipient = age::scrypt::Recipient::new(SecretString::from(decomposed.expose()));
        recipient.set_work_factor(2);
        let older = encrypt(std::iter::once(&recipient as &dyn age::Recipient), identity.text().expose());
        for form in [&composed, &decomposed] {
            Identity::unwrap(&wrapped, form).expect("one passphrase");
            Identity::unwrap(&older, form).expect("an older vault");
        }
        assert!(matches!(Identity::unwrap(&older, &Secret::new("FAKE-e".into())), Err(AgeError::WrongKey)));
        open_with_form(&wrapped, &composed).expect("the composed form is what opens it with `age`");
    }

    #[test]
    fn a_file_that_asks_for_too_much_work_is_refused_at_once() {
        let wrapped = Identity::generate().wrap(&Secret::new("FAKE".into())).expect("wrapped");
        let end = wrapped.windows(4).position(|window| window == b" 17\n").expect("in the header");
        let greedy = [&wrapped[..end], b" 40\n", &wrapped[end + 4..]].concat();
        match Identity::unwrap(&greedy, &Secret::new("FAKE".into())) {
            Err(AgeError::Damaged(why)) => assert!(why.contains("work factor of 40"), "{why}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_identity_file_without_an_identity_is_refused_and_not_repeated() {
        for text in ["", "# only a comment\n", "FAKE-no-identity\n"] {
            let error = Identity::parse(SecretBytes::new(text.into())).expect_err("no identity");
            assert!(!error.contains("FAKE"), "{error}");
        }
    }

    #[test]
    fn a_header_with_thousands_of_recipients_is_refused_at_once() {
        let identity = Identity::generate();
        for count in [65, 1_000, 10_000, 100_000] {
            let planted = format!("age-encryption.org/v1\n{}--- mac\n", "-> x y\n\n".repeat(count));
            let endless = format!("age-encryption.org/v1\n-> x {}\n", "y".repeat(count * 100));
            for file in [planted, endless] {
                let start = std::time::Instant::now();
                assert!(matches!(identity.open(file.as_bytes()), Err(AgeError::Damaged(_))), "{count}");
                assert!(matches!(
                    Identity::unwrap(file.as_bytes(), &Secret::new("FAKE".into())),
                    Err(AgeError::Damaged(_))
                ));
                assert!(start.elapsed() < std::time::Duration::from_secs(1), "{count}: {:?}", start.elapsed());
            }
        }
    }
}
