//! Ratings: one to five stars, how they are counted, and the mean that a few of them cannot move far.

use std::fmt;
use std::str::FromStr;

use super::limits::RATING_PRIOR_WEIGHT;

/// How good somebody finds an extension: one to five stars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stars(u8);

/// The number is no rating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rating is a whole number of stars, from 1 to 5")]
pub struct NotStars;

/// What became of a rating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RatingState {
    /// It is shown and counts.
    Shown,
    /// A report of it was upheld: only its author and maintainers see it, and it does not count.
    Hidden,
    /// Its author took it back.
    Deleted,
}

/// What is wrong with a rating, in the words of whoever reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportReason {
    /// It advertises.
    Spam,
    /// It insults or threatens.
    Abuse,
    /// It is about something else.
    OffTopic,
    /// It tells who somebody is.
    PrivateData,
    /// It is one of many that were agreed on.
    Manipulation,
    /// Said in the report's text.
    Other,
}

/// Where a report stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportState {
    /// It waits for a maintainer.
    Open,
    /// The rating was hidden.
    Upheld,
    /// The rating stays.
    Dismissed,
    /// Its author took the rating back first.
    Moot,
}

/// How many ratings there are of one to five stars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histogram(pub [u64; 5]);

/// What the mean of an extension is pulled towards: the catalogue's own mean, counted as some ratings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// The mean of every rating in the catalogue; 3 where there is none.
    pub mean: f64,
    /// As how many ratings it counts.
    pub weight: u64,
}

impl Stars {
    /// The number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its place in a [`Histogram`].
    const fn place(self) -> usize {
        self.0 as usize - 1
    }
}

impl TryFrom<i64> for Stars {
    type Error = NotStars;

    fn try_from(number: i64) -> Result<Stars, NotStars> {
        match u8::try_from(number) {
            Ok(stars @ 1..=5) => Ok(Stars(stars)),
            _ => Err(NotStars),
        }
    }
}

impl fmt::Display for Stars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Histogram {
    /// Adds ratings of so many stars.
    pub fn add(&mut self, stars: Stars, amount: u64) {
        self.0[stars.place()] += amount;
    }

    /// The two together.
    #[must_use]
    pub fn and(self, other: Histogram) -> Histogram {
        Histogram(std::array::from_fn(|place| self.0[place] + other.0[place]))
    }

    /// How many ratings there are.
    pub fn count(self) -> u64 {
        self.0.iter().sum()
    }

    /// All stars together.
    pub fn sum(self) -> u64 {
        (1..).zip(self.0).map(|(stars, count)| stars * count).sum()
    }

    /// The plain mean; nothing where nobody rated.
    #[expect(clippy::cast_precision_loss, reason = "nobody rates 2^52 times")]
    pub fn mean(self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum() as f64 / self.count() as f64)
    }
}

impl Prior {
    /// The prior of a catalogue: its mean, counted as often as an extension that is rated has ratings in the mean, within
    /// [`RATING_PRIOR_WEIGHT`].
    pub fn of(catalogue: Histogram, rated_extensions: u64) -> Prior {
        let each = catalogue.count().checked_div(rated_extensions).unwrap_or(0);
        let weight = each.clamp(*RATING_PRIOR_WEIGHT.start(), *RATING_PRIOR_WEIGHT.end());
        Prior { mean: catalogue.mean().unwrap_or(3.0), weight }
    }

    /// The Bayesian mean `(C·m + Σ stars) / (C + n)` for the prior's mean `m` and weight `C`: the mean of a Dirichlet
    /// posterior over the stars, as catalogues of books and films have used it for long.
    #[expect(clippy::cast_precision_loss, reason = "nobody rates 2^52 times")]
    pub fn mean_of(self, histogram: Histogram) -> f64 {
        let weight = self.weight as f64;
        (weight * self.mean + histogram.sum() as f64) / (weight + histogram.count() as f64)
    }
}

macro_rules! words {
    ($of:ident, $noun:literal, $($name:ident = $word:literal),*) => {
        impl $of {
            /// Every one of them.
            pub const ALL: &[$of] = &[$($of::$name),*];

            /// The name on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $($of::$name => $word,)*
                }
            }
        }

        impl FromStr for $of {
            type Err = NotARatingWord;

            fn from_str(text: &str) -> Result<$of, NotARatingWord> {
                $of::ALL.iter().copied().find(|one| one.name() == text).ok_or_else(|| {
                    let words: Vec<&str> = $of::ALL.iter().map(|one| one.name()).collect();
                    NotARatingWord { given: super::text::quoted(text), noun: $noun, words: words.join(", ") }
                })
            }
        }
    };
}

/// The word is none of those that are known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given} is no {noun}; there are {words}")]
pub struct NotARatingWord {
    given: String,
    noun: &'static str,
    words: String,
}

words!(RatingState, "state of a rating", Shown = "shown", Hidden = "hidden", Deleted = "deleted");
words!(
    ReportReason,
    "reason of a report",
    Spam = "spam",
    Abuse = "abuse",
    OffTopic = "off_topic",
    PrivateData = "private_data",
    Manipulation = "manipulation",
    Other = "other"
);
words!(ReportState, "state of a report", Open = "open", Upheld = "upheld", Dismissed = "dismissed", Moot = "moot");

#[cfg(test)]
mod tests {
    use super::*;

    fn stars(number: i64) -> Stars {
        Stars::try_from(number).unwrap()
    }

    #[test]
    fn stars_are_one_to_five() {
        for bad in [i64::MIN, -1, 0, 6, 256, i64::MAX] {
            assert_eq!(Stars::try_from(bad), Err(NotStars), "{bad}");
        }
        assert_eq!((1..=5).map(|number| stars(number).number()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn few_ratings_cannot_move_the_mean_far_and_many_can() {
        let mut catalogue = Histogram::default();
        catalogue.add(stars(4), 80);
        catalogue.add(stars(2), 20);
        let prior = Prior::of(catalogue, 10);
        assert_eq!(prior, Prior { mean: 3.6, weight: 10 });
        let mut one = Histogram::default();
        one.add(stars(1), 1);
        assert!((prior.mean_of(one) - 37.0 / 11.0).abs() < 1e-9);
        let bombed = Histogram([10_000, 0, 0, 0, 0]);
        assert!(prior.mean_of(bombed) < 1.01);
        assert!((prior.mean_of(Histogram::default()) - 3.6).abs() < 1e-9, "nobody rated it");
    }

    #[test]
    fn the_prior_has_bounds_and_an_empty_catalogue_is_in_the_middle() {
        assert_eq!(Prior::of(Histogram::default(), 0), Prior { mean: 3.0, weight: 2 });
        assert_eq!(Prior::of(Histogram([0, 0, 0, 0, 9_000]), 3).weight, 50);
        assert_eq!(Prior::of(Histogram([0, 0, 0, 0, 3]), 3).weight, 2);
    }

    #[test]
    fn words_that_are_unknown_list_those_that_are() {
        assert_eq!("off_topic".parse(), Ok(ReportReason::OffTopic));
        let said = "rude\u{202e}".parse::<ReportReason>().unwrap_err().to_string();
        assert!(said.contains("abuse") && !said.contains('\u{202e}'), "{said}");
    }
}
