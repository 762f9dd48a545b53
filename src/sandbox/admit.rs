//! Whether a module may run for a manifest: the scopes it declares, the kinds it handles, the memory of its tier.

use super::inspection::{Import, Inspection, Problem, Rule, Sort, Target};
use crate::domain::kind::Kind;
use crate::domain::limits::RunLimits;
use crate::domain::scope::ScopeSet;

impl Inspection {
    /// Every reason not to run the module with these declared scopes, handled kinds and caps; the module's own problems
    /// come first.
    pub fn refusals(&self, declared: ScopeSet, kinds: &[Kind], limits: &RunLimits) -> Vec<Problem> {
        let mut problems = self.problems.clone();
        problems.extend(self.imports.iter().filter_map(|import| undeclared(import, declared)));
        problems.extend(kinds.iter().filter_map(|kind| self.handler_problem(*kind)));
        let known = problems.iter().any(|problem| problem.rule == Rule::Memory);
        if self.initial_bytes() > limits.memory_bytes_max && !known {
            let text = format!(
                "the module starts with {} bytes of memory and tables; at most {} are allowed here",
                self.initial_bytes(),
                limits.memory_bytes_max
            );
            problems.push(Problem::new(Rule::Memory, "memory", text));
        }
        problems
    }

    fn handler_problem(&self, kind: Kind) -> Option<Problem> {
        let name = kind.handler();
        let Some(export) = self.export(name) else {
            let text = format!("the module exports no {name}, which handles {kind}: export a function {name}() -> i32");
            return Some(Problem::new(Rule::HandlerMissing, name, text));
        };
        if export.reexported {
            let text =
                format!("{name} is an import handed through, which cannot be resumed: define a function of its own");
            return Some(Problem::new(Rule::HandlerImported, name, text));
        }
        if export.sort != Sort::Handler {
            let text = format!("{name} is no function of the type () -> i32");
            return Some(Problem::new(Rule::HandlerType, name, text));
        }
        None
    }
}

fn undeclared(import: &Import, declared: ScopeSet) -> Option<Problem> {
    let Target::Function(function) = import.target else { return None };
    let scope = function.scope.filter(|scope| !declared.contains(*scope))?;
    let text = format!(
        "the import {}.{} needs the scope {scope}, which the manifest does not declare: add it to scopes, or remove the call",
        import.module, import.name
    );
    Some(Problem::new(Rule::ScopeUndeclared, scope.name(), text))
}
