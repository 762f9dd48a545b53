//! The marketplace told as stories over a database in memory, and some of them on PostgreSQL too.

mod at_once;
mod doctor;
mod guild;
mod installing;
mod lists;
mod moving;
mod owning;
mod policy;
mod properties;
mod rating;
mod reviewing;
mod thread;
mod two_databases;
mod world;
