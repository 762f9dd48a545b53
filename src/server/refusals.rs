//! What use cases refuse, as problems: the one place where a refusal gets its status.

use http::StatusCode;

use super::problem::Problem;
use crate::api::problem::Changed;
use crate::domain::stage::Refusal;
use crate::market::Refused;

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        let (code, detail) = (refused.code(), refused.to_string());
        let status = match &refused {
            Refused::NotFound(_) => StatusCode::NOT_FOUND,
            Refused::Stage { refusal, .. } => stage_status(refusal),
            Refused::Conflict { .. } => StatusCode::CONFLICT,
            Refused::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refused::Collision(_) | Refused::RuntimeNotRunnable => StatusCode::UNPROCESSABLE_ENTITY,
            Refused::SubmissionsClosed | Refused::ReadOnly => {
                return Problem::new(StatusCode::CONFLICT, code, detail).retryable();
            }
            Refused::TooOften { wait_ms, .. } => {
                let seconds = u64::try_from(wait_ms.div_euclid(1_000)).unwrap_or(0) + 1;
                return Problem::new(StatusCode::TOO_MANY_REQUESTS, code, detail).retry_after(seconds);
            }
            Refused::Denied(denied) => return Problem::from(*denied),
            Refused::Precondition { changed, revision } => return stale(changed, *revision),
            Refused::Moved { moved, revision } => {
                let stale = Problem::stale(Vec::new(), *revision);
                return moved
                    .iter()
                    .fold(stale, |problem, one| problem.pointer(one.pointer.as_str(), one.what.as_str()));
            }
            Refused::Invalid(faults) => {
                let count = faults.len();
                let detail = match faults.first() {
                    Some(only) if count == 1 => only.to_string(),
                    Some(first) => format!("{count} things do not fit; the first: {first}"),
                    None => detail,
                };
                return Problem::faults(code, detail, faults);
            }
            Refused::Store(error) => return Problem::from(error.clone()),
        };
        Problem::new(status, code, detail)
    }
}

fn stage_status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NotAllowed(_) => StatusCode::FORBIDDEN,
        Refusal::TextMissing => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::WrongStage { .. }
        | Refusal::ClaimedByOther { .. }
        | Refusal::LeaseLapsed { .. }
        | Refusal::OtherCode { .. }
        | Refusal::SecondPersonNeeded
        | Refusal::SubmissionsClosed => StatusCode::CONFLICT,
    }
}

fn stale(changed: &[crate::market::Changed], revision: i64) -> Problem {
    let wire = |change: &crate::market::Changed| Changed {
        pointer: change.pointer.clone(),
        by: change.by.clone(),
        at: change.at.to_string(),
    };
    Problem::stale(changed.iter().map(wire).collect(), revision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::permit::Denied;
    use crate::domain::stage::StageName;

    #[test]
    fn each_refusal_has_its_status_and_code() {
        let wrong_stage =
            Refusal::WrongStage { stage: StageName::Ready, command: "approved", allowed: "claim, withdraw".to_owned() };
        for (refused, status, code) in [
            (Refused::NotFound("review"), 404, "not_found"),
            (Refused::Denied(Denied::Unknown), 404, "not_found"),
            (Refused::Denied(Denied::OwnSubmission), 403, "own_submission"),
            (Refused::from(wrong_stage), 409, "stage_conflict"),
            (Refused::from(Refusal::TextMissing), 422, "text_missing"),
            (Refused::from(Refusal::SecondPersonNeeded), 409, "second_person_needed"),
            (Refused::Precondition { changed: Vec::new(), revision: 3 }, 412, "stale"),
            (Refused::field("/name", "too_short", "too short"), 422, "invalid"),
            (Refused::Conflict { code: "slug_taken", detail: "taken".to_owned() }, 409, "slug_taken"),
            (Refused::TooLarge { what: "code", bytes: 9, bytes_max: 8 }, 413, "too_large"),
            (Refused::RuntimeNotRunnable, 422, "runtime_not_runnable"),
            (Refused::SubmissionsClosed, 409, "submissions_closed"),
            (Refused::TooOften { what: "x".to_owned(), wait_ms: 1 }, 429, "too_often"),
        ] {
            let problem = Problem::from(refused);
            assert_eq!((problem.status().as_u16(), problem.code()), (status, code));
        }
    }
}
