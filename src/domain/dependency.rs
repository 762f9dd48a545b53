//! What extensions need of each other: one choice of published versions in which every range holds, or why there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use pubgrub::{
    DefaultStringReporter, Dependencies, DependencyProvider, PackageResolutionStatistics, PubGrubError, Ranges,
    Reporter, SelectedDependencies, resolve,
};
use semver::{Comparator, Op, VersionReq};

use super::extension::Slug;
use super::limits::{DEPENDENCY_STEPS_MAX, EXPLANATION_CHARS_MAX};
use super::version::VersionNumber;

/// What each extension has published, and what each version of it needs.
pub type Offered = BTreeMap<Slug, Vec<Candidate>>;

/// One published version that may be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its number.
    pub number: VersionNumber,
    /// What it needs beside it.
    pub needs: BTreeMap<Slug, VersionReq>,
}

/// What has to hold on a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Versions that are there and stay.
    pub there: BTreeMap<Slug, VersionNumber>,
    /// The version that comes, in the place of another one where there is one.
    pub coming: BTreeMap<Slug, VersionNumber>,
}

/// Why nothing fits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsolvable {
    /// No choice of versions fits.
    #[error("{0}")]
    Conflict(String),
    /// Extensions need each other in a circle.
    #[error("{} need each other in a circle; one of their authors has to break it", .0.iter().chain(.0.first()).map(Slug::as_str).collect::<Vec<_>>().join(" → "))]
    Cycle(Vec<Slug>),
    /// It was given up.
    #[error("what these extensions need of each other is too entangled to be solved here")]
    TooEntangled,
}

/// Chooses a version for each extension that is needed, as new as possible; what is there keeps its version.
///
/// # Errors
/// [`Unsolvable`], in words.
pub fn solve(wanted: &Wanted, offered: &Offered) -> Result<BTreeMap<Slug, VersionNumber>, Unsolvable> {
    let problem = Problem { wanted, offered, steps: std::cell::Cell::new(0) };
    let chosen = match resolve(&problem, Node::Server, Number(VersionNumber::new(0, 0, 0))) {
        Ok(chosen) => chosen,
        Err(PubGrubError::NoSolution(tree)) => {
            return Err(Unsolvable::Conflict(in_words(&DefaultStringReporter::report(&tree))));
        }
        Err(_) => return Err(Unsolvable::TooEntangled),
    };
    let chosen = by_slug(chosen);
    match circle(&chosen, wanted, offered) {
        Some(circle) => Err(Unsolvable::Cycle(circle)),
        None => Ok(chosen),
    }
}

/// Who has a version: the server whose wishes are the root, or an extension.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Node {
    Server,
    Extension(Slug),
}

/// A number as the explanation shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Number(VersionNumber);

struct Problem<'a> {
    wanted: &'a Wanted,
    offered: &'a Offered,
    steps: std::cell::Cell<usize>,
}

impl Problem<'_> {
    /// Numbers that may be chosen: those published, pre-releases only where a server has or gets them.
    fn candidates<'a>(&'a self, slug: &'a Slug) -> impl Iterator<Item = &'a Candidate> {
        let fixed = self.wanted.coming.get(slug).or_else(|| self.wanted.there.get(slug));
        let all = self.offered.get(slug).into_iter().flatten();
        all.filter(move |candidate| match fixed {
            Some(fixed) => candidate.number == *fixed,
            None => candidate.number.semver().pre.is_empty(),
        })
    }
}

impl DependencyProvider for Problem<'_> {
    type P = Node;
    type V = Number;
    type VS = Ranges<Number>;
    type Priority = std::cmp::Reverse<usize>;
    type M = String;
    type Err = Stopped;

    fn prioritize(&self, node: &Node, range: &Ranges<Number>, _: &PackageResolutionStatistics) -> Self::Priority {
        std::cmp::Reverse(match node {
            Node::Server => 0,
            Node::Extension(slug) => {
                self.candidates(slug).filter(|one| range.contains(&Number(one.number.clone()))).count()
            }
        })
    }

    fn choose_version(&self, node: &Node, range: &Ranges<Number>) -> Result<Option<Number>, Stopped> {
        Ok(match node {
            Node::Server => Some(Number(VersionNumber::new(0, 0, 0))),
            Node::Extension(slug) => self
                .candidates(slug)
                .map(|candidate| Number(candidate.number.clone()))
                .filter(|number| range.contains(number))
                .max(),
        })
    }

    fn get_dependencies(
        &self,
        node: &Node,
        number: &Number,
    ) -> Result<Dependencies<Node, Ranges<Number>, String>, Stopped> {
        let mut constraints: Vec<(Node, Ranges<Number>)> = Vec::new();
        match node {
            Node::Server => {
                let there = self.wanted.there.iter().filter(|(slug, _)| !self.wanted.coming.contains_key(*slug));
                for (slug, number) in there.chain(&self.wanted.coming) {
                    constraints.push((Node::Extension(slug.clone()), Ranges::singleton(Number(number.clone()))));
                }
            }
            Node::Extension(slug) => {
                let candidates = self.offered.get(slug).into_iter().flatten();
                let Some(candidate) = candidates.into_iter().find(|candidate| candidate.number == number.0) else {
                    return Ok(Dependencies::Unavailable("it is not published".to_owned()));
                };
                for (needed, range) in &candidate.needs {
                    constraints.push((Node::Extension(needed.clone()), ranges(range)));
                }
            }
        }
        Ok(Dependencies::Available(constraints.into_iter().collect()))
    }

    fn should_cancel(&self) -> Result<(), Stopped> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > DEPENDENCY_STEPS_MAX { Err(Stopped) } else { Ok(()) }
    }
}

/// The solver took more steps than it may.
#[derive(Debug, thiserror::Error)]
#[error("too many steps")]
struct Stopped;

fn by_slug(chosen: SelectedDependencies<Node, Number>) -> BTreeMap<Slug, VersionNumber> {
    let of = |(node, number): (Node, Number)| match node {
        Node::Server => None,
        Node::Extension(slug) => Some((slug, number.0)),
    };
    chosen.into_iter().filter_map(of).collect()
}

/// A circle among the chosen versions that what is coming leads into; circles that were there before stay.
fn circle(chosen: &BTreeMap<Slug, VersionNumber>, wanted: &Wanted, offered: &Offered) -> Option<Vec<Slug>> {
    let needs = |slug: &Slug| -> Vec<Slug> {
        let number = chosen.get(slug);
        let candidates = offered.get(slug).into_iter().flatten();
        let candidate = candidates.into_iter().find(|candidate| Some(&candidate.number) == number);
        candidate.map(|candidate| candidate.needs.keys().cloned().collect()).unwrap_or_default()
    };
    let mut done: BTreeSet<Slug> = BTreeSet::new();
    for start in wanted.coming.keys() {
        let mut path: Vec<(Slug, Vec<Slug>)> = vec![(start.clone(), needs(start))];
        while let Some((_, rest)) = path.last_mut() {
            let Some(next) = rest.pop() else {
                if let Some((slug, _)) = path.pop() {
                    done.insert(slug);
                }
                continue;
            };
            if let Some(place) = path.iter().position(|(slug, _)| *slug == next) {
                return Some(path[place..].iter().map(|(slug, _)| slug.clone()).collect());
            }
            if !done.contains(&next) {
                let further = needs(&next);
                path.push((next, further));
            }
        }
    }
    None
}

/// The versions that a range allows, by the rules of Cargo's requirements, which `VersionReq` follows.
fn ranges(range: &VersionReq) -> Ranges<Number> {
    range.comparators.iter().fold(Ranges::full(), |all, comparator| all.intersection(&of_comparator(comparator)))
}

fn of_comparator(comparator: &Comparator) -> Ranges<Number> {
    let (major, minor, patch) = (comparator.major, comparator.minor, comparator.patch);
    let mut least = semver::Version::new(major, minor.unwrap_or(0), patch.unwrap_or(0));
    least.pre = comparator.pre.clone();
    // The first version that the parts that are given no longer hold for.
    let beyond = match (minor, patch) {
        (Some(minor), Some(patch)) => (major, minor, patch.saturating_add(1)),
        (Some(minor), None) => (major, minor.saturating_add(1), 0),
        (None, _) => (major.saturating_add(1), 0, 0),
    };
    let compatible = match (major, minor, patch) {
        (0, Some(0), Some(patch)) => (0, 0, patch.saturating_add(1)),
        (0, Some(minor), _) => (0, minor.saturating_add(1), 0),
        (major, ..) => (major.saturating_add(1), 0, 0),
    };
    let nearby = match minor {
        Some(minor) => (major, minor.saturating_add(1), 0),
        None => (major.saturating_add(1), 0, 0),
    };
    let from = Number::of(least);
    match comparator.op {
        Op::Exact | Op::Wildcard if patch.is_some() => Ranges::singleton(from),
        Op::Exact | Op::Wildcard => Ranges::between(from, Number::before(beyond)),
        Op::Greater if patch.is_some() => Ranges::strictly_higher_than(from),
        Op::Greater => Ranges::higher_than(Number::before(beyond)),
        Op::GreaterEq => Ranges::higher_than(from),
        Op::Less => Ranges::strictly_lower_than(from),
        Op::LessEq if patch.is_some() => Ranges::lower_than(from),
        Op::LessEq => Ranges::strictly_lower_than(Number::before(beyond)),
        Op::Tilde => Ranges::between(from, Number::before(nearby)),
        Op::Caret => Ranges::between(from, Number::before(compatible)),
        _ => Ranges::empty(),
    }
}

impl Number {
    fn of(version: semver::Version) -> Number {
        Number(version.to_string().parse().unwrap_or_else(|_| VersionNumber::new(u64::MAX, 0, 0)))
    }

    /// What comes before every pre-release of `major.minor.patch`, so that none of them is below it.
    fn before((major, minor, patch): (u64, u64, u64)) -> Number {
        let mut version = semver::Version::new(major, minor, patch);
        version.pre = semver::Prerelease::new("0").unwrap_or(semver::Prerelease::EMPTY);
        Number::of(version)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        f.write_str(text.strip_suffix("-0").unwrap_or(&text))
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Server => f.write_str("this server"),
            Node::Extension(slug) => f.write_str(slug.as_str()),
        }
    }
}

/// The solver's explanation in the marketplace's words.
fn in_words(report: &str) -> String {
    let text = report
        .replace("this server 0.0.0 depends on", "this server has")
        .replace("this server ==0.0.0 depends on", "this server has")
        .replace("there is no version of", "there is no published version of")
        .replace("there is no available version for", "there is no published version of")
        .replace("this server 0.0.0 is forbidden", "nothing fits together")
        .replace("this server ==0.0.0 is forbidden", "nothing fits together")
        .replace("this server is forbidden", "nothing fits together")
        .replace(" depends on ", " needs ")
        .replace(" ==", " ");
    let text: String = text.chars().take(EXPLANATION_CHARS_MAX).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(text: &str) -> Slug {
        text.parse().unwrap()
    }

    fn number(text: &str) -> VersionNumber {
        text.parse().unwrap()
    }

    /// `"music 1.0.0: library ^1, other *"` on each line.
    fn offered(text: &str) -> Offered {
        let mut offered = Offered::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, needs) = line.split_once(':').unwrap_or((line, ""));
            let (name, version) = name.split_once(' ').unwrap();
            let needs = needs.split(';').map(str::trim).filter(|need| !need.is_empty()).map(|need| {
                let (needed, range) = need.split_once(' ').unwrap();
                (slug(needed), range.parse().unwrap())
            });
            let candidate = Candidate { number: number(version), needs: needs.collect() };
            offered.entry(slug(name)).or_default().push(candidate);
        }
        offered
    }

    fn coming(name: &str, version: &str) -> Wanted {
        Wanted { coming: [(slug(name), number(version))].into(), there: BTreeMap::new() }
    }

    fn solved(wanted: &Wanted, offered: &Offered) -> String {
        match solve(wanted, offered) {
            Ok(chosen) => chosen.iter().map(|(slug, number)| format!("{slug} {number}")).collect::<Vec<_>>().join(", "),
            Err(why) => format!("! {why}"),
        }
    }

    #[test]
    fn the_newest_that_fits_is_chosen_and_what_is_there_stays() {
        let offered = offered(
            "music 1.0.0: library ^1.2; sounds >=1, <3
             library 1.1.0
             library 1.4.0: sounds ^2
             library 1.9.0-rc.1
             library 2.0.0
             sounds 1.0.0
             sounds 2.5.0
             sounds 3.0.0",
        );
        assert_eq!(solved(&coming("music", "1.0.0"), &offered), "library 1.4.0, music 1.0.0, sounds 2.5.0");
        let there = Wanted { there: [(slug("library"), number("1.4.0"))].into(), ..coming("music", "1.0.0") };
        assert_eq!(solved(&there, &offered), "library 1.4.0, music 1.0.0, sounds 2.5.0");
        let old = Wanted { there: [(slug("sounds"), number("1.0.0"))].into(), ..coming("music", "1.0.0") };
        let conflict = solved(&old, &offered);
        assert!(conflict.starts_with('!') && conflict.contains("sounds") && conflict.contains("library"), "{conflict}");
        assert!(!conflict.contains("0.0.0") && !conflict.contains("depends"), "{conflict}");
    }

    #[test]
    fn what_is_missing_and_what_turns_in_a_circle_is_said() {
        let missing = solved(&coming("music", "1.0.0"), &offered("music 1.0.0: library ^1"));
        assert!(missing.contains("music 1.0.0 needs library") && missing.contains("no published version"), "{missing}");
        let circle = offered("aa 1.0.0: bb ^1\n bb 1.0.0: cc ^1\n cc 1.0.0: aa ^1");
        assert_eq!(
            solve(&coming("aa", "1.0.0"), &circle),
            Err(Unsolvable::Cycle(vec![slug("aa"), slug("bb"), slug("cc")]))
        );
        assert!(solved(&coming("aa", "1.0.0"), &circle).contains("aa → bb → cc → aa"));
        let itself = offered("aa 1.0.0: aa ^1");
        assert!(solved(&coming("aa", "1.0.0"), &itself).starts_with('!'));
        let gone = solved(&coming("zz", "1.0.0"), &offered("aa 1.0.0"));
        assert!(gone.starts_with('!') && gone.contains("zz"), "{gone}");
    }

    #[test]
    fn ranges_hold_for_the_versions_that_requirements_hold_for() {
        let numbers =
            ["0.0.3", "0.0.4", "0.1.0", "0.2.9", "1.0.0", "1.2.0", "1.2.3", "1.2.4", "1.3.0", "2.0.0", "2.1.0"];
        for text in [
            "*",
            "^1",
            "^1.2",
            "^1.2.3",
            "^0.0.3",
            "^0.1",
            "^0",
            "^0.0",
            "~1",
            "~1.2",
            "~1.2.3",
            "=1",
            "=1.2",
            "=1.2.3",
            "1.*",
            "1.2.*",
            ">1",
            ">1.2",
            ">1.2.3",
            ">=1",
            ">=1.2.4",
            "<1",
            "<1.2",
            "<1.2.4",
            "<=1",
            "<=1.2",
            "<=1.2.3",
            ">=1.2, <2",
            ">1, <1",
        ] {
            let requirement: VersionReq = text.parse().unwrap();
            for version in numbers {
                let held = ranges(&requirement).contains(&Number(number(version)));
                assert_eq!(held, requirement.matches(number(version).semver()), "{text} {version}");
            }
        }
        let caret: VersionReq = "^1.2".parse().unwrap();
        assert!(!ranges(&caret).contains(&Number(number("2.0.0-rc.1"))), "a pre-release of the next major version");
    }

    #[test]
    fn an_entangled_market_is_given_up_in_time() {
        let lines: Vec<String> = (0..400).map(|n| format!("e{n} 1.0.0: e{} ^1", n + 1)).collect();
        let text = format!("{}\ne400 1.0.0\n", lines.join("\n"));
        let offered = offered(&text);
        assert_eq!(solve(&coming("e0", "1.0.0"), &offered).unwrap().len(), 401);
    }
}
