//! Pages of lists: opaque cursors over stable keys, a bounded number of items, `Link` to the next.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::LINK;
use http::{HeaderValue, Uri};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::problem::Problem;
use crate::api::page::Page;
use crate::domain::digest::Sha256Digest;
use crate::domain::limits::PAGE_ITEMS_MAX;

/// Items of a page whose size was not asked for.
pub const PAGE_ITEMS_DEFAULT: usize = 50;

/// The part of a list that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window<K> {
    /// How many items at most.
    pub limit: usize,
    /// The key of the last item of the page before, where there was one.
    pub after: Option<K>,
    list: String,
}

#[derive(Serialize, Deserialize)]
struct Cursor<K> {
    l: String,
    k: K,
}

impl<K: Serialize + DeserializeOwned> Window<K> {
    /// Reads `limit` and `cursor`; `list` names the list with its filter and order, and a cursor is good for it alone.
    ///
    /// # Errors
    /// 400 for a limit out of range, or a cursor that is not from this list.
    pub fn from_query(list: &str, limit: Option<u32>, cursor: Option<&str>) -> Result<Window<K>, Problem> {
        let limit = limit.map_or(PAGE_ITEMS_DEFAULT, |limit| limit as usize);
        if !(1..=PAGE_ITEMS_MAX).contains(&limit) {
            return Err(Problem::bad_query("limit", format!("limit has to be 1 to {PAGE_ITEMS_MAX}")));
        }
        let list = Sha256Digest::of(list.as_bytes()).to_string()[..12].to_owned();
        let after = match cursor {
            None => None,
            Some(text) => Some(read_cursor(&list, text).ok_or_else(|| {
                let detail =
                    "this cursor is not from this list; take next from a page with the same q, or leave it out";
                Problem::bad_query("cursor", detail)
            })?),
        };
        Ok(Window { limit, after, list })
    }

    /// The cursor of the page that follows the item with this key.
    pub fn cursor(&self, key: K) -> String {
        let cursor = Cursor { l: self.list.clone(), k: key };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
    }
}

/// The page as an answer, with `Link: <…>; rel="next"` where there are more items.
pub fn answer<K: Serialize + DeserializeOwned, T: Serialize>(
    uri: &Uri,
    window: &Window<K>,
    items: Vec<T>,
    next_key: Option<K>,
    total: Option<u64>,
) -> Answer {
    let next = next_key.map(|key| window.cursor(key));
    let link = link(uri, next.as_deref());
    linked(Answer::ok(&Page { items, next, total }), link)
}

/// The same with items that `write` puts to the end of a buffer, with commas between.
pub fn answer_written<K: Serialize + DeserializeOwned, E>(
    uri: &Uri,
    window: &Window<K>,
    next_key: Option<K>,
    total: Option<u64>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<Answer, E> {
    let next = next_key.map(|key| window.cursor(key));
    let link = link(uri, next.as_deref());
    let mut body = b"{\"items\":[".to_vec();
    write(&mut body)?;
    body.extend_from_slice(b"]");
    // Cursors are plain text.
    if let Some(next) = next {
        body.extend_from_slice(format!(",\"next\":\"{next}\"").as_bytes());
    }
    if let Some(total) = total {
        body.extend_from_slice(format!(",\"total\":{total}").as_bytes());
    }
    body.push(b'}');
    Ok(linked(Answer::json_bytes(body), link))
}

fn link(uri: &Uri, next: Option<&str>) -> Option<HeaderValue> {
    next.and_then(|cursor| HeaderValue::from_str(&link_to(uri, cursor)).ok())
}

fn linked(answer: Answer, link: Option<HeaderValue>) -> Answer {
    match link {
        Some(value) => answer.header(LINK, value),
        None => answer,
    }
}

fn link_to(uri: &Uri, cursor: &str) -> String {
    let kept = uri.query().unwrap_or("").split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let query: Vec<&str> = kept.collect();
    let (path, joint) = (uri.path(), if query.is_empty() { "" } else { "&" });
    format!("<{path}?{}{joint}cursor={cursor}>; rel=\"next\"", query.join("&"))
}

fn read_cursor<K: DeserializeOwned>(list: &str, text: &str) -> Option<K> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let cursor: Cursor<K> = serde_json::from_slice(&bytes).ok()?;
    (cursor.l == list).then_some(cursor.k)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Key = (i64, String);

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let window = Window::<Key>::from_query("queue q=a", None, None).unwrap();
        assert_eq!((window.limit, &window.after), (50, &None));
        let cursor = window.cursor((-3, "x".to_owned()));
        let next = Window::<Key>::from_query("queue q=a", Some(100), Some(&cursor)).unwrap();
        assert_eq!(next.after, Some((-3, "x".to_owned())));
        for (list, text) in
            [("queue q=b", cursor.as_str()), ("queue q=a", "!!"), ("queue q=a", "e30"), ("queue q=a", "")]
        {
            assert_eq!(Window::<Key>::from_query(list, None, Some(text)).unwrap_err().status(), 400, "{list} {text}");
        }
        for limit in [0, 101, u32::MAX] {
            assert_eq!(Window::<Key>::from_query("x", Some(limit), None).unwrap_err().status(), 400);
        }
    }

    #[test]
    fn the_link_keeps_the_query_and_changes_the_cursor() {
        let link = |uri: &str| link_to(&uri.parse().unwrap(), "NEW");
        assert_eq!(link("/queue"), "</queue?cursor=NEW>; rel=\"next\"");
        assert_eq!(link("/queue?q=a%20b&cursor=OLD&limit=5"), "</queue?q=a%20b&limit=5&cursor=NEW>; rel=\"next\"");
    }
}
