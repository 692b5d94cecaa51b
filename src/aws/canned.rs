//! A server for tests that answers what it is told to, and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::aws::AwsError;
use crate::aws::http::{Answer, Http, HttpRequest};
use crate::secret::SecretBytes;

/// What one request is answered: status, headers, body.
pub(crate) type CannedAnswer = (u16, Vec<(&'static str, &'static str)>, &'static str);

/// A server that answers what it is told to, and keeps what it was asked.
pub(crate) struct Canned {
    answers: Mutex<VecDeque<CannedAnswer>>,
    requests: Mutex<Vec<String>>,
    headers: Mutex<Vec<Vec<(String, String)>>>,
}

impl Canned {
    pub(crate) fn answering(answers: Vec<CannedAnswer>) -> Self {
        Canned { answers: Mutex::new(answers.into()), requests: Mutex::default(), headers: Mutex::default() }
    }

    /// Method, URL and body of each request.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("sound").clone()
    }

    /// The headers of each request.
    pub(crate) fn headers(&self) -> Vec<Vec<(String, String)>> {
        self.headers.lock().expect("sound").clone()
    }
}

impl Http for Canned {
    fn send(&self, request: &HttpRequest<'_>) -> Result<Answer, AwsError> {
        let text = format!("{} {} {}", request.method, request.url, request.body);
        self.requests.lock().expect("sound").push(text);
        let headers = request.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.headers.lock().expect("sound").push(headers);
        let (status, headers, body) = self.answers.lock().expect("sound").pop_front().expect("no more requests");
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Answer { status, headers, body: SecretBytes::new(body.as_bytes().to_vec()) })
    }
}
