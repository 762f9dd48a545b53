//! Every route on one page: a row is the handler's place, who may call it, and what it asks of `If-Match`.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::app::App;
use super::envelope;
use super::problem::Problem;
use crate::domain::account::{Right, Role};

/// Who may call a route at all; a verb's permit says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everyone, without a token.
    Open,
    /// A token with this right, of an account with this role or a higher one.
    Token {
        /// The right.
        right: Right,
        /// The lowest role.
        role: Role,
    },
}

/// What a route asks of `If-Match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nothing.
    Nothing,
    /// It is heeded where it is sent.
    Optional,
    /// It is required; `*` is enough.
    OrAny,
    /// It is required and names one revision.
    Exact,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it asks of `If-Match`.
    pub guard: Guard,
    /// Its handler, as `room_handler`: the operation's name in the OpenAPI document.
    pub name: &'static str,
}

const OPEN: Access = Access::Open;
const READ: Access = Access::Token { right: Right::Read, role: Role::User };
const INSTANCE: Access = Access::Token { right: Right::Instance, role: Role::User };
const AUTHOR: Access = Access::Token { right: Right::Author, role: Role::User };
const REVIEWER_READS: Access = Access::Token { right: Right::Read, role: Role::Maintainer };
const REVIEW: Access = Access::Token { right: Right::Review, role: Role::Maintainer };
const ADMINISTER: Access = Access::Token { right: Right::Administer, role: Role::Administrator };

macro_rules! table {
    ($($method:ident $path:literal $access:ident $guard:ident $room:ident $handler:ident;)*) => {
        /// Every route there is.
        pub const ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            access: $access,
            guard: Guard::$guard,
            name: concat!(stringify!($room), "_", stringify!($handler)),
        },)*];

        fn documented() -> OpenApiRouter<App> {
            OpenApiRouter::new()$(.routes(utoipa_axum::routes!(super::$room::$handler)))*
        }
    };
}

table! {
    GET    "/me"                      READ            Nothing   me show;
    GET    "/tokens"                  READ            Nothing   tokens list;
    POST   "/tokens"                  READ            Nothing   tokens create;
    DELETE "/tokens/{id}"             READ            Nothing   tokens revoke;
    GET    "/accounts"                ADMINISTER      Nothing   accounts list;
    POST   "/accounts"                ADMINISTER      Nothing   accounts create;
    GET    "/accounts/{id}"           READ            Nothing   accounts show;
    PATCH  "/accounts/{id}"           ADMINISTER      Exact     accounts edit;
    POST   "/accounts/{id}/tokens"    ADMINISTER      Nothing   accounts create_token;

    GET    "/extensions"                                       READ    Nothing   extensions list;
    POST   "/extensions"                                       AUTHOR  Nothing   extensions create;
    POST   "/extensions/import"                                AUTHOR  Nothing   extensions import;
    GET    "/extensions/{extid}"                               READ    Nothing   extensions show;
    PATCH  "/extensions/{extid}"                               AUTHOR  OrAny     extensions edit;
    DELETE "/extensions/{extid}"                               AUTHOR  OrAny     extensions delete;
    GET    "/extensions/{extid}/export"                        READ    Nothing   export download;
    POST   "/extensions/{extid}/transfer"                      AUTHOR  OrAny     transfer offer;
    POST   "/extensions/{extid}/transfer/accept"               AUTHOR  Nothing   transfer accept;
    POST   "/extensions/{extid}/transfer/decline"              AUTHOR  Nothing   transfer decline;
    POST   "/extensions/{extid}/rollback"                      AUTHOR  OrAny     holds rollback;
    POST   "/extensions/{extid}/quarantine"                    REVIEW  OrAny     holds quarantine;
    POST   "/extensions/{extid}/release"                       REVIEW  OrAny     holds release;
    POST   "/extensions/{extid}/block"                         ADMINISTER OrAny  holds block;
    GET    "/extensions/{extid}/draft"                         READ    Nothing   drafts show;
    PUT    "/extensions/{extid}/draft"                         AUTHOR  OrAny     drafts write;
    POST   "/extensions/{extid}/draft/save"                    AUTHOR  OrAny     drafts save;
    GET    "/extensions/{extid}/versions"                      READ    Nothing   versions list;
    GET    "/extensions/{extid}/versions/{number}"             READ    Nothing   versions show;
    GET    "/extensions/{extid}/versions/{number}/code"        READ    Nothing   versions code;
    GET    "/extensions/{extid}/versions/{number}/checks"      READ    Nothing   versions checks;
    POST   "/extensions/{extid}/versions/{number}/submit"      AUTHOR  OrAny     submissions submit;
    POST   "/extensions/{extid}/versions/{number}/withdraw"    AUTHOR  OrAny     versions withdraw;
    POST   "/extensions/{extid}/versions/{number}/revise"      AUTHOR  OrAny     versions revise;
    POST   "/extensions/{extid}/versions/{number}/yank"        AUTHOR  OrAny     versions yank;
    POST   "/extensions/{extid}/versions/{number}/unyank"      AUTHOR  OrAny     versions unyank;
    GET    "/blobs/{sha256}"                                   READ    Nothing   blobs download;

    GET    "/queue"                   READ            Nothing   queue list;
    POST   "/queue/claim-next"        REVIEW          Nothing   queue claim_next;
    POST   "/reviews/bulk"            REVIEW          Nothing   bulk decide;
    GET    "/reviews/{id}"            READ            Nothing   reviews show;
    POST   "/reviews/{id}/claim"      REVIEW          OrAny     reviews claim;
    POST   "/reviews/{id}/renew"      REVIEW          Nothing   reviews renew;
    POST   "/reviews/{id}/release"    REVIEW          Nothing   reviews release;
    POST   "/reviews/{id}/approve"    REVIEW          Exact     reviews approve;
    POST   "/reviews/{id}/reject"     REVIEW          Exact     reviews reject;
    POST   "/reviews/{id}/note"       REVIEW          Nothing   reviews note;
    POST   "/findings/{id}/dismiss"   REVIEW          Optional  findings dismiss;
    GET    "/authors"                 REVIEWER_READS  Nothing   authors list;
    GET    "/authors/{id}"            READ            Nothing   authors show;
    GET    "/reviews/{id}/thread"     READ            Nothing   threads show;
    POST   "/reviews/{id}/thread"     READ            Nothing   threads say;
    POST   "/reviews/{id}/thread/read" READ           Nothing   threads read;
    GET    "/threads"                 READ            Nothing   threads list;
    GET    "/feedback-templates"      REVIEWER_READS  Nothing   templates list;
    PUT    "/feedback-templates/{reason}" ADMINISTER  OrAny     templates set;
    GET    "/extensions/{extid}/ratings"         READ   Nothing  ratings list;
    GET    "/extensions/{extid}/ratings/summary" READ   Nothing  ratings summary;
    GET    "/extensions/{extid}/ratings/mine"    READ   Nothing  ratings mine;
    PUT    "/extensions/{extid}/ratings/mine"    AUTHOR Optional ratings put;
    DELETE "/extensions/{extid}/ratings/mine"    AUTHOR Optional ratings delete;
    GET    "/ratings/{id}"            READ            Nothing   ratings show;
    POST   "/ratings/{id}/reply"      AUTHOR          Optional  ratings reply;
    DELETE "/ratings/{id}/reply"      AUTHOR          Optional  ratings delete_reply;
    POST   "/ratings/{id}/report"     AUTHOR          Nothing   rating_reports create;
    GET    "/rating-reports"          REVIEWER_READS  Nothing   rating_reports list;
    POST   "/rating-reports/{id}/uphold"  REVIEW      Exact     rating_reports uphold;
    POST   "/rating-reports/{id}/dismiss" REVIEW      Exact     rating_reports dismiss;
    POST   "/dry-runs"                READ            Nothing   dry_runs run;

    GET    "/policy"                  READ            Nothing   policy show;
    GET    "/policy/revisions"        REVIEWER_READS  Nothing   policy revisions;
    GET    "/policy/revisions/{n}"    REVIEWER_READS  Nothing   policy revision;
    POST   "/policy/plan"             ADMINISTER      Nothing   policy_plans plan;
    GET    "/policy/plans/{id}"       ADMINISTER      Nothing   policy_plans show;
    POST   "/policy/apply"            ADMINISTER      Exact     policy_plans apply;
    POST   "/policy/revert"           ADMINISTER      Exact     policy_plans revert;
    GET    "/policy/explain"          READ            Nothing   policy explain;
    GET    "/servers"                               READ        Nothing   servers list;
    GET    "/servers/{id}"                          READ        Nothing   servers show;
    PUT    "/servers/{id}"                          INSTANCE    Nothing   servers describe;
    PATCH  "/servers/{id}"                          READ        OrAny     servers edit;
    GET    "/servers/{id}/consents"                 READ        Nothing   servers consents;
    GET    "/servers/{id}/installations"            READ        Nothing   installations list;
    POST   "/servers/{id}/installations"            AUTHOR      Nothing   installations create;
    GET    "/servers/{id}/offers/{extid}"           READ        Nothing   offers show;
    GET    "/servers/{id}/installations/{extid}"    READ        Nothing   installations show_on;
    PATCH  "/servers/{id}/installations/{extid}"    AUTHOR      OrAny     installations edit;
    DELETE "/servers/{id}/installations/{extid}"    AUTHOR      OrAny     installations remove;
    GET    "/installations/{id}"                    READ        Nothing   installations show;
    POST   "/installations/{id}/consent"            AUTHOR      OrAny     installations consent;
    POST   "/installations/{id}/revoke"             AUTHOR      Nothing   installations revoke;
    POST   "/installations/{id}/update"             AUTHOR      Nothing   installations update;
    POST   "/installations/{id}/rollback"           AUTHOR      Nothing   installations rollback;
    POST   "/installations/{id}/enable"             AUTHOR      Nothing   installations enable;
    POST   "/installations/{id}/disable"            AUTHOR      Nothing   installations disable;
    POST   "/installations/{id}/acknowledge"        INSTANCE    Nothing   installations acknowledge;
    GET    "/installations/{id}/config"             READ        Nothing   installations config;
    PUT    "/installations/{id}/config"             AUTHOR      OrAny     installations configure;
    GET    "/installations/{id}/flags"              READ        Nothing   installations flags;
    PUT    "/installations/{id}/flags"              AUTHOR      Nothing   installations set_flags;
    GET    "/installations/{id}/secrets"            READ        Nothing   secrets list;
    PUT    "/installations/{id}/secrets/{name}"     AUTHOR      Nothing   secrets set;
    DELETE "/installations/{id}/secrets/{name}"     AUTHOR      Nothing   secrets remove;
    POST   "/installations/{id}/secrets/{name}/take" INSTANCE   Nothing   secrets take;
    GET    "/installations/{id}/usage"              READ        Nothing   installations usage;
    GET    "/instances"                             REVIEWER_READS Nothing instances list;
    POST   "/instances"                             ADMINISTER  Nothing   instances create;
    GET    "/instances/{id}"                        READ        Nothing   instances show;
    PUT    "/instances/{id}"                        INSTANCE    Nothing   instances announce;
    POST   "/instances/{id}/heartbeat"              INSTANCE    Nothing   instances heartbeat;
    POST   "/instances/{id}/acknowledge"            INSTANCE    Nothing   instances acknowledge;
    POST   "/instances/{id}/usage"                  INSTANCE    Nothing   instances usage;
    GET    "/instances/{id}/installations"          READ        Nothing   instances installations;
    GET    "/extensions/{extid}/channel"            READ        Nothing   rollouts channel;
    GET    "/extensions/{extid}/spread"             READ        Nothing   rollouts spread;
    GET    "/extensions/{extid}/installations"      REVIEWER_READS Nothing rollouts installations;
    GET    "/extensions/{extid}/rollout"            READ        Nothing   rollouts show;
    PATCH  "/extensions/{extid}/rollout"            AUTHOR      OrAny     rollouts edit;
    GET    "/extensions/{extid}/notices"            READ        Nothing   rollouts notices;
    GET    "/extensions/{extid}/versions/{number}/flags" READ   Nothing   rollouts flags;
    PUT    "/extensions/{extid}/versions/{number}/flags" AUTHOR Nothing   rollouts set_flags;
    GET    "/servers/{id}/policy"     READ            Nothing   server_policy show;
    PUT    "/servers/{id}/policy"     AUTHOR          Exact     server_policy write;
    POST   "/servers/{id}/policy/plan"         AUTHOR Nothing   server_policy plan;
    GET    "/servers/{id}/policy/plans/{plan}" READ   Nothing   server_policy show_plan;
    POST   "/servers/{id}/policy/apply"        AUTHOR Exact     server_policy apply;
    POST   "/extensions/{extid}/purchase"           AUTHOR      Nothing   purchases buy;
    GET    "/extensions/{extid}/sales"              READ        Nothing   sales of_extension;
    GET    "/purchases"                             READ        Nothing   purchases list;
    GET    "/purchases/{id}"                        READ        Nothing   purchases show;
    POST   "/purchases/{id}/refund"                 AUTHOR      Nothing   purchases refund;
    GET    "/installations/{id}/grant"              READ        Nothing   purchases grant;
    GET    "/grants/key"                            READ        Nothing   purchases key;
    GET    "/points"                                READ        Nothing   sales points;
    POST   "/points/grants"                         ADMINISTER  Nothing   sales grant_points;
    GET    "/ledger"                                READ        Nothing   sales statement;
    GET    "/sales"                                 READ        Nothing   sales list;
    GET    "/audit"                   REVIEWER_READS  Nothing   audit list;
    GET    "/audit/head"              REVIEWER_READS  Nothing   audit head;
    GET    "/audit/verify"            REVIEWER_READS  Nothing   audit verify;
    GET    "/events"                  READ            Nothing   events stream;
    GET    "/nodes"                   ADMINISTER      Nothing   nodes list;

    GET    "/healthz"                 OPEN            Nothing   health alive;
    GET    "/readyz"                  OPEN            Nothing   health ready;
    GET    "/metrics"                 OPEN            Nothing   health metrics;
    GET    "/openapi.json"            OPEN            Nothing   openapi document;
    GET    "/docs"                    OPEN            Nothing   openapi page;
}

/// The row of a request; `HEAD` is answered by the row of `GET`.
pub fn route(method: &Method, path: &str) -> Option<&'static Route> {
    static ROWS: LazyLock<HashMap<(&str, &str), &Route>> =
        LazyLock::new(|| ROUTES.iter().map(|route| ((route.method, route.path), route)).collect());
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    ROWS.get(&(method, path)).copied()
}

/// The whole service, with everything that surrounds a handler.
pub fn service(app: App) -> Router {
    let (router, _) = documented().split_for_parts();
    router
        .fallback(unknown)
        .method_not_allowed_fallback(other_method)
        .layer(middleware::from_fn_with_state(app.clone(), envelope::around))
        .with_state(app)
}

/// The document as the handlers' annotations have it, before `openapi` completes it from the table.
pub fn annotations() -> OpenApi {
    documented().into_openapi()
}

async fn unknown(request: Request) -> Problem {
    let detail =
        format!("there is no route {}; GET /openapi.json lists them all", super::envelope::shown(request.uri().path()));
    Problem::new(StatusCode::NOT_FOUND, "unknown_route", detail)
}

async fn other_method(matched: Option<MatchedPath>, request: Request) -> Response {
    let path = matched.as_ref().map_or("", MatchedPath::as_str);
    let mut methods: Vec<&str> = ROUTES.iter().filter(|route| route.path == path).map(|route| route.method).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    let allow = HeaderValue::from_str(&methods.join(", ")).unwrap_or(HeaderValue::from_static(""));
    if request.method() == Method::OPTIONS {
        return (StatusCode::NO_CONTENT, [(ALLOW, allow)]).into_response();
    }
    let detail = format!("{} is not possible here; possible: {}", request.method(), methods.join(", "));
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail).header(ALLOW, allow).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_annotations_agree() {
        let annotations = annotations();
        let mut annotated = Vec::new();
        for (path, item) in &annotations.paths.paths {
            let operations = [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ];
            for (method, operation) in operations {
                annotated.extend(operation.as_ref().map(|_| (method.to_owned(), path.clone())));
            }
        }
        let mut rows: Vec<(String, String)> =
            ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
        annotated.sort();
        rows.sort();
        assert_eq!(annotated, rows);
        let names: std::collections::HashSet<&str> = ROUTES.iter().map(|route| route.name).collect();
        assert_eq!(names.len(), ROUTES.len());
    }

    #[test]
    fn head_is_answered_by_get() {
        assert_eq!(route(&Method::HEAD, "/me"), route(&Method::GET, "/me"));
        assert!(route(&Method::GET, "/me").is_some() && route(&Method::PUT, "/me").is_none());
    }
}
