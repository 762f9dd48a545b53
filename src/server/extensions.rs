//! Extensions: the catalogue, details, packages in and out, and what maintainers hold back.

use axum::extract::{OriginalUri, State};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::{App, Turn};
use super::body::{Empty, Json, Package as PackageBody};
use super::caller::Asker;
use super::change::Change;
use super::page::{self, Window};
use super::path::{self, Path};
use super::problem::Problem;
use super::query::Query;
use super::reviews::seen_or_any;
use super::{wire_extensions, wire_versions, worker};
use crate::api::extensions::{Extension, ExtensionPatch, Imported, NewExtension};
use crate::api::page::Page;
use crate::domain::extension::{Description, ExtensionName, NotATag, PRICE_POINTS, Slug, Tag, Tier, parse_tags};
use crate::domain::fault::Fault;
use crate::domain::filter::{EXTENSIONS, FieldSet, Filter};
use crate::domain::package::Package;
use crate::market::{self, ExtensionRef, IfMatch};
use crate::store::extensions::ExtensionRow;
use crate::store::{Tx, catalogue};

/// Which extensions, and which part of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CatalogueParams {
    /// A filter such as `author:ada tag:moderation welcome sort:-updated`.
    q: Option<String>,
    /// Items at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// How an import names the new extension.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// The slug; derived from the name where absent.
    slug: Option<String>,
}

/// The extensions that the caller may see.
#[utoipa::path(get, path = "/extensions", tag = "extensions", params(CatalogueParams),
    responses((status = 200, body = Page<Extension>)))]
pub async fn list(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<CatalogueParams>,
) -> Result<Answer, Problem> {
    let text = query.q.unwrap_or_default();
    let filter = filter(&text, &EXTENSIONS)?;
    let list = format!("extensions {text}");
    let window = Window::<String>::from_query(&list, query.limit, query.cursor.as_deref())?;
    let after = window.after.as_deref().map(|after| catalogue::parse_cursor(after, &filter)).transpose();
    let after = after.map_err(|error| Problem::bad_query("cursor", error.to_string()))?;
    app.read(&asker, move |tx, turn| {
        let viewer = turn.act().viewer();
        let found = market::extensions(tx, &viewer, &filter, after.clone(), window.limit, turn.now)?;
        let counts = market::installation_counts(tx, &found.rows)?;
        let mut items = Vec::with_capacity(found.rows.len());
        for row in &found.rows {
            let installations = Some(counts.get(&row.id).copied().unwrap_or(0));
            items.push(Extension { installations, ..wire_extensions::extension(tx, &viewer, row)? });
        }
        Ok(page::answer(&uri, &window, items, found.next.map(|next| next.to_string()), None))
    })
    .await
}

/// One extension, by id or slug.
#[utoipa::path(get, path = "/extensions/{extid}", tag = "extensions", params(("extid" = String, Path, description = "The extension's id or slug")),
    responses((status = 200, body = Extension)))]
pub async fn show(State(app): State<App>, asker: Asker, Path(extid): Path<String>) -> Result<Answer, Problem> {
    let wanted: ExtensionRef = path::id("extension", &extid)?;
    app.read(&asker, move |tx, turn| {
        let row = market::find(tx, &turn.act().viewer(), &wanted)?;
        answer(tx, turn, &row)
    })
    .await
}

/// Makes an extension without a version.
#[utoipa::path(post, path = "/extensions", tag = "extensions", request_body = NewExtension,
    responses((status = 201, body = Extension)))]
pub async fn create(
    State(app): State<App>,
    Change { body: Json(body), order, .. }: Change<Json<NewExtension>>,
) -> Result<Answer, Problem> {
    let input = new_extension(&body)?;
    order
        .commit(&app, move |tx, turn| {
            let row = market::create(tx, &turn.act(), &input)?;
            let wire = wire_extensions::extension(tx, &turn.act().viewer(), &row)?;
            Ok(Answer::created(&format!("/extensions/{}", row.id), &wire).revision(row.revision))
        })
        .await
}

/// Changes details, price or listing.
#[utoipa::path(patch, path = "/extensions/{extid}", tag = "extensions", params(("extid" = String, Path, description = "The extension's id or slug")),
    request_body = ExtensionPatch, responses((status = 200, body = Extension)))]
pub async fn edit(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<ExtensionPatch>>,
) -> Result<Answer, Problem> {
    let input = edited(path::id("extension", &extid)?, seen_or_any(order.if_match_or_any()?), &body)?;
    order
        .commit(&app, move |tx, turn| {
            let row = market::edit(tx, &turn.act(), &input)?;
            answer(tx, turn, &row)
        })
        .await
}

/// Deletes what was never published.
#[utoipa::path(delete, path = "/extensions/{extid}", tag = "extensions", params(("extid" = String, Path, description = "The extension's id or slug")),
    responses((status = 204)))]
pub async fn delete(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let wanted: ExtensionRef = path::id("extension", &extid)?;
    let if_match = seen_or_any(order.if_match_or_any()?);
    order
        .commit(&app, move |tx, turn| {
            market::delete(tx, &turn.act(), &wanted, if_match)?;
            Ok(Answer::empty())
        })
        .await
}

/// Takes a package (`.skypkg`) in as a new extension of the caller's.
#[utoipa::path(post, path = "/extensions/import", tag = "extensions", params(ImportQuery),
    request_body(content = Object, description = "A .skypkg document"), responses((status = 201, body = Imported)))]
pub async fn import(
    State(app): State<App>,
    Change { body: PackageBody(bytes), query, order }: Change<PackageBody, ImportQuery>,
) -> Result<Answer, Problem> {
    let slug = match &query.slug {
        Some(text) => Some(text.parse::<Slug>().map_err(|error| Problem::bad_query("slug", error.to_string()))?),
        None => None,
    };
    let package = judged(bytes.to_vec()).await?;
    let blob = order.store_blob(&app, package.code.bytes.clone()).await?;
    let input = market::Import { package, blob, slug };
    order
        .commit(&app, move |tx, turn| {
            let made = market::import(tx, &turn.act(), &input)?;
            let viewer = turn.act().viewer();
            let wire = Imported {
                extension: wire_extensions::extension(tx, &viewer, &made.extension)?,
                version: wire_versions::version(tx, &viewer, &made.extension, &made.version, turn.now)?,
                notes: input.package.notes.clone(),
            };
            Ok(Answer::created(&format!("/extensions/{}", made.extension.id), &wire).revision(made.extension.revision))
        })
        .await
}

/// Reads a filter over the fields of a list.
pub(super) fn filter(text: &str, fields: &FieldSet) -> Result<Filter, Problem> {
    Filter::parse(text, fields).map_err(|fault| {
        let detail = format!("the filter cannot be read: {fault}");
        Problem::new(StatusCode::BAD_REQUEST, "bad_filter", detail).column("?q", fault.to_string(), fault.column)
    })
}

/// Reads and judges a package on the bounded worker: it can be large.
pub(super) async fn judged(bytes: Vec<u8>) -> Result<Package, Problem> {
    let package = worker::run_blocking(move || Package::parse(&bytes)).await?;
    package.map_err(|faults| {
        let first = faults.first().map_or_else(String::new, |fault| format!("; the first: {fault}"));
        let detail =
            format!("the package cannot be taken: {} of it {} wrong{first}", count(faults.len()), verb(faults.len()));
        Problem::faults("invalid_package", detail, &faults)
    })
}

/// The extension as an answer with its `ETag`.
pub(super) fn answer(tx: &mut Tx, turn: &Turn, row: &ExtensionRow) -> Result<Answer, Problem> {
    let wire = wire_extensions::extension(tx, &turn.act().viewer(), row)?;
    Ok(Answer::ok(&wire).revision(row.revision))
}

fn new_extension(body: &NewExtension) -> Result<market::Create, Problem> {
    let mut faults = Vec::new();
    let name = fitting(&mut faults, "/name", body.name.parse::<ExtensionName>());
    let description = fitting(&mut faults, "/description", body.description.parse::<Description>());
    let slug = body.slug.as_deref().map(|slug| fitting(&mut faults, "/slug", slug.parse::<Slug>()));
    let tags = tags(&mut faults, &body.tags);
    match (name, description, slug) {
        (Some(name), Some(description), slug) if faults.is_empty() => {
            let details = market::Details { name, description, tags, tier: Tier::Free };
            Ok(market::Create { slug: slug.flatten(), details })
        }
        _ => Err(unfitting(&faults)),
    }
}

fn edited(extension: ExtensionRef, if_match: IfMatch, body: &ExtensionPatch) -> Result<market::Edit, Problem> {
    let mut faults = Vec::new();
    let name = body.name.as_deref().and_then(|text| fitting(&mut faults, "/name", text.parse()));
    let description = body.description.as_deref().and_then(|text| fitting(&mut faults, "/description", text.parse()));
    let tags = body.tags.as_ref().map(|given| tags(&mut faults, given));
    let listing = match body.listing.as_deref() {
        None => None,
        Some("listed") => Some(market::Shown::Listed),
        Some("unlisted") => Some(market::Shown::Unlisted),
        Some(_) => {
            let message = "an owner lists or unlists: write \"listed\" or \"unlisted\"".to_owned();
            faults.push(Fault { pointer: "/listing".to_owned(), code: "invalid", message });
            None
        }
    };
    let tier = body.price_points.map(|price_points| match price_points {
        0 => Tier::Free,
        price_points => Tier::Premium { price_points },
    });
    if body.price_points.is_some_and(|price| price > *PRICE_POINTS.end()) {
        let message = format!("a price is at most {} points, and 0 for nothing", PRICE_POINTS.end());
        faults.push(Fault { pointer: "/price_points".to_owned(), code: "out_of_range", message });
    }
    if faults.is_empty() {
        Ok(market::Edit { extension, if_match, name, description, tags, tier, listing })
    } else {
        Err(unfitting(&faults))
    }
}

fn tags(faults: &mut Vec<Fault>, given: &[String]) -> Vec<Tag> {
    let fault = |(index, error): (usize, NotATag)| Fault {
        pointer: format!("/tags/{index}"),
        code: "invalid",
        message: error.to_string(),
    };
    parse_tags(given.iter().map(String::as_str)).unwrap_or_else(|bad| {
        faults.extend(bad.into_iter().map(fault));
        Vec::new()
    })
}

fn fitting<T, E: std::fmt::Display>(faults: &mut Vec<Fault>, pointer: &str, parsed: Result<T, E>) -> Option<T> {
    match parsed {
        Ok(value) => Some(value),
        Err(error) => {
            faults.push(Fault { pointer: pointer.to_owned(), code: "invalid", message: error.to_string() });
            None
        }
    }
}

fn unfitting(faults: &[Fault]) -> Problem {
    let detail =
        format!("{} of the body {} not fit", count(faults.len()), if faults.len() == 1 { "does" } else { "do" });
    Problem::faults("invalid", detail, faults)
}

fn count(things: usize) -> String {
    if things == 1 { "one thing".to_owned() } else { format!("{things} things") }
}

const fn verb(things: usize) -> &'static str {
    if things == 1 { "is" } else { "are" }
}
