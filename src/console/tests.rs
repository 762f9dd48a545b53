//! The console driven by scripts of keys and answers, without a terminal, a server or a clock.

mod decisions;
pub mod desk;
mod extensions;
mod frames;
mod main_loop;
mod policy;
mod queue;
pub mod sales;
pub mod sandbox;
pub mod servers;
