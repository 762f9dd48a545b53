//! Who is asking: the token of a request, and the account it stands for as it is in this very transaction.

use axum::extract::{FromRequestParts, MatchedPath};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::app::App;
use super::problem::Problem;
use super::router::{self, Access};
use crate::domain::account::{Caller, Right, Rights};
use crate::domain::digest::Sha256Digest;
use crate::domain::permit::Denied;
use crate::domain::time::Timestamp;
use crate::store::tokens::Holder;
use crate::store::{Tx, tokens};

/// What every secret starts with.
pub const SECRET_PREFIX: &str = "sky_";
/// Characters after the prefix: 32 random bytes in base64url without padding.
const SECRET_CHARS: usize = 43;

/// The token that came with a request, and what its route asks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    secret_sha256: Sha256Digest,
    access: Access,
}

/// A secret just made: shown once, and kept only as its digest.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Writes 32 random bytes as a secret.
    pub fn from_bytes(bytes: [u8; 32]) -> Secret {
        use base64::Engine as _;
        Secret(format!("{SECRET_PREFIX}{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The text to show once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(self.0.as_bytes())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(not shown)")
    }
}

impl Asker {
    /// Reads the token out of `Authorization`.
    ///
    /// # Errors
    /// 401 where it is missing or malformed.
    pub fn from_headers(headers: &HeaderMap, access: Access) -> Result<Asker, Problem> {
        let detail = "this needs a token: send Authorization: Bearer sky_…; an administrator makes one";
        let missing = || Problem::unauthenticated("token_missing", detail);
        let value = headers.get(AUTHORIZATION).ok_or_else(missing)?;
        let (scheme, secret) = value.to_str().unwrap_or("").split_once(' ').ok_or_else(missing)?;
        let secret = secret.trim();
        if !scheme.eq_ignore_ascii_case("bearer") || !is_well_formed(secret) {
            let detail = "the Authorization header holds no skydeck token: it has to be Bearer sky_ and 43 characters";
            return Err(Problem::unauthenticated("token_malformed", detail));
        }
        Ok(Asker { secret_sha256: Sha256Digest::of(secret.as_bytes()), access })
    }

    /// The digest of the token.
    pub fn secret_sha256(&self) -> Sha256Digest {
        self.secret_sha256
    }

    /// Finds the account behind the token and judges the route's rule, from rows of this transaction.
    ///
    /// # Errors
    /// 401 for a token that is unknown, expired or revoked; 403 for a suspended account, a missing right or role.
    pub fn prove(&self, tx: &mut Tx, now: Timestamp) -> Result<Caller, Problem> {
        let unknown = "this token is not known here; check that it belongs to this server, or make a new one";
        let invalid = |code, detail| Err(Problem::unauthenticated(code, detail));
        let Some(Holder { token, account }) = tokens::holder(tx, self.secret_sha256)? else {
            return invalid("token_unknown", unknown);
        };
        if token.revoked_at.is_some() {
            return invalid("token_revoked", "this token was revoked; make a new one");
        }
        if token.expires_at.is_some_and(|end| end <= now) {
            return invalid("token_expired", "this token has expired; make a new one");
        }
        let rights = usable(&token.rights, account.role);
        let caller = Caller { account, token: token.id, rights };
        self.access.judge(&caller)?;
        Ok(caller)
    }
}

impl Access {
    /// Judges this rule for a caller.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn judge(&self, caller: &Caller) -> Result<(), Denied> {
        if caller.account.suspended {
            return Err(Denied::Suspended);
        }
        match *self {
            Access::Token { role, .. } if caller.account.role < role => Err(Denied::RoleTooLow(role)),
            Access::Token { right, .. } if !caller.rights.contains(right) => Err(Denied::RightMissing(right)),
            Access::Open | Access::Token { .. } => Ok(()),
        }
    }
}

impl FromRequestParts<App> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Asker, Problem> {
        let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        match router::route(&parts.method, path) {
            Some(route) => Asker::from_headers(&parts.headers, route.access),
            None => Err(Problem::internal(format!("{} {path} has no row in the table of routes", parts.method))),
        }
    }
}

/// The digest of a request's token, for limits only: it proves nothing.
pub fn token_digest(headers: &HeaderMap) -> Option<Sha256Digest> {
    Asker::from_headers(headers, Access::Open).ok().map(|asker| asker.secret_sha256)
}

fn usable(rights: &Rights, role: crate::domain::account::Role) -> Rights {
    let of_role = Rights::of_role(role);
    Rights::new(rights.iter().filter(|right| of_role.contains(*right) || *right == Right::Instance))
}

fn is_well_formed(secret: &str) -> bool {
    secret.strip_prefix(SECRET_PREFIX).is_some_and(|rest| {
        rest.len() == SECRET_CHARS && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::Role;
    use http::HeaderValue;

    fn ask(value: &str) -> Result<Asker, Problem> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())]);
        Asker::from_headers(&headers, Access::Open)
    }

    #[test]
    fn a_token_is_read_or_401_says_what_to_send() {
        let secret = Secret::from_bytes([7; 32]);
        assert_eq!(secret.reveal().len(), 47);
        for good in [format!("Bearer {}", secret.reveal()), format!("bearer  {}", secret.reveal())] {
            assert_eq!(ask(&good).unwrap().secret_sha256, secret.digest(), "{good}");
        }
        for bad in
            ["", "Bearer", "Bearer ", "Bearer sky_short", "Basic sky_aaaa", &format!("Bearer {}=", secret.reveal())]
        {
            let problem = ask(bad).unwrap_err();
            assert_eq!(problem.status(), 401, "{bad}");
            let challenge = problem.render("", "").headers()[http::header::WWW_AUTHENTICATE].clone();
            assert!(challenge.to_str().unwrap().starts_with("Bearer"), "{bad}");
        }
        assert!(!format!("{secret:?}").contains(secret.reveal()));
    }

    #[test]
    fn rights_end_with_the_role() {
        let rights = Rights::of_role(Role::Administrator);
        assert_eq!(usable(&rights, Role::User), Rights::of_role(Role::User));
        assert_eq!(usable(&rights, Role::Administrator), rights);
    }
}
