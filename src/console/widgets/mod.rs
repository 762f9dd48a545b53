//! The pieces every screen is drawn from. Each paints into a buffer, reads its state and changes nothing.

pub mod ascii;
pub mod bar;
pub mod diff;
pub mod editor;
pub mod gauge;
pub mod help;
pub mod line_input;
pub mod list;
pub mod paint;
pub mod palette;
pub mod popup;
