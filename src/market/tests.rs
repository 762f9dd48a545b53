//! The marketplace told as stories over a database in memory, and some of them on PostgreSQL too.

mod along;
mod at_once;
mod doctor;
mod guild;
mod installing;
mod lists;
mod many_servers;
mod moving;
mod overriding;
mod owning;
mod policy;
mod properties;
mod rating;
mod reviewing;
mod selling;
mod selling_at_once;
mod spread;
mod thread;
mod two_databases;
mod waits;
mod world;
