//! Templates of feedback: read by everyone, kept by administrators.

use axum::extract::State;

use super::answer::Answer;
use super::app::App;
use super::body::Json;
use super::caller::Asker;
use super::change::Change;
use super::path::{self, Path};
use super::problem::Problem;
use super::reviews::seen_or_any;
use crate::api::threads::{FeedbackTemplate, FeedbackTemplates, NewTemplate};
use crate::domain::extension::ReasonCode;
use crate::market::{self, Template};

/// The template of feedback for each reason.
#[utoipa::path(get, path = "/feedback-templates", tag = "reviews", responses((status = 200, body = FeedbackTemplates)))]
pub async fn list(State(app): State<App>, asker: Asker) -> Result<Answer, Problem> {
    let found = app.read(&asker, |tx, _| Ok(market::templates(tx)?)).await?;
    Ok(Answer::ok(&FeedbackTemplates { items: found.iter().map(wire).collect() }))
}

/// Writes the template of feedback for a reason.
#[utoipa::path(put, path = "/feedback-templates/{reason}", tag = "reviews",
    params(("reason" = String, Path, description = "The reason")),
    request_body = NewTemplate, responses((status = 200, body = FeedbackTemplate)))]
pub async fn set(
    State(app): State<App>,
    Path(reason): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<NewTemplate>>,
) -> Result<Answer, Problem> {
    let reason: ReasonCode = path::id("reason", &reason)?;
    let if_match = seen_or_any(order.if_match_or_any()?);
    order
        .commit(&app, move |tx, turn| {
            let template = market::set_template(tx, &turn.act(), reason, if_match, &body.text)?;
            Ok(Answer::ok(&wire(&template)).revision(template.revision))
        })
        .await
}

fn wire(template: &Template) -> FeedbackTemplate {
    FeedbackTemplate {
        reason: template.reason.name().to_owned(),
        text: template.text.clone(),
        changed_by: template.changed.as_ref().map(|(by, _)| by.clone()),
        changed_at: template.changed.as_ref().map(|(_, at)| at.to_string()),
        revision: template.revision,
    }
}
