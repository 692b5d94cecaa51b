//! The page on which somebody signs in: in a browser that comes back to this machine, or anywhere, with a code to paste.

use std::time::Duration;

use super::Login;
use crate::aws::AwsError;
use crate::aws_login::{Authorization, MadeSignIn, Service};
use crate::error::{Error, Kind, Result};
use crate::hint::{Hint, run};
use crate::ops::Context;
use crate::ops::login::{TRIES, start_browser};
use crate::secret::Secret;
use crate::settings::LoginWay;
use crate::sign_in::page;
use crate::sys::browser;
use crate::sys::loopback::{Brought, Callback, Listener};

/// How long a browser is waited for.
const PATIENCE: Duration = Duration::from_mins(10);

impl Login<'_> {
    /// Signs in as the options, the settings and the surroundings have it.
    pub(super) fn sign_in(&self) -> Result<MadeSignIn> {
        let Context { settings, env, talk, .. } = *self.context;
        let way = if self.options.device { LoginWay::Device } else { settings.login };
        match (way, browser::obstacle(env)) {
            (LoginWay::Device, _) => self.anywhere(false),
            (LoginWay::Auto, Some(obstacle)) => {
                talk.explain(&format!(
                    "signing in on another device: {obstacle}, so a browser could not come back here"
                ));
                self.anywhere(!self.options.no_browser && browser::invisible(env).is_none())
            }
            (LoginWay::Browser, _) | (LoginWay::Auto, None) => self.on_this_machine(),
        }
    }

    fn on_this_machine(&self) -> Result<MadeSignIn> {
        let profile = self.profile;
        let no_listener = |error| {
            Error::new(Kind::Failed, "cannot listen on 127.0.0.1 for the browser")
                .because(error)
                .hint(run!("keyfob login {} --device", profile).to("sign in on another device"))
        };
        // Before anybody learns of the port: a browser that is signed in already comes back at once.
        let listener = Listener::bind().map_err(no_listener)?;
        let authorization = Authorization::on_this_machine(listener.redirect_uri());
        let url = authorization.url(&self.endpoint);
        let what = match self.options.no_browser {
            false => "Opening your browser to sign in. If it does not open, visit this page on this machine:",
            true => "To sign in, open this page in a browser on this machine:",
        };
        self.say.say(what);
        self.say.address(&url);
        if !self.options.no_browser {
            start_browser(self.context, &url);
        }
        let Some(callback) = listener.wait(authorization.state(), PATIENCE).map_err(no_listener)? else {
            let text = format!("nobody signed in for `{profile}` within {}", crate::duration::text(PATIENCE));
            return Err(Error::new(Kind::NeedsHuman, text).hint(self.again()));
        };
        let made = match &callback.brought {
            Brought::Code(code) => self.exchange(authorization, &code.clone()),
            Brought::Error { error, description } => Err(browsers_refusal(error, description)),
        };
        show(callback, made.as_ref().map(|made| made.arn.as_str()));
        made.map_err(|error| self.not_signed_in(error))
    }

    /// With a browser anywhere, whose page shows a code to bring here; with the one of this machine if it `opens` one.
    fn anywhere(&self, opens: bool) -> Result<MadeSignIn> {
        let human = self.context.human;
        let authorization = Authorization::anywhere(&self.endpoint);
        self.say.say("To sign in, open this page in a browser on any device:");
        let url = authorization.url(&self.endpoint);
        self.say.address(&url);
        if opens {
            start_browser(self.context, &url);
        }
        for _ in 0..TRIES {
            let pasted = human.ask_secret("Paste the code that the page shows (it stays hidden): ", None);
            let pasted = pasted.map_err(|error| {
                let browser = run!("keyfob login {}", self.profile).to("run it in a terminal");
                error.into_error("the code of the page").hint(browser)
            })?;
            match authorization.read_pasted(&pasted) {
                Ok(code) => {
                    return self.exchange(authorization, &code).map_err(|error| self.not_signed_in(error));
                }
                Err(problem) => human.progress(&problem.to_string()),
            }
        }
        Err(Error::new(Kind::Failed, "no code of this sign-in was pasted").hint(self.again()))
    }

    fn exchange(&self, authorization: Authorization, code: &Secret) -> Result<MadeSignIn, AwsError> {
        let Context { http, clock, settings, .. } = *self.context;
        let service = Service {
            http,
            clock,
            endpoint: &self.endpoint,
            ca_bundle: self.target.ca_bundle.as_deref(),
            limit: settings.call_timeout,
        };
        authorization.exchange(&service, code, &self.target.region)
    }

    fn again(&self) -> Hint {
        run!("keyfob login {}", self.profile).to("sign in")
    }

    /// What AWS's refusal of a new sign-in means (AWS Sign-In API, CreateOAuth2Token, "Errors").
    fn not_signed_in(&self, error: AwsError) -> Error {
        let text = format!("`{}` is not signed in", self.profile);
        let failed = |kind, why: &str| Error::new(kind, format!("{text}: {why}"));
        match error.code() {
            Some("access_denied") => {
                failed(Kind::Refused, "it was declined in the browser").because(error).hint(self.again())
            }
            Some("AUTHCODE_EXPIRED") => {
                failed(Kind::NeedsHuman, "the code had expired").because(error).hint(self.again())
            }
            Some("INSUFFICIENT_PERMISSIONS") => failed(Kind::Refused, "access denied")
                .because(error)
                .hint("the user or role needs the policy `SignInLocalDevelopmentAccess`"),
            Some(_) => failed(Kind::Refused, "AWS refused it").because(error).hint(self.again()),
            None => failed(Kind::Failed, "AWS Sign-In gave no tokens")
                .because(error)
                .hint("check the network, and `AWS_ENDPOINT_URL` if it is set"),
        }
    }
}

/// OAuth's words in a redirect, as the API's would be.
fn browsers_refusal(error: &str, description: &str) -> AwsError {
    let code: String = error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect();
    let message = crate::sign_in::browsers_words(description);
    AwsError::Refused { code, message, status: 400, request_id: None }
}

fn show(callback: Callback, made: Result<&str, &AwsError>) {
    let html = match made {
        Ok(arn) => page("Signed in", &format!("keyfob has what it needs from {arn}. You can close this page."), true),
        Err(error) => {
            let text = format!("{error}. The terminal says what to do; you can close this page.");
            page("Not signed in", &text, false)
        }
    };
    callback.show(&html);
}
