//! `skydeck refund`: taking a purchase back while that is possible.

use clap::Args;

use super::context::Context;
use super::output::Form;
use super::{Exit, Failure, Global, purchase};

/// What is taken back.
#[derive(Debug, Args)]
pub struct Refund {
    /// The purchase's id, as `skydeck sales purchases` lists it
    purchase: String,
    /// Why
    #[arg(long)]
    reason: String,
}

/// Takes it back and prints the purchase.
///
/// # Errors
/// A purchase that is not yours, was taken back before, or is too old.
pub fn run(global: &Global, command: Refund) -> Result<Exit, Failure> {
    let context = Context::open(global)?;
    let refunded = context.block_on(context.client.refund(&command.purchase, &command.reason))?;
    purchase::print(Form::of(global), &refunded)?;
    Ok(Exit::Done)
}
