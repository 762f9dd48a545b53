//! Whether what maintainers were told about one submission can have happened, one thing after the other.
//!
//! The search is Wing and Gong's ("Testing and Verifying Concurrent Objects", 1993) with Lowe's memory of what was tried
//! already ("Testing for linearizability", 2017): some order of all operations that agrees with the order in which they
//! were answered and asked has to be one that a review without any concurrency would give the same answers to.

use std::collections::HashSet;

/// What was asked of one submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Claim,
    Release,
    /// A decision that rests on a revision.
    Decide {
        verdict: Verdict,
        seen: i64,
    },
    /// How it stands, by whoever looks.
    Look,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    Approved,
    Rejected,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It was done, and made this revision.
    Done {
        revision: i64,
    },
    Refused,
    /// Nothing came back: it was done at some moment since, or never.
    Unknown,
    /// How it stood.
    Seen(State),
}

/// One request of one maintainer; `began` and `ended` count every request's and answer's moment in one row.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    pub by: usize,
    pub asked: Asked,
    pub answered: Answered,
    pub began: u64,
    pub ended: u64,
}

/// A review as the model has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub holder: Option<usize>,
    pub decided: Option<(usize, Verdict)>,
    pub revision: i64,
}

impl State {
    /// Open and nobody's.
    pub fn waiting(revision: i64) -> State {
        State { holder: None, decided: None, revision }
    }

    /// What follows where the model does as it is asked; nothing where it refuses.
    fn after(self, operation: &Operation) -> Option<State> {
        let by = operation.by;
        let next = State { revision: self.revision + 1, ..self };
        let holds = self.holder == Some(by) && self.decided.is_none();
        match operation.asked {
            Asked::Claim => {
                let is_free = self.holder.is_none() && self.decided.is_none();
                is_free.then_some(State { holder: Some(by), ..next })
            }
            Asked::Release => holds.then_some(State { holder: None, ..next }),
            Asked::Decide { verdict, seen } => {
                (holds && seen == self.revision).then_some(State { holder: None, decided: Some((by, verdict)), ..next })
            }
            Asked::Look => Some(self),
        }
    }

    /// What follows where the model gives the answer that was given; nothing where it would give another.
    fn agreeing(self, operation: &Operation) -> Option<State> {
        let next = self.after(operation);
        match operation.answered {
            Answered::Done { revision } => next.filter(|next| next.revision == revision),
            Answered::Refused => next.is_none().then_some(self),
            Answered::Unknown => next,
            Answered::Seen(seen) => (seen == self).then_some(self),
        }
    }
}

/// Whether some order explains everything.
///
/// # Errors
/// The operations in a readable order, where none does.
pub fn check(start: State, operations: &[Operation]) -> Result<(), String> {
    assert!(
        operations.len() <= 128,
        "{} operations on one submission are more than the search takes",
        operations.len()
    );
    let mut search = Search { operations, tried: HashSet::new() };
    if search.explains(0, start) {
        return Ok(());
    }
    let mut sorted = operations.to_vec();
    sorted.sort_by_key(|operation| operation.began);
    let lines = sorted.iter().map(|operation| format!("  {operation:?}")).collect::<Vec<_>>().join("\n");
    Err(format!("no order explains this, from revision {}:\n{lines}", start.revision))
}

struct Search<'o> {
    operations: &'o [Operation],
    tried: HashSet<(u128, State)>,
}

impl Search<'_> {
    /// Whether what is not among `placed` can follow in some order; what nobody knows the outcome of may be left out.
    fn explains(&mut self, placed: u128, state: State) -> bool {
        let operations = self.operations;
        let left = || operations.iter().enumerate().filter(|(place, _)| placed & (1 << place) == 0);
        let known = |operation: &Operation| operation.answered != Answered::Unknown;
        let Some(earliest_end) = left().filter(|(_, one)| known(one)).map(|(_, one)| one.ended).min() else {
            return true;
        };
        if !self.tried.insert((placed, state)) {
            return false;
        }
        let next: Vec<(u128, State)> = left()
            .filter(|(_, one)| one.began < earliest_end)
            .filter_map(|(place, one)| Some((placed | (1 << place), state.agreeing(one)?)))
            .collect();
        // What changes nothing and can stand here never stands better later on.
        match next.iter().find(|(_, after)| *after == state) {
            Some(&(placed, after)) => self.explains(placed, after),
            None => next.into_iter().any(|(placed, after)| self.explains(placed, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Answered::{Done, Refused, Seen, Unknown};
    use super::Asked::{Claim, Decide, Look, Release};
    use super::*;

    fn operation(by: usize, asked: Asked, answered: Answered, began: u64, ended: u64) -> Operation {
        Operation { by, asked, answered, began, ended }
    }

    fn done(revision: i64) -> Answered {
        Done { revision }
    }

    fn approve(seen: i64) -> Asked {
        Decide { verdict: Verdict::Approved, seen }
    }

    fn reject(seen: i64) -> Asked {
        Decide { verdict: Verdict::Rejected, seen }
    }

    fn decided(by: usize, verdict: Verdict, revision: i64) -> Answered {
        Seen(State { holder: None, decided: Some((by, verdict)), revision })
    }

    #[test]
    fn histories_that_can_have_happened() {
        let histories: &[(&str, Vec<Operation>)] = &[
            ("nothing", vec![]),
            (
                "one after the other",
                vec![
                    operation(1, Claim, done(2), 0, 1),
                    operation(2, Claim, Refused, 2, 3),
                    operation(1, approve(2), done(3), 4, 5),
                    operation(1, Look, decided(1, Verdict::Approved, 3), 6, 7),
                ],
            ),
            (
                "a refusal that was faster than the claim it lost to",
                vec![operation(2, Claim, Refused, 0, 2), operation(1, Claim, done(2), 1, 9)],
            ),
            (
                "given back and taken again",
                vec![
                    operation(1, Claim, done(2), 0, 1),
                    operation(1, Release, done(3), 2, 5),
                    operation(2, Claim, done(4), 3, 4),
                    operation(2, reject(4), done(5), 6, 7),
                ],
            ),
            (
                "an unknown claim that was done",
                vec![
                    operation(1, Claim, Unknown, 0, u64::MAX),
                    operation(2, Claim, Refused, 1, 2),
                    operation(1, approve(2), done(3), 3, 4),
                ],
            ),
            (
                "an unknown claim that was never done",
                vec![operation(1, Claim, Unknown, 0, u64::MAX), operation(2, Claim, done(2), 1, 2)],
            ),
            (
                "an unknown decision that was done late",
                vec![
                    operation(1, Claim, done(2), 0, 1),
                    operation(1, approve(2), Unknown, 2, u64::MAX),
                    operation(2, Claim, Refused, 3, 4),
                    operation(2, Look, decided(1, Verdict::Approved, 3), 5, 6),
                ],
            ),
            (
                "a decision on what changed meanwhile",
                vec![
                    operation(1, Claim, done(2), 0, 1),
                    operation(1, Release, done(3), 2, 3),
                    operation(1, Claim, done(4), 4, 5),
                    operation(1, approve(2), Refused, 6, 7),
                ],
            ),
        ];
        for (name, history) in histories {
            assert_eq!(check(State::waiting(1), history), Ok(()), "{name}");
        }
    }

    #[test]
    fn histories_that_cannot_have_happened() {
        let histories: &[(&str, Vec<Operation>)] = &[
            ("claimed twice", vec![operation(1, Claim, done(2), 0, 2), operation(2, Claim, done(2), 1, 3)]),
            ("claimed twice, one later", vec![operation(1, Claim, done(2), 0, 1), operation(2, Claim, done(3), 2, 3)]),
            (
                "decided twice",
                vec![
                    operation(1, Claim, done(2), 0, 1),
                    operation(1, approve(2), done(3), 2, 5),
                    operation(1, reject(2), done(3), 3, 4),
                ],
            ),
            ("a refusal without a reason", vec![operation(1, Claim, Refused, 0, 1)]),
            (
                "a refusal before anything was asked",
                vec![operation(2, Claim, Refused, 0, 1), operation(1, Claim, done(2), 2, 3)],
            ),
            (
                "decided by whoever did not have it",
                vec![operation(1, Claim, done(2), 0, 1), operation(2, approve(2), done(3), 2, 3)],
            ),
            (
                "decided on what changed meanwhile",
                vec![
                    operation(1, Claim, done(2), 0, 1),
                    operation(1, Release, done(3), 2, 3),
                    operation(1, Claim, done(4), 4, 5),
                    operation(1, approve(2), done(5), 6, 7),
                ],
            ),
            (
                "an acknowledged decision that is gone",
                vec![
                    operation(1, Claim, done(2), 0, 1),
                    operation(1, approve(2), done(3), 2, 3),
                    operation(1, Look, Seen(State { holder: Some(1), decided: None, revision: 2 }), 4, 5),
                ],
            ),
            (
                "a change that nobody asked for",
                vec![
                    operation(1, Claim, done(2), 0, 1),
                    operation(1, Look, Seen(State { holder: Some(1), decided: None, revision: 3 }), 2, 3),
                ],
            ),
            (
                "an unknown claim that would have to be done twice",
                vec![
                    operation(1, Claim, Unknown, 0, u64::MAX),
                    operation(1, Release, done(3), 1, 2),
                    operation(1, Release, done(5), 3, 4),
                ],
            ),
        ];
        for (name, history) in histories {
            assert!(check(State::waiting(1), history).is_err(), "{name}");
        }
    }

    #[test]
    fn refusals_at_once_are_not_tried_in_every_order() {
        // All began before any ended.
        let mut history: Vec<Operation> =
            (1..41).map(|by| operation(by, Claim, Refused, by as u64, 1_000 + by as u64)).collect();
        history.push(operation(0, Claim, done(2), 50, 2_000));
        history.push(operation(0, Look, decided(9, Verdict::Rejected, 7), 3_000, 3_001));
        assert!(check(State::waiting(1), &history).is_err());
        history.pop();
        assert_eq!(check(State::waiting(1), &history), Ok(()));
    }
}
