//! `skydeck purchase`: buying a premium extension at the price that was shown, and what was bought.

use clap::Args;

use super::context::Context;
use super::output::{self, Form};
use super::{Exit, Failure, Global};
use crate::api::purchases::Purchase as Wire;

/// What is bought.
#[derive(Debug, Args)]
pub struct Purchase {
    /// The extension's id or slug
    extension: String,
    /// The price that you agree to; another one than it has now is refused
    #[arg(long, value_name = "POINTS")]
    price: u64,
    /// Your own key for this purchase: run again with the same one, nothing is bought twice
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
}

/// Buys it and prints the purchase.
///
/// # Errors
/// Another price than the extension has; too few points; what was bought already.
pub fn run(global: &Global, command: Purchase) -> Result<Exit, Failure> {
    let context = Context::open(global)?;
    let key = command.key.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    let bought = context.block_on(context.client.purchase(&command.extension, command.price, &key))?;
    print(Form::of(global), &bought)?;
    Ok(Exit::Done)
}

/// Prints one purchase.
pub(super) fn print(form: Form, purchase: &Wire) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(purchase);
    }
    let fields = [
        ("purchase", purchase.id.clone()),
        ("extension", purchase.slug.clone()),
        ("price", format!("{} points", purchase.price_points)),
        ("author", format!("{}, who gets {}", purchase.author, purchase.author_points)),
        ("bought", output::moment(&purchase.at)),
        ("can be taken back until", output::moment(&purchase.refundable_until)),
        ("taken back", purchase.refunded_at.as_deref().map_or_else(|| "no".to_owned(), output::moment)),
    ];
    output::fields(form, &fields)
}
