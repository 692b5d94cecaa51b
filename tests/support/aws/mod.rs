//! A loopback AWS for tests: STS and IAM on 127.0.0.1, as strict as AWS, for any client that speaks their query API.
//!
//! It checks Signature Version 4, clocks, key states, session tokens, TOTP codes (each usable once), trust policies,
//! external ids, MFA and its age, durations, the one-hour chaining cap and IAM's rules for sessions, and refuses in
//! AWS's own words. Where AWS's words are not known, ours have its code and status.
//!
//! ```ignore
//! let aws = LoopbackAws::start();
//! let ann = aws.user("ann");
//! let key = ann.access_key();                          // key.id, key.secret
//! let phone = ann.mfa("ann-phone");                    // phone.serial(), phone.code()
//! let deploy = aws.role("deploy").trusts(&ann.arn()).needs_mfa();
//! aws.role("audit").trusts(&deploy.arn()).needs_external_id("audit-42");
//! aws.fault("AssumeRole", Fault::DropAnswer);          // the next one
//! // … run clients with AWS_ENDPOINT_URL = aws.url() …
//! assert_eq!(aws.count("GetSessionToken"), 1);
//! ```
//!
//! Deliberately absent: policies of users and roles beyond the switches on [`UserHandle`] and [`RoleHandle`] (a role's trust
//! alone lets a caller in; session policies are enforced), paths of users and roles, presigned and unsigned calls;
//! pagination but of the calls of an audit, and of users, groups and their policies.

mod account;
mod answer;
mod authentication;
mod authorize;
mod fake;
mod faults;
mod federation;
mod handles;
mod http;
mod iam;
mod iam_mfa;
mod iam_users;
mod identity_center;
mod log;
mod machine;
mod params;
mod policy;
mod roles_anywhere;
mod sign_in;
mod sigv4;
mod sts;
mod tls;
mod totp;
mod world;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use answer::{Refusal, Service};
pub use fake::secret;
pub use faults::Fault;
use faults::PlannedFault;
pub use handles::{AccessKey, DeviceHandle, RoleHandle, SessionKeys, UserHandle};
use http::{Delivery, Request, Response};
pub use iam_mfa::base64;
pub use iam_users::{Belongings, Group};
pub use identity_center::IdentityCenterHandle;
pub use log::Logged;
pub use machine::Metadata;
use params::Params;
pub use roles_anywhere::{PROFILE, TRUST_ANCHOR};
pub use tls::CA_BUNDLE;
use world::World;
pub use world::{Secret, SecretKind};

/// The account everything is in, unless a test says otherwise.
pub const ACCOUNT: &str = "111122223333";

/// The running server. Dropped, it closes every connection.
#[derive(Debug)]
pub struct LoopbackAws {
    shared: Arc<Shared>,
    address: SocketAddr,
}

#[derive(Debug)]
struct Shared {
    world: Mutex<World>,
    /// None: it speaks plain HTTP.
    tls: Option<Arc<rustls::ServerConfig>>,
    open: Mutex<Vec<TcpStream>>,
    stopping: AtomicBool,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoopbackAws {
    /// Starts with no users, in the partition `aws`, on a free port.
    pub fn start() -> Self {
        Self::start_in("aws")
    }

    /// Starts in `aws-cn` or `aws-us-gov`: other ARNs, and another region that IAM requests are signed for.
    pub fn start_in(partition: &str) -> Self {
        Self::start_with(partition, None)
    }

    /// Starts with a certificate for 127.0.0.1 that only clients accept that have [`CA_BUNDLE`] in `AWS_CA_BUNDLE`.
    pub fn start_with_tls() -> Self {
        Self::start_with("aws", Some(tls::config()))
    }

    fn start_with(partition: &str, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback interface");
        let address = listener.local_addr().expect("it is bound");
        let url = format!("http://{address}");
        let world = World { partition: partition.to_owned(), url, ..World::default() };
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            tls,
            open: Mutex::new(Vec::new()),
            stopping: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        LoopbackAws { shared, address }
    }

    /// What to put in `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.shared.tls.is_some() { "https" } else { "http" }, self.address)
    }

    /// A user of [`ACCOUNT`], made where there is none of that name.
    pub fn user(&self, name: &str) -> UserHandle {
        self.user_of(ACCOUNT, name)
    }

    /// A user of another account (12 digits).
    pub fn user_of(&self, account: &str, name: &str) -> UserHandle {
        UserHandle::create(&self.shared, account, name, false)
    }

    /// A user of [`ACCOUNT`] that somebody else creates or has deleted.
    pub fn user_named(&self, name: &str) -> UserHandle {
        let arn = format!("arn:{}:iam::{ACCOUNT}:user/{name}", self.shared.world().partition);
        UserHandle::of(&self.shared, &arn)
    }

    /// The groups, by name.
    pub fn groups(&self) -> std::collections::BTreeMap<String, Group> {
        self.shared.world().directory.groups.clone()
    }

    /// So many calls about it do not see a user that is created from now on.
    pub fn new_users_unseen_for(&self, calls: usize) {
        self.shared.world().directory.new_users_unseen = calls;
    }

    /// Lists users, groups and policies in pages of one.
    pub fn list_in_pages_of_one(&self) {
        self.shared.world().directory.pages_of_one = true;
    }

    /// So often the credential report is still being made.
    pub fn report_takes(&self, calls: usize) {
        self.shared.world().directory.report_pending = calls;
    }

    /// The account's password policy, as it was sent; none until it is set.
    pub fn password_policy(&self) -> Option<std::collections::BTreeMap<String, String>> {
        self.shared.world().directory.password_policy.clone()
    }

    /// The serials of all MFA devices, whoever they belong to.
    pub fn devices(&self) -> Vec<String> {
        self.shared.world().devices.keys().cloned().collect()
    }

    /// The root of [`ACCOUNT`].
    pub fn root(&self) -> UserHandle {
        UserHandle::create(&self.shared, ACCOUNT, "root", true)
    }

    /// A device of any user's or nobody's, where there is one of this serial.
    pub fn device(&self, serial: &str) -> Option<DeviceHandle> {
        DeviceHandle::of(&self.shared, serial)
    }

    /// A role of [`ACCOUNT`], which at first trusts nobody and takes sessions of up to 1 h.
    pub fn role(&self, name: &str) -> RoleHandle {
        self.role_of(ACCOUNT, name)
    }

    /// A role of another account (12 digits).
    pub fn role_of(&self, account: &str, name: &str) -> RoleHandle {
        RoleHandle::create(&self.shared, account, name)
    }

    /// Plans a fault for the next call of `action` (`*`: of any).
    pub fn fault(&self, action: &str, fault: Fault) {
        self.faults(action, 1, fault);
    }

    /// Plans a fault for the next `times` calls of `action`. Plans of one action come about in the order they were made.
    pub fn faults(&self, action: &str, times: usize, fault: Fault) {
        assert!(times > 0, "a fault that never happens is a mistake in the test");
        self.shared.world().faults.push(PlannedFault { action: action.to_owned(), after: 0, times, fault });
    }

    /// Plans a fault for `times` calls of any action, after so many that are left alone.
    pub fn faults_after(&self, after: usize, times: usize, fault: Fault) {
        self.shared.world().faults.push(PlannedFault { action: "*".to_owned(), after, times, fault });
    }

    /// Takes back the faults that have not come about.
    pub fn forget_faults(&self) {
        self.shared.world().faults.clear();
    }

    /// Faults that have not come about.
    pub fn planned_faults(&self) -> usize {
        self.shared.world().faults.len()
    }

    /// Unix time in seconds by the server's clock.
    pub fn now(&self) -> i64 {
        self.shared.world().now().div_euclid(1000)
    }

    /// Sets the server's clock off from the machine's: a client then has a clock that is off the other way.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.shared.world().clock_offset_ms = seconds * 1000;
    }

    /// Moves the server's clock on: sessions expire, codes change, new keys become known.
    pub fn advance(&self, seconds: i64) {
        self.shared.world().clock_offset_ms += seconds * 1000;
    }

    /// As a service that has no GetScopedCredentials.
    pub fn without_scoped_credentials(&self) {
        self.shared.world().no_scoped_credentials = true;
    }

    /// Answers STS calls only where they are signed for this region.
    pub fn expect_sts_region(&self, region: &str) {
        self.shared.world().sts_region = Some(region.to_owned());
    }

    /// Makes session tokens of so many characters from now on: those of roles with many tags reach 4 kB.
    pub fn set_token_length(&self, characters: usize) {
        self.shared.world().token_length = Some(characters);
    }

    /// Keys that CreateAccessKey makes from now on stay unknown for so long, by the server's clock.
    pub fn new_keys_unknown_for(&self, seconds: i64) {
        self.shared.world().new_keys_unknown_ms = seconds * 1000;
    }

    /// What the first calls of each service find that are signed with a new key: known (`true`) or not. As at AWS,
    /// a key that has been seen can be unknown again: `&[false, true, false, true]`.
    pub fn new_keys_appear(&self, known: &[bool]) {
        self.shared.world().new_keys_appear = known.to_vec();
    }

    /// Every request since the start or [`forget_requests`](Self::forget_requests), in order of arrival.
    pub fn requests(&self) -> Vec<Logged> {
        self.shared.world().log.clone()
    }

    /// The requests of one action.
    pub fn requests_of(&self, action: &str) -> Vec<Logged> {
        self.requests().into_iter().filter(|request| request.action == action).collect()
    }

    /// How often an action was asked for, granted or not.
    pub fn count(&self, action: &str) -> usize {
        self.requests_of(action).len()
    }

    /// The last request of an action.
    pub fn last(&self, action: &str) -> Logged {
        self.requests_of(action).pop().unwrap_or_else(|| panic!("nobody has called {action}"))
    }

    /// Empties the log and counts connections from 0 again.
    pub fn forget_requests(&self) {
        let mut world = self.shared.world();
        world.log.clear();
        world.connections = 0;
        world.busy = Duration::ZERO;
    }

    /// Connections accepted.
    pub fn connections(&self) -> u64 {
        self.shared.world().connections
    }

    /// How long it took to answer the requests since then, all together.
    pub fn busy(&self) -> Duration {
        self.shared.world().busy
    }

    /// Every secret this server ever made or handed out, those of deleted keys and expired sessions too, and each MFA code
    /// that was shown or spent.
    pub fn all_secrets(&self) -> Vec<Secret> {
        self.shared.world().secrets.clone()
    }
}

impl Drop for LoopbackAws {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts, so that the port is given back.
        drop(TcpStream::connect(self.address));
        for stream in self.shared.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // It may be closed already.
            stream.shutdown(std::net::Shutdown::Both).ok();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let connection = {
            let mut world = shared.world();
            world.connections += 1;
            world.connections
        };
        if let Ok(copy) = stream.try_clone() {
            shared.open.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
        }
        let shared = Arc::clone(shared);
        let tls = shared.tls.clone();
        // A client that goes away in the middle of a sentence is its own affair.
        let answer = move |request: Request| {
            let started = Instant::now();
            let answer = handle(&shared, connection, &request);
            shared.world().busy += started.elapsed();
            answer
        };
        thread::spawn(move || {
            stream.set_nodelay(true).ok();
            match tls {
                None => http::serve(&stream, answer).ok(),
                Some(tls) => {
                    let session = rustls::ServerConnection::new(tls).expect("a TLS session");
                    http::serve(rustls::StreamOwned::new(session, &stream), answer).ok()
                }
            };
            stream.shutdown(std::net::Shutdown::Both).ok();
        });
    }
}

/// Answers one request, faults and all, and logs it.
fn handle(shared: &Shared, connection: u64, request: &Request) -> (Response, Delivery) {
    if let Some(action) = identity_center::action(request) {
        return identity_center::handle(shared, connection, action, request);
    }
    let params = Params::parse(&request.body);
    let action = params.get("Action").unwrap_or_default().to_owned();
    let version = params.get("Version").unwrap_or_default().to_owned();
    let service = Service::of_version(&version);
    let mut world = shared.world();
    let elsewhere = machine::answer(&mut world, request)
        .or_else(|| federation::answer(&mut world, request))
        .or_else(|| authorize::answer(&mut world, request));
    if let Some((action, response)) = elsewhere {
        world.log.push(Logged {
            connection,
            service: None,
            action: action.to_owned(),
            params,
            key_id: None,
            caller_arn: None,
            region: None,
            user_agent: String::new(),
            outcome: Some(response.status.to_string()),
            answered: true,
        });
        return (response, Delivery::Whole);
    }
    let json_action = json_action(request);
    let action = json_action.map_or(action, str::to_owned);
    let fault = faults::take(&mut world.faults, &action);
    let scope = request.header("authorization").and_then(sigv4::Authorization::parse);
    let mut logged = Logged {
        connection,
        service,
        action: action.clone(),
        params: params.clone(),
        key_id: scope.as_ref().map(|scope| scope.key_id.clone()),
        caller_arn: None,
        region: scope.map(|scope| scope.region),
        user_agent: request.header("user-agent").unwrap_or_default().to_owned(),
        outcome: None,
        answered: false,
    };
    let refused_unread = match &fault {
        Some(Fault::Throttle) => Some(Refusal::new(400, "Throttling", "Rate exceeded")),
        Some(Fault::InternalFailure) => Some(internal_failure()),
        Some(Fault::Unavailable) => {
            Some(Refusal::new(503, "ServiceUnavailable", "Service is unable to handle request."))
        }
        Some(Fault::Refuse { status, code, message }) => Some(Refusal::new(*status, code, *message)),
        // Nobody reads it; it only stands where an answer has to.
        Some(Fault::DropRequest) => Some(Refusal::new(500, "InternalFailure", "dropped")),
        Some(
            Fault::Slow(_)
            | Fault::DropAnswer
            | Fault::FailAfterwards
            | Fault::HalfAnswer
            | Fault::Garbage
            | Fault::Rewritten(_),
        )
        | None => None,
    };
    let mut result = match (refused_unread, json_action) {
        (Some(refusal), _) => Err(refusal),
        (None, Some(action)) => process_json(&mut world, request, action),
        (None, None) => process(&mut world, request, service, &action, &params, &mut logged),
    };
    if fault == Some(Fault::FailAfterwards) {
        result = result.and(Err(internal_failure()));
    }
    let delivery = match fault {
        Some(Fault::DropRequest | Fault::DropAnswer) => Delivery::Nothing,
        Some(Fault::HalfAnswer) => Delivery::Half,
        _ => Delivery::Whole,
    };
    logged.answered = delivery == Delivery::Whole;
    logged.outcome = match (&fault, &result) {
        (Some(Fault::DropRequest), _) => None,
        (_, Ok(_)) => Some("200".to_owned()),
        (_, Err(refusal)) => Some(refusal.code.clone()),
    };
    world.log.push(logged);
    let request_id = fake::request_id(world.number());
    let mut response = match json_action {
        Some(action) => {
            answer::json_response(if action == "CreateSession" { 201 } else { 200 }, &result, &request_id, world.now())
        }
        None => answer::response(service.unwrap_or(Service::Sts), &action, &result, &request_id, world.now()),
    };
    drop(world);
    match fault {
        Some(Fault::Slow(delay)) => thread::sleep(delay),
        Some(Fault::Rewritten(rewrite)) => response.body = rewrite.of(&response.body),
        Some(Fault::Garbage) => response.body = b"<html>no answer of AWS's</html \xff".to_vec(),
        _ => {}
    }
    (response, delivery)
}

fn internal_failure() -> Refusal {
    let message = "The request processing has failed because of an unknown error, exception or failure.";
    Refusal::new(500, "InternalFailure", message)
}

/// The action of a request to one of the services that speak JSON.
fn json_action(request: &Request) -> Option<&'static str> {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/v1/token") => Some("CreateOAuth2Token"),
        ("POST", "/list-sessions") => Some("ListSessions"),
        ("POST", "/batch-revoke-sessions") => Some("BatchRevokeSessions"),
        ("POST", "/sessions") => Some("CreateSession"),
        ("GET", "/analyzer") => Some("ListAnalyzers"),
        _ => None,
    }
}

fn process_json(world: &mut World, request: &Request, action: &str) -> Result<String, Refusal> {
    match action {
        "CreateOAuth2Token" => sign_in::create_token(world, request).map(|document| document.to_string()),
        "ListSessions" | "BatchRevokeSessions" => sign_in::sessions(world, request, action).map(|it| it.to_string()),
        "CreateSession" => roles_anywhere::create_session(world, request).map(|document| document.to_string()),
        "ListAnalyzers" => account::list_analyzers(world, request).map(|document| document.to_string()),
        _ => Err(Refusal::new(404, "UnknownOperationException", "unknown")),
    }
}

/// Authenticates and carries out.
fn process(
    world: &mut World,
    request: &Request,
    service: Option<Service>,
    action: &str,
    params: &Params,
    logged: &mut Logged,
) -> Result<answer::Xml, Refusal> {
    let Some(service) = service else {
        return Err(sts::unknown_action(action, params.get("Version").unwrap_or_default()));
    };
    if request.method != "POST" || request.path != "/" {
        return Err(sts::unknown_action(action, service.version()));
    }
    if action == "AssumeRoleWithWebIdentity" {
        return machine::assume_role_with_web_identity(world, params, request.header("authorization").is_some());
    }
    let caller = authentication::authenticate(world, request, service)?;
    logged.caller_arn = Some(caller.arn.clone());
    caller.check_session_policies(service, action)?;
    if service != Service::Sts
        && let Some(answer) = account::answer(world, &caller, action, params)
    {
        return answer;
    }
    match service {
        Service::Sts => sts::answer(world, &caller, action, params),
        Service::Iam => iam::answer(world, &caller, action, params),
        Service::Ec2 | Service::AccessAnalyzer => Err(sts::unknown_action(action, service.version())),
    }
}
