//! The marketplace told as stories over a database in memory.

mod lists;
mod owning;
mod properties;
mod reviewing;
mod world;
