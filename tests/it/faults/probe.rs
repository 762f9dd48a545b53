//! Asks a server from outside whether it reads, whether it writes, and what it says of itself.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::runtime::Runtime;

use super::PATIENCE;
use crate::harness::{Answer, Package, answer, raw_client};

pub struct Probe<'r> {
    pub runtime: &'r Runtime,
    pub url: String,
    pub secret: &'r str,
}

impl Probe<'_> {
    /// Asks for something that has to be written, until it is refused; gives status and code.
    pub fn refused_write(&self) -> (u16, String) {
        let refused = self.until("a write is refused", || self.write(), |answer| answer.status >= 500);
        checked(&refused)
    }

    /// Does the same until the refusal has this code, and `/readyz` too.
    pub fn refused_as(&self, code: &str) {
        let refused = self.until(code, || self.write(), |answer| answer.status >= 500 && answer.code() == code);
        checked(&refused);
        let unready = self.until(code, || self.get("/readyz"), |answer| answer.status != 200 && answer.code() == code);
        checked(&unready);
    }

    /// Imports an extension of its own until that is refused; gives status and code.
    pub fn refused_import(&self) -> (u16, String) {
        let mut number = 0;
        let mut import = || {
            number += 1;
            let package = Package::greeter(&format!("Probe {number}"));
            let request = self.request(Method::POST, &format!("/extensions/import?slug=probe-{number}"));
            self.ask(request.header("Content-Type", "application/json").body(package.bytes()))
        };
        let began = Instant::now();
        loop {
            let answer = import();
            if answer.status >= 500 {
                return checked(&answer);
            }
            assert!(began.elapsed() < PATIENCE, "an import is refused: not after {PATIENCE:?}");
        }
    }

    /// What `/readyz` says once it is not 200.
    pub fn unready(&self) -> (u16, String) {
        let unready =
            self.until("the server says that it is not ready", || self.get("/readyz"), |answer| answer.status != 200);
        checked(&unready)
    }

    /// Waits until the server is ready again and writes.
    pub fn recovered(&self) {
        self.until("the server is ready again", || self.get("/readyz"), |answer| answer.status == 200);
        self.until("writes are taken again", || self.write(), |answer| answer.status == 201);
    }

    /// The status of a page of the queue.
    pub fn read(&self) -> u16 {
        self.get("/queue?limit=1").status
    }

    /// Whether the process answers.
    pub fn is_alive(&self) -> bool {
        self.get("/healthz").status == 200
    }

    fn write(&self) -> Answer {
        self.ask(self.request(Method::POST, "/tokens").json(&json!({"name": "probe"})))
    }

    fn get(&self, path: &str) -> Answer {
        self.ask(self.request(Method::GET, path))
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        raw_client().request(method, format!("{}{path}", self.url)).bearer_auth(self.secret)
    }

    fn ask(&self, request: reqwest::RequestBuilder) -> Answer {
        self.runtime.block_on(answer(request))
    }

    #[expect(clippy::unused_self, reason = "read as a sentence where it is called")]
    fn until(&self, what: &str, ask: impl Fn() -> Answer, holds: impl Fn(&Answer) -> bool) -> Answer {
        let began = Instant::now();
        loop {
            let answer = ask();
            if holds(&answer) {
                return answer;
            }
            assert!(began.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}: {answer:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A refusal that says what it is, and that it may be tried again.
fn checked(answer: &Answer) -> (u16, String) {
    assert!(matches!(answer.status, 503 | 507), "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    let problem = answer.json();
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 20), "{problem}");
    if answer.status == 503 && answer.code() != "outcome_unknown" {
        assert!(answer.header("retry-after").parse::<u32>().is_ok(), "{answer:?}");
    }
    (answer.status, answer.code())
}
