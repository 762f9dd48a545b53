//! The marketplace told as stories over a database in memory, and some of them on PostgreSQL too.

mod at_once;
mod lists;
mod owning;
mod properties;
mod reviewing;
mod two_databases;
mod world;
