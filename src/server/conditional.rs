//! `ETag`, `If-Match` and `If-None-Match`: a thing's revision in quotes.

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::problem::Problem;

/// What an `If-Match` header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There is none.
    Absent,
    /// `*`: whatever is there.
    Any,
    /// One revision.
    Revision(i64),
}

/// A revision as a strong entity tag.
pub fn entity_tag(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// Reads `If-Match`.
///
/// # Errors
/// 400 where it is neither `*` nor one strong tag such as `"12"`.
pub fn if_match(headers: &HeaderMap) -> Result<Condition, Problem> {
    let mut values = headers.get_all(IF_MATCH).iter();
    let Some(value) = values.next() else { return Ok(Condition::Absent) };
    let text = value.to_str().unwrap_or("").trim();
    match (text, revision(text), values.next()) {
        ("*", _, None) => Ok(Condition::Any),
        (_, Some(revision), None) => Ok(Condition::Revision(revision)),
        _ => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "bad_if_match",
            "If-Match has to be the one ETag that came with what you read, such as \"12\" with its quotes",
        )),
    }
}

/// Whether `If-None-Match` names the tag an answer has, so that 304 says enough.
pub fn is_known(request: &HeaderMap, tag: &HeaderValue) -> bool {
    let strong = |text: &str| text.trim().trim_start_matches("W/") == tag.to_str().unwrap_or("\"");
    request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.trim() == "*" || value.split(',').any(strong))
}

/// The revision of a tag such as `"12"`, for bodies that carry one (bulk requests); the quotes may be left out there.
pub fn revision_of(tag: &str) -> Option<i64> {
    revision(tag).or_else(|| digits(tag))
}

impl Condition {
    /// The revision that has to be named: 428 without one, `*` included.
    ///
    /// # Errors
    /// 428.
    pub fn exact(self) -> Result<i64, Problem> {
        match self {
            Condition::Revision(revision) => Ok(revision),
            Condition::Absent => Err(required(
                "send If-Match with the ETag of what you read, so that nothing you did \
                                               not see is decided",
            )),
            Condition::Any => Err(required("If-Match: * is not enough here: name the ETag of what you read")),
        }
    }

    /// The revision, or nothing for `*`.
    ///
    /// # Errors
    /// 428 without a header.
    pub fn exact_or_any(self) -> Result<Option<i64>, Problem> {
        match self {
            Condition::Any => Ok(None),
            Condition::Revision(revision) => Ok(Some(revision)),
            Condition::Absent => {
                Err(required("send If-Match with the ETag of what you read, or * for whatever is there"))
            }
        }
    }

    /// The revision, where one is named.
    pub const fn if_given(self) -> Option<i64> {
        match self {
            Condition::Revision(revision) => Some(revision),
            Condition::Absent | Condition::Any => None,
        }
    }
}

fn required(detail: &str) -> Problem {
    Problem::new(StatusCode::PRECONDITION_REQUIRED, "if_match_required", detail)
}

fn revision(tag: &str) -> Option<i64> {
    digits(tag.strip_prefix('"')?.strip_suffix('"')?)
}

fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (IF_MATCH, HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn if_match_is_one_strong_tag_or_a_star() {
        for (values, expected) in [
            (&[][..], Some(Condition::Absent)),
            (&["*"], Some(Condition::Any)),
            (&["\"12\""], Some(Condition::Revision(12))),
            (&[" \"0\" "], Some(Condition::Revision(0))),
            (&["12"], None),
            (&["W/\"12\""], None),
            (&["\"12\", \"13\""], None),
            (&["\"12\"", "\"12\""], None),
            (&["\"-1\""], None),
            (&["\"99999999999999999999\""], None),
            (&["\""], None),
            (&[""], None),
        ] {
            let read = if_match(&headers(values));
            match expected {
                Some(condition) => assert_eq!(read.unwrap(), condition, "{values:?}"),
                None => assert_eq!(read.unwrap_err().status(), 400, "{values:?}"),
            }
        }
    }

    #[test]
    fn decisions_need_an_exact_tag() {
        assert_eq!(Condition::Revision(3).exact().unwrap(), 3);
        assert_eq!(Condition::Absent.exact().unwrap_err().status(), 428);
        assert_eq!(Condition::Any.exact().unwrap_err().status(), 428);
        assert_eq!(Condition::Any.exact_or_any().unwrap(), None);
        assert_eq!(Condition::Absent.exact_or_any().unwrap_err().status(), 428);
    }

    #[test]
    fn a_known_tag_is_found_in_a_list() {
        let tag = HeaderValue::from_static("\"7\"");
        let ask = |text| HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(text))]);
        assert!(is_known(&ask("\"6\", W/\"7\""), &tag) && is_known(&ask("*"), &tag));
        assert!(!is_known(&ask("\"6\""), &tag) && !is_known(&HeaderMap::new(), &tag));
        assert_eq!((revision_of("\"5\""), revision_of("5"), revision_of("x")), (Some(5), Some(5), None));
    }
}
