use std::cell::RefCell;

use super::*;
use crate::error::{Error, Kind};
use crate::testing::{NOBODY, Person, Silence};

/// A portal with 30 accounts, ten a page, that fails at one call.
struct Portal {
    fails_at: usize,
    calls: RefCell<Vec<String>>,
}

impl Portal {
    fn call(&self, name: String) -> Result<()> {
        self.calls.borrow_mut().push(name);
        match self.calls.borrow().len() == self.fails_at {
            true => Err(Error::new(Kind::Refused, "the sign-in has expired")),
            false => Ok(()),
        }
    }
}

impl Lists for Portal {
    fn accounts(&self, page: Option<&str>) -> Result<(Vec<Account>, Option<String>)> {
        self.call("accounts".to_owned())?;
        let start: usize = page.map_or(0, |page| page.parse().expect("a number"));
        let of = |number: usize| {
            let (id, name) = (format!("{number:012}"), format!("account {number:02}"));
            Account { id, name, email: None, roles: None }
        };
        let next = (start + 10 < 30).then(|| (start + 10).to_string());
        Ok(((start..start + 10).map(of).collect(), next))
    }

    fn roles(&self, account_id: &str, page: Option<&str>) -> Result<Option<(Vec<String>, Option<String>)>> {
        self.call(account_id.to_owned())?;
        Ok(match (account_id, page) {
            ("000000000007", _) => None,
            (_, None) => Some((vec!["b".to_owned()], Some("2".to_owned()))),
            (_, Some(_)) => Some((vec!["a".to_owned(), "b".to_owned()], None)),
        })
    }

    fn sign_in_id(&self) -> String {
        "id".to_owned()
    }
}

fn run(
    cache: &Path,
    clock: &Clock,
    human: &dyn Human,
    fails_at: usize,
    filter: &Filter,
) -> (Result<Vec<Account>>, Vec<String>) {
    let portal = Portal { fails_at, calls: RefCell::default() };
    let got = Fetch { lists: &portal, cache, clock, human, talk: &Silence, silent_until: Instant::now() }.run(filter);
    (got, portal.calls.into_inner())
}

#[test]
fn all_pages_of_all_lists_are_read() {
    let (cache, clock) = (tempfile::tempdir().expect("a folder"), Clock::system());
    let person = Person::typing(&[]);
    let (got, calls) = run(cache.path(), &clock, &person, 0, &Filter::default());
    let got = got.expect("listed");
    assert_eq!(calls.len(), 3 + 29 * 2 + 1);
    assert_eq!((got.len(), got[0].id.as_str()), (30, "000000000000"));
    assert_eq!(got[8].roles, Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(got[7].roles, None, "AWS has not told");
    let shown = person.counted.lock().expect("sound");
    assert!(shown.iter().any(|line| line == "listing roles: [##########..........] 15 of 30 accounts"), "{shown:?}");
    assert_eq!(shown.last().map(String::as_str), Some(""), "the line is taken away");
}

#[test]
fn an_interrupted_run_goes_on_where_it_stopped() {
    let (cache, clock) = (tempfile::tempdir().expect("a folder"), Clock::system());
    let everything = Filter::default();
    let (got, _) = run(cache.path(), &clock, &NOBODY, 30, &everything);
    let error = got.expect_err("the sign-in has expired");
    assert_eq!(error.kind(), Kind::Refused);
    assert!(error.hint_texts()[0].starts_with("what was listed is kept"), "{:?}", error.hint_texts());
    let (got, calls) = run(cache.path(), &clock, &NOBODY, 0, &everything);
    assert!(got.expect("listed").iter().filter(|account| account.roles.is_some()).count() == 29);
    assert!(!calls.contains(&"000000000003".to_owned()), "{calls:?}");
    assert!(calls.contains(&"000000000020".to_owned()), "{calls:?}");
    // A whole run leaves nothing, so that the next one is of what is true then.
    let (_, calls) = run(cache.path(), &clock, &NOBODY, 0, &everything);
    assert_eq!(calls.len(), 3 + 29 * 2 + 1);
}

#[test]
fn what_is_old_or_damaged_is_not_used() {
    let (cache, clock) = (tempfile::tempdir().expect("a folder"), Clock::system());
    run(cache.path(), &clock, &NOBODY, 30, &Filter::default()).0.expect_err("fails");
    let later = Clock::fixed(clock.now().plus(KEPT_FOR));
    let (_, calls) = run(cache.path(), &later, &NOBODY, 0, &Filter::default());
    assert_eq!(calls.len(), 3 + 29 * 2 + 1);
    run(cache.path(), &clock, &NOBODY, 30, &Filter::default()).0.expect_err("fails");
    files::replace(&cache.path().join("id.accounts"), b"{").expect("written");
    let (_, calls) = run(cache.path(), &clock, &NOBODY, 0, &Filter::default());
    assert_eq!(calls.len(), 3 + 29 * 2 + 1);
}

#[test]
fn roles_are_asked_for_where_an_account_is_meant() {
    let (cache, clock) = (tempfile::tempdir().expect("a folder"), Clock::system());
    let filter = Filter {
        accounts: vec![crate::glob::Glob::new("account 0[12]"), crate::glob::Glob::new("*29")],
        roles: Vec::new(),
    };
    let (got, calls) = run(cache.path(), &clock, &NOBODY, 0, &filter);
    assert_eq!(calls, ["accounts", "accounts", "accounts", "000000000029", "000000000029"]);
    assert_eq!(got.expect("listed").len(), 30);
}
