//! How often one caller may ask: a bucket for each token, and for each address that shows none.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::config::RateLimits;
use super::problem::Problem;
use crate::domain::digest::Sha256Digest;

/// What is left, as the answer's headers say it.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The rule, as the answer's headers say it.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Whose bucket a request is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counted {
    /// A token's, by its digest.
    Token(Sha256Digest),
    /// An address's.
    Address(IpAddr),
}

/// What a request is told about its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    per_minute: u32,
    remaining: u32,
    full_in_s: u64,
}

/// The buckets of this server. Where several servers share the marketplace, each gives away its part of every limit.
pub struct Rates {
    tokens: Option<Buckets>,
    addresses: Option<Buckets>,
    /// Among how many servers a limit is shared: what one request takes out of its bucket.
    sharers: AtomicU32,
}

struct Buckets {
    limiter: RateLimiter<Counted, DefaultKeyedStateStore<Counted>, DefaultClock, StateInformationMiddleware>,
    per_minute: NonZeroU32,
}

impl Rates {
    /// Buckets of these sizes.
    pub fn new(limits: &RateLimits) -> Rates {
        let buckets = |per_minute: Option<u32>| {
            let per_minute = NonZeroU32::new(per_minute?)?;
            let limiter = RateLimiter::keyed(Quota::per_minute(per_minute)).with_middleware();
            Some(Buckets { limiter, per_minute })
        };
        Rates {
            tokens: buckets(limits.token_per_minute),
            addresses: buckets(limits.address_per_minute),
            sharers: AtomicU32::new(1),
        }
    }

    /// Sets among how many servers the limits are shared; what callers used up already stays used up.
    pub fn share_among(&self, servers: u32) {
        self.sharers.store(servers.max(1), Ordering::Relaxed);
    }

    /// Counts one request; nothing to say where no limit is set.
    ///
    /// # Errors
    /// 429 with `Retry-After` where the bucket is empty.
    pub fn count(&self, counted: Counted) -> Result<Option<Left>, Problem> {
        let buckets = match counted {
            Counted::Token(_) => &self.tokens,
            Counted::Address(_) => &self.addresses,
        };
        let Some(Buckets { limiter, per_minute }) = buckets else { return Ok(None) };
        // No server gives away nothing at all, however many there are.
        let weight =
            NonZeroU32::new(self.sharers.load(Ordering::Relaxed)).map_or(NonZeroU32::MIN, |n| n.min(*per_minute));
        let per_minute = per_minute.get() / weight;
        let counting = limiter.check_key_n(&counted, weight);
        match counting.map_err(|error| Problem::internal(format!("a limit smaller than its weight: {error}")))? {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity() / weight;
                let full_in_s = u64::from(per_minute - remaining.min(per_minute)) * 60 / u64::from(per_minute);
                Ok(Some(Left { per_minute, remaining, full_in_s }))
            }
            Err(wait) => {
                let seconds = wait.wait_time_from(limiter.clock().now()).as_secs() + 1;
                let left = Left { per_minute, remaining: 0, full_in_s: 60 };
                let detail = format!("more than {per_minute} requests in a minute; wait {seconds} s and go on slower");
                let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail);
                Err(left
                    .headers()
                    .into_iter()
                    .fold(problem.retry_after(seconds), |problem, (name, value)| problem.header(name, value)))
            }
        }
    }

    /// Forgets buckets that are full again, so that the table does not grow for ever.
    pub fn forget_idle(&self) {
        for buckets in [&self.tokens, &self.addresses].into_iter().flatten() {
            buckets.limiter.retain_recent();
            buckets.limiter.shrink_to_fit();
        }
    }
}

impl Left {
    /// Writes it into an answer's headers.
    pub fn write(self, headers: &mut HeaderMap) {
        headers.extend(self.headers());
    }

    fn headers(self) -> Vec<(HeaderName, HeaderValue)> {
        let Left { per_minute, remaining, full_in_s } = self;
        let texts = [
            (RATE_LIMIT_POLICY, format!("\"minute\";q={per_minute};w=60")),
            (RATE_LIMIT, format!("\"minute\";r={remaining};t={full_in_s}")),
        ];
        texts.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::from_str(&text).ok()?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_alone_and_says_so() {
        let rates = Rates::new(&RateLimits { token_per_minute: Some(2), address_per_minute: None });
        let (first, second) = (Counted::Token(Sha256Digest::of(b"1")), Counted::Token(Sha256Digest::of(b"2")));
        assert_eq!(rates.count(first).unwrap().map(|left| left.remaining), Some(1));
        assert!(rates.count(first).is_ok());
        let problem = rates.count(first).unwrap_err();
        let response = problem.render("/x", "r");
        assert_eq!(response.status(), 429);
        assert!(response.headers().contains_key("retry-after") && response.headers().contains_key(RATE_LIMIT));
        assert!(rates.count(second).is_ok());
        assert_eq!(rates.count(Counted::Address([127, 0, 0, 1].into())).unwrap(), None);
    }

    #[test]
    fn servers_share_a_limit_and_what_is_used_up_stays_used_up() {
        let rates = Rates::new(&RateLimits { token_per_minute: Some(12), address_per_minute: Some(2) });
        let admitted = |counted| (0..20).take_while(|_| rates.count(counted).is_ok()).count();
        let token = |text: &[u8]| Counted::Token(Sha256Digest::of(text));
        assert_eq!(admitted(token(b"alone")), 12);
        rates.share_among(3);
        let first = rates.count(token(b"shared")).unwrap().unwrap();
        assert_eq!((first.per_minute, first.remaining), (4, 3));
        assert_eq!(admitted(token(b"shared")), 3);
        rates.share_among(1);
        assert_eq!(admitted(token(b"shared")), 0, "four of twelve for each of three are all twelve");
        rates.share_among(100);
        assert_eq!(admitted(Counted::Address([127, 0, 0, 1].into())), 1, "each server admits somebody");
    }
}
