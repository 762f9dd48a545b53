//! How many decisions a second are taken and on the disk: one reviewer who waits for each answer, and 32 of them.

use std::thread;
use std::time::Instant;

use anyhow::{Result, anyhow, ensure};
use serde_json::Value;

use crate::load::Connection;
use crate::serve::{self, Served};
use crate::table::Table;
use crate::{count, fill};

/// Versions that wait.
const WAITING: usize = 12_000;
/// Their authors: a decision changes what its author is trusted with, and so the places of all that the author has waiting.
const AUTHORS: usize = WAITING / 3;
/// Decisions of one reviewer alone, and of several together.
const ALONE: usize = 600;
const TOGETHER: usize = 8_000;
/// Reviewers at once.
const REVIEWERS: usize = 32;
/// The least rates.
const ALONE_MIN: f64 = 150.0;
const TOGETHER_MIN: f64 = 1_500.0;
/// What a rejection says.
const REJECTION: &str = r#"{"reason":"quality","feedback":"It does not do what it says."}"#;

/// What is done to a review.
#[derive(Clone, Copy)]
enum Act {
    Claim,
    Reject,
}

/// Measures.
pub fn run() -> Result<()> {
    let mut table = Table::new("Durable single decisions on SQLite, over loopback HTTP");
    let folder = tempfile::tempdir()?;
    eprintln!("{WAITING} waiting versions are written");
    let token = fill::fill_by(folder.path(), WAITING, AUTHORS)?;
    let served = serve::start(folder.path(), None)?;
    let reviews = ready(&served, &token)?;
    ensure!(reviews.len() >= ALONE + TOGETHER, "only {} wait unclaimed", reviews.len());
    let (alone, together) = reviews[..ALONE + TOGETHER].split_at(ALONE);
    for (who, reviewers, reviews, least) in
        [("1 reviewer", 1, alone, ALONE_MIN), ("32 reviewers", REVIEWERS, together, TOGETHER_MIN)]
    {
        let claims = rate(&served, &token, reviews, reviewers, Act::Claim)?;
        table.add(format!("{who}: claims"), claims, "a second", ..);
        let decisions = rate(&served, &token, reviews, reviewers, Act::Reject)?;
        table.add(format!("{who}: decisions"), decisions, "a second", least..);
    }
    table.print();
    Ok(())
}

/// The reviews that wait for somebody to take them on.
fn ready(served: &Served, token: &str) -> Result<Vec<String>> {
    let mut connection = Connection::open(&served.address, token)?;
    let mut reviews = Vec::new();
    let mut path = "/queue?q=stage:ready&limit=100".to_owned();
    loop {
        let request = connection.request(&path);
        let page: Value = serde_json::from_slice(connection.answer(&request)?)?;
        let items = page["items"].as_array().ok_or_else(|| anyhow!("a page without items"))?;
        reviews.extend(items.iter().filter_map(|item| item["review_id"].as_str().map(str::to_owned)));
        match page["next"].as_str() {
            Some(next) => path = format!("/queue?q=stage:ready&limit=100&cursor={next}"),
            None => return Ok(reviews),
        }
    }
}

/// Does one thing to each review, some at once, each answer awaited; gives how many a second.
fn rate(served: &Served, token: &str, reviews: &[String], reviewers: usize, act: Act) -> Result<f64> {
    let mut lanes = Vec::new();
    for lane in reviews.chunks(reviews.len().div_ceil(reviewers)) {
        let connection = Connection::open(&served.address, token)?;
        let requests: Vec<Vec<u8>> = lane.iter().map(|review| act.request(&served.address, token, review)).collect();
        lanes.push((connection, requests));
    }
    let began = Instant::now();
    let deciding = lanes.into_iter().map(|(mut connection, requests)| {
        thread::spawn(move || requests.iter().try_for_each(|request| connection.answer(request).map(drop)))
    });
    for lane in deciding.collect::<Vec<_>>() {
        lane.join().map_err(|_| anyhow!("a reviewer's thread panicked"))??;
    }
    Ok(count(reviews.len()) / began.elapsed().as_secs_f64())
}

impl Act {
    /// The bytes that do it. A waiting review was written with revision 3, and claiming it makes 4.
    fn request(self, host: &str, token: &str, review: &str) -> Vec<u8> {
        let (verb, if_match, body) = match self {
            Act::Claim => ("claim", "\"3\"", ""),
            Act::Reject => ("reject", "\"4\"", REJECTION),
        };
        let length = body.len();
        let sort = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
        format!(
            "POST /reviews/{review}/{verb} HTTP/1.1\r\nhost: {host}\r\naccept: application/json\r\n\
             authorization: Bearer {token}\r\nif-match: {if_match}\r\n{sort}content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}
