//! The rule `names`: names that imitate another extension's, mix scripts, or hide characters.

use super::{Findings, Neighbour, Seen, Subject};
use crate::domain::finding::Severity;
use crate::domain::text::{NameProblem, is_confusable, name_problems, quoted};

/// How two names are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likeness {
    /// They differ in characters that look the same: made to be mistaken.
    Imitation,
    /// They are the same but for case and separators.
    Same,
}

/// Looks at every name that people read or type, and at the neighbours' names and slugs.
pub fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let package = subject.package;
    let manifest = &package.manifest;
    check_characters("/extension/name", package.name.as_str(), findings);
    if let Some(key) = &manifest.key {
        check_characters("/extension/version/key", key, findings);
    }
    for (place, keyword) in manifest.keywords.iter().enumerate() {
        check_characters(&format!("/extension/version/keywords/{place}"), keyword, findings);
    }
    for neighbour in &subject.context.neighbours {
        check_name(package.name.as_str(), neighbour, findings);
        if let Some(slug) = subject.context.slug {
            check_slug(slug.as_str(), neighbour, findings);
        }
    }
}

fn check_characters(location: &str, name: &str, findings: &mut Findings) {
    for problem in name_problems(name) {
        let severity = match problem {
            NameProblem::PiledMarks => Severity::Warning,
            _ => Severity::Error,
        };
        findings.add(
            severity,
            Seen {
                location: location.to_owned(),
                message: format!("the name {} could deceive: {problem}", quoted(name)),
                evidence: format!("{}: {}", problem.code(), name.escape_unicode().take(300).collect::<String>()),
                hint: "write the name in one script, without hidden characters".to_owned(),
                body: None,
            },
        );
    }
}

fn check_name(name: &str, neighbour: &Neighbour, findings: &mut Findings) {
    let Some(likeness) = likeness(name, &neighbour.name) else { return };
    let (severity, words) = match likeness {
        Likeness::Imitation => (Severity::Error, "looks like"),
        Likeness::Same => (Severity::Warning, "is the same as"),
    };
    findings.add(
        severity,
        Seen {
            location: "/extension/name".to_owned(),
            message: format!(
                "the name {} {words} {}, which is {} of another owner",
                quoted(name),
                quoted(&neighbour.name),
                neighbour.slug
            ),
            evidence: format!("{} against {} ({})", name, neighbour.name, neighbour.slug),
            hint: "choose a name that cannot be taken for another extension's".to_owned(),
            body: None,
        },
    );
}

fn check_slug(slug: &str, neighbour: &Neighbour, findings: &mut Findings) {
    if likeness(slug, &neighbour.slug) != Some(Likeness::Imitation) {
        return;
    }
    findings.add(
        Severity::Error,
        Seen {
            location: "slug".to_owned(),
            message: format!("the slug {slug:?} looks like {:?} of another owner", neighbour.slug),
            evidence: format!("{slug} against {}", neighbour.slug),
            hint: "choose a slug that cannot be mistyped for, or taken for, another one".to_owned(),
            body: None,
        },
    );
}

fn likeness(ours: &str, theirs: &str) -> Option<Likeness> {
    let bare = |name: &str| name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    if !is_confusable(ours, theirs) {
        return None;
    }
    Some(if bare(ours) == bare(theirs) { Likeness::Same } else { Likeness::Imitation })
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    #[track_caller]
    fn check(name: &str, slug: &str, neighbour: (&str, &str), expected: &[(Severity, &str)]) {
        let mut sample = Sample::good().with_name(name).with_slug(slug);
        sample.neighbours = vec![Neighbour { slug: neighbour.1.to_owned(), name: neighbour.0.to_owned() }];
        let found = sample.found("names");
        let found: Vec<(Severity, &str)> = found.iter().map(|(severity, place)| (*severity, place.as_str())).collect();
        assert_eq!(found, expected, "{name} {slug}");
    }

    #[test]
    fn look_alikes_are_refused_and_equal_names_are_named() {
        check("Music Bot", "music-bot", ("Weather", "weather"), &[]);
        check("Music Bot", "music-bot-2", ("MUSIC-BOT", "music-bot"), &[(Severity::Warning, "/extension/name")]);
        check(
            "Rnusic",
            "rnusic",
            ("Music", "music"),
            &[(Severity::Error, "/extension/name"), (Severity::Error, "slug")],
        );
        check("раураl", "paypal-2", ("paypal", "paypal"), &[(Severity::Error, "/extension/name"); 2]);
    }

    #[test]
    fn scripts_are_not_mixed_in_a_name_or_key() {
        let found = Sample::good().with_name("pаypal").with_field("key", "\"bаn\"").found("names");
        let places: Vec<&str> = found.iter().map(|(_, place)| place.as_str()).collect();
        assert_eq!(places, ["/extension/name", "/extension/version/key"]);
    }
}
