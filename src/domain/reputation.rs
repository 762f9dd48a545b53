//! Reputation: 0 to 100, the sum of lines that anybody can check, each counted from what happened until a moment.

use serde::{Deserialize, Serialize};

use super::policy::ReputationPolicy;

/// What happened that counts for or against an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A version of it was published.
    Published,
    /// A version of it was rejected by a person.
    Rejected,
    /// Somebody vouched for it, or no more.
    Verified,
    /// A report of a rating that it wrote was upheld, or no more.
    Reported,
    /// An extension of it was rated, or a rating changed or went.
    Rated,
}

/// What an author's reputation is computed from, as it stood at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorRecord {
    /// Versions published.
    pub published: i64,
    /// Versions rejected.
    pub rejected: i64,
    /// Ratings of its own that were hidden after a report.
    pub reported: i64,
    /// Ratings of its extensions that count.
    pub ratings: i64,
    /// The stars of those, all together.
    pub stars: i64,
    /// Whether an administrator vouches for the account.
    pub verified: bool,
    /// The account's age.
    pub age_ms: i64,
}

/// One line of the sum that a reputation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReputationPart {
    /// What it is for, with its count.
    pub what: String,
    /// Points, negative for what counts against.
    pub points: i64,
}

impl EventKind {
    /// Every kind.
    pub const ALL: &[EventKind] =
        &[EventKind::Published, EventKind::Rejected, EventKind::Verified, EventKind::Reported, EventKind::Rated];

    /// The name in the store and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::Published => "published",
            EventKind::Rejected => "rejected",
            EventKind::Verified => "verified",
            EventKind::Reported => "reported",
            EventKind::Rated => "rated",
        }
    }
}

impl AuthorRecord {
    /// Adds what some events of one kind come to.
    pub fn add(&mut self, kind: EventKind, amount: i64, stars: i64) {
        match kind {
            EventKind::Published => self.published += amount,
            EventKind::Rejected => self.rejected += amount,
            EventKind::Reported => self.reported += amount,
            EventKind::Verified => self.verified = i64::from(self.verified) + amount > 0,
            EventKind::Rated => {
                self.ratings += amount;
                self.stars += stars;
            }
        }
    }
}

/// An author's reputation, 0 to 100, with the lines it is the sum of.
pub fn reputation(policy: &ReputationPolicy, record: &AuthorRecord) -> (u8, Vec<ReputationPart>) {
    let (versions_max, months_max) = (policy.versions_counted_max.max(0), policy.months_counted_max.max(0));
    let months = (record.age_ms / (30 * 86_400_000)).clamp(0, months_max);
    let counted = |count: i64| count.clamp(0, versions_max);
    let part = |what: String, points: i64| ReputationPart { what, points };
    let up_to = format!("counted up to {versions_max}");
    let parts = vec![
        part("every account".to_owned(), policy.base),
        part(
            format!("{} versions published ({up_to})", record.published),
            counted(record.published) * policy.published,
        ),
        part(format!("{} versions rejected ({up_to})", record.rejected), -counted(record.rejected) * policy.rejected),
        part(
            format!("{} ratings of its own upheld as reported ({up_to})", record.reported),
            -counted(record.reported) * policy.reported,
        ),
        part(
            format!("{} ratings of its extensions, {} stars in all", record.ratings, record.stars),
            rating_points(policy, record),
        ),
        part(
            if record.verified { "verified" } else { "not verified" }.to_owned(),
            i64::from(record.verified) * policy.verified,
        ),
        part(format!("{months} months old (counted up to {months_max})"), months * policy.age),
    ];
    let sum: i64 = parts.iter().map(|part| part.points).sum();
    (u8::try_from(sum.clamp(0, 100)).unwrap_or(0), parts)
}

/// `rated · (m − 3) / 2`, rounded, for the mean `m` of the ratings and of `rated_prior` more with three stars: all of
/// `rated` for five stars without end, all of it taken for one star. Whole numbers only, so that it comes out alike
/// everywhere.
fn rating_points(policy: &ReputationPolicy, record: &AuthorRecord) -> i64 {
    // Wider than what is kept, so that absurd counts do not overflow.
    let [stars, ratings, prior, rated] =
        [record.stars, record.ratings, policy.rated_prior, policy.rated].map(i128::from);
    let above_the_middle = stars - ratings * 3;
    let among = (ratings + prior).max(1) * 2;
    let points = (rated * above_the_middle * 2 + among).div_euclid(among * 2);
    i64::try_from(points).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reputation_is_the_sum_of_its_parts_within_bounds() {
        let policy = ReputationPolicy::default();
        let cases = [
            (AuthorRecord::default(), 30),
            (AuthorRecord { published: 40, verified: true, age_ms: i64::MAX / 2, ..AuthorRecord::default() }, 97),
            (AuthorRecord { rejected: 50, ..AuthorRecord::default() }, 0),
            (AuthorRecord { reported: 2, ..AuthorRecord::default() }, 10),
            (AuthorRecord { ratings: 90, stars: 450, ..AuthorRecord::default() }, 44),
        ];
        for (record, expected) in cases {
            let (value, parts) = reputation(&policy, &record);
            assert_eq!(value, expected, "{record:?} {parts:?}");
            let sum: i64 = parts.iter().map(|part| part.points).sum();
            assert_eq!(i64::from(value), sum.clamp(0, 100));
        }
    }

    #[test]
    fn few_ratings_count_little_and_one_star_as_much_as_five() {
        let policy = ReputationPolicy { rated: 15, rated_prior: 10, ..ReputationPolicy::default() };
        let points =
            |ratings, stars| rating_points(&policy, &AuthorRecord { ratings, stars, ..AuthorRecord::default() });
        assert_eq!(points(0, 0), 0);
        assert_eq!(points(1, 5), 1, "15 · 2/11 / 2, rounded");
        assert_eq!((points(1_000_000, 5_000_000), points(1_000_000, 1_000_000)), (15, -15));
        assert_eq!(points(500, 1_500), 0, "three stars are the middle");
        assert_eq!(points(i64::MAX, i64::MAX).signum(), -1, "absurd counts do not overflow");
    }

    #[test]
    fn events_add_up_and_what_is_taken_back_is_gone() {
        let mut record = AuthorRecord::default();
        for (kind, amount, stars) in [
            (EventKind::Published, 2, 0),
            (EventKind::Verified, 1, 0),
            (EventKind::Rated, 1, 5),
            (EventKind::Rated, 0, -4),
            (EventKind::Reported, 1, 0),
            (EventKind::Reported, -1, 0),
            (EventKind::Verified, -1, 0),
        ] {
            record.add(kind, amount, stars);
        }
        assert_eq!(record, AuthorRecord { published: 2, ratings: 1, stars: 1, ..AuthorRecord::default() });
    }
}
