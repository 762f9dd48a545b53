//! Where this screen's lists stand, and which of its two views is painted.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Part, catalogue, detail};
use crate::console::model::Model;
use crate::console::view::body;

/// Paints the catalogue, or the open extension.
pub fn draw(model: &Model, buf: &mut Buffer, area: Rect) {
    match &model.extensions.open {
        None => catalogue::draw(model, buf, area),
        Some(open) => detail::draw(model, open, buf, area),
    }
}

/// Rows of the list that has the keys.
pub fn len(model: &Model) -> usize {
    let Some(open) = model.extensions.open.as_deref() else { return model.extensions.catalogue.pages.rows.len() };
    let facts = open.facts.value();
    match open.part {
        Part::Versions => facts.map_or(0, |facts| facts.versions.len()),
        Part::Channel => facts.map_or(0, |facts| facts.channel.len()),
        Part::Installations => open.installed.rows.len(),
        Part::Flags => open.flags.value().map_or(0, |flags| flags.items.len()),
        Part::Rollout => facts.map_or(0, |facts| facts.notices.len()),
    }
}

/// The room of that list's rows.
pub fn list_area(model: &Model) -> Rect {
    let area = body(model);
    match &model.extensions.open {
        None => catalogue::parts(area).list,
        Some(open) => detail::parts(area, open.part).list,
    }
}
