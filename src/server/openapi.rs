//! The OpenAPI document: the handlers' annotations, completed from the table of routes; and a page that shows it.

use std::sync::LazyLock;

use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderValue, Method};
use serde_json::{Map, Value, json};
use utoipa::PartialSchema as _;
use utoipa::ToSchema as _;

use super::answer::Answer;
use super::router::{self, Access, Guard, ROUTES, Route};
use crate::api::problem::Problem;

const PAGE: &str = include_str!("docs.html");

/// This API, as an OpenAPI 3.1 document.
#[utoipa::path(get, path = "/openapi.json", tag = "watching", responses((status = 200, body = serde_json::Value)))]
pub async fn document() -> Answer {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(complete);
    Answer::ok(&*DOCUMENT)
}

/// A page that shows the document, without anything from outside.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "watching",
    responses((status = 200, body = String, content_type = "text/html"))
)]
pub async fn page() -> Answer {
    let policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'";
    Answer::bytes("text/html; charset=utf-8", PAGE.as_bytes().to_vec(), None)
        .header(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy))
}

/// The whole document: what the annotations leave out (rights, conditions, keys, rehearsals, problems) comes from the
/// table of routes.
pub fn complete() -> Value {
    let mut document = serde_json::to_value(router::annotations()).unwrap_or_default();
    document["info"] = json!({
        "title": "skydeck",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "A marketplace of chat-bot extensions. Errors are RFC 9457 problems with a stable `code`; \
                        things that change carry an `ETag`; lists are pages with an opaque `cursor`.",
        "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
    });
    for route in ROUTES {
        let method = route.method.to_ascii_lowercase();
        complete_operation(&mut document["paths"][route.path][method.as_str()], route);
    }
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    schemas.push((Problem::name().into_owned(), Problem::schema()));
    for (name, schema) in schemas {
        document["components"]["schemas"][name.as_str()] = serde_json::to_value(schema).unwrap_or_default();
    }
    document["components"]["securitySchemes"]["token"] = json!({
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "sky_ and 43 characters",
        "description": "A token from POST /tokens, or from an administrator.",
    });
    document
}

fn complete_operation(operation: &mut Value, route: &Route) {
    operation["operationId"] = json!(route.name);
    let open = route.access == Access::Open;
    if let Access::Token { right, role } = route.access {
        operation["security"] = json!([{"token": []}]);
        let needs = format!("Needs a token with the right `{right}` of an account that is at least `{role}`.");
        let said = operation["description"].as_str().filter(|said| !said.is_empty());
        operation["description"] = json!(said.map_or(needs.clone(), |said| format!("{said}\n\n{needs}")));
    } else {
        operation["security"] = json!([]);
    }
    let changing = route.method != Method::GET.as_str();
    let mut statuses = vec![500, 503];
    if !open {
        statuses.extend([400, 401, 403, 404, 429]);
    }
    if changing {
        statuses.extend([408, 409, 413, 415, 422, 507]);
        add_parameters(operation, &changing_parameters(route.guard));
    } else if !open {
        add_parameters(operation, &[if_none_match()]);
        operation["responses"]["304"] = json!({"description": "What If-None-Match names is still current."});
    }
    match route.guard {
        Guard::Exact | Guard::OrAny => statuses.extend([412, 428]),
        Guard::Optional => statuses.push(412),
        Guard::Nothing => {}
    }
    for status in statuses {
        let place = &mut operation["responses"][status.to_string()];
        if place.is_null() {
            *place = problem(status);
        }
    }
    // Not by `operation["parameters"]`: indexing to change puts a `null` where there is nothing.
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        without_null(&mut parameter["schema"]);
    }
    sort_responses(operation);
}

/// A parameter that is left out is no `null`: there is none in a query or a header.
fn without_null(schema: &mut Value) {
    if let Some(types) = schema["type"].as_array() {
        let kept: Vec<Value> = types.iter().filter(|kind| *kind != "null").cloned().collect();
        if let [only] = kept.as_slice() {
            schema["type"] = only.clone();
        }
    }
}

fn changing_parameters(guard: Guard) -> Vec<Value> {
    let dry_run = json!({
        "name": "dry_run",
        "in": "query",
        "description": "Judges the change whole and stores nothing.",
        "schema": {"type": "boolean"},
    });
    let key_schema = json!({"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"});
    let key = "The same key gives the same answer again for 24 hours, and nothing happens twice.";
    let mut parameters = vec![dry_run, header("Idempotency-Key", false, key_schema, key)];
    let (pattern, said) = match guard {
        Guard::Nothing => return parameters,
        Guard::Exact => ("^\"[0-9]{1,18}\"$", "The ETag of what was read."),
        Guard::OrAny | Guard::Optional => {
            ("^(\\*|\"[0-9]{1,18}\")$", "The ETag of what was read, or * for whatever is there.")
        }
    };
    let schema = json!({"type": "string", "pattern": pattern});
    parameters.push(header("If-Match", guard != Guard::Optional, schema, said));
    parameters
}

fn header(name: &str, required: bool, schema: Value, said: &str) -> Value {
    json!({"name": name, "in": "header", "required": required, "description": said, "schema": schema})
}

fn if_none_match() -> Value {
    let said = "An ETag that is known already: where it is still current, the answer is 304 without a body.";
    header("If-None-Match", false, json!({"type": "string"}), said)
}

fn add_parameters(operation: &mut Value, parameters: &[Value]) {
    if let Some(list) = operation["parameters"].as_array_mut() {
        list.extend_from_slice(parameters);
    } else {
        operation["parameters"] = json!(parameters);
    }
}

fn problem(status: u16) -> Value {
    let description = match status {
        400 => "The query, the path, a header or the JSON of the body cannot be read.",
        401 => "There is no usable token.",
        403 => "The token or the account may not.",
        404 => "There is no such thing, or it is not the caller's to see.",
        408 => "The body took too long.",
        409 => "The state of things does not allow it.",
        412 => "It changed since it was read; the answer says what changed.",
        413 => "The body is too large.",
        415 => "The body is not JSON.",
        422 => "The body does not fit; every fault is listed.",
        428 => "If-Match is required.",
        429 => "Too many requests; Retry-After says when to go on.",
        503 => "Too busy or unavailable at the moment; Retry-After says when to try again.",
        507 => "The server's disk is full.",
        _ => "Something went wrong inside the server.",
    };
    let schema = json!({"$ref": format!("#/components/schemas/{}", Problem::name())});
    json!({"description": description, "content": {"application/problem+json": {"schema": schema}}})
}

fn sort_responses(operation: &mut Value) {
    if let Some(responses) = operation["responses"].as_object_mut() {
        let mut sorted: Vec<(String, Value)> = std::mem::take(responses).into_iter().collect();
        sorted.sort_by(|left, right| left.0.cmp(&right.0));
        for (status, response) in &mut sorted {
            if response["description"].as_str().is_none_or(str::is_empty) {
                response["description"] = json!(if status.starts_with('2') { "Done." } else { "See the status." });
            }
        }
        *responses = sorted.into_iter().collect::<Map<_, _>>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_whole() {
        let document = complete();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
        for route in ROUTES {
            let operation = &document["paths"][route.path][route.method.to_ascii_lowercase().as_str()];
            assert_eq!(operation["operationId"], route.name, "{} {}", route.method, route.path);
            for name in route.path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
                let parameters = operation["parameters"].as_array().unwrap();
                let declared = parameters.iter().any(|known| known["name"] == name && known["in"] == "path");
                assert!(declared, "{}: {name} is not declared", route.name);
            }
            assert!(!operation.as_object().unwrap().values().any(Value::is_null), "{}: {operation}", route.name);
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{}", route.name);
            assert_eq!(operation["responses"].get("401").is_some(), route.access != Access::Open, "{}", route.name);
            assert_eq!(operation["responses"].get("428").is_some(), matches!(route.guard, Guard::Exact | Guard::OrAny));
        }
        let text = document.to_string();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name} is not defined");
        }
    }

    #[test]
    fn the_page_loads_nothing_from_outside() {
        assert!(PAGE.contains("/openapi.json"));
        assert!(!PAGE.contains("http://") && !PAGE.contains("https://") && !PAGE.contains("src="));
    }
}
