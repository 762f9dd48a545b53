//! The policy: planned, applied, reverted, overridden by servers, explained.

mod apply;
mod carry_out;
mod catalogue;
mod explain;
mod impact;
mod override_server;
mod past;
mod plan;
mod plan_server;
mod revert;
mod running;
mod server_impact;
mod sides;
mod waiting;

pub use apply::{Applied, ApplyPlan, apply_policy};
pub use explain::{Explained, FieldOnServer, LayerSaid, explain_policy, fields_on_server};
pub use override_server::{Override, override_policy, policy_of_server};
pub use plan::{Draft as PolicyDraft, PLAN_LIVES_MS, Planned, plan_policy, policy_plan};
pub use plan_server::{
    AppliedOverride, ApplyOverride, PlannedOverride, apply_override, override_plan, plan_of_server, plan_override,
};
pub use revert::{Revert, revert_policy};
