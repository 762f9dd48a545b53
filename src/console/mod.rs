//! The terminal console: a model, one update, one view, and nothing that touches the process but [`terminal`].

pub mod action;
pub mod colour;
pub mod drafts;
pub mod effect;
pub mod event;
#[cfg(test)]
mod fixture;
pub mod keymap;
pub mod live;
mod load;
pub mod model;
pub mod moment;
pub mod overlay;
mod overlay_keys;
pub mod perform;
pub mod profile;
pub mod reason;
pub mod remote;
pub mod screens;
pub mod svg;
pub mod terminal;
#[cfg(test)]
pub(crate) mod tests;
pub mod theme;
pub mod update;
pub mod view;
pub mod widgets;

use std::io;
use std::time::Duration;

use futures_util::{FutureExt as _, Stream, StreamExt as _};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::domain::time::Timestamp;
use effect::Effect;
use event::Event;
use model::Model;
use perform::Replies;

/// At most one frame in this time: what a slow link is spared.
pub const FRAME_EVERY: Duration = Duration::from_millis(33);
/// Replies that may wait to be taken.
const REPLIES_MAX: usize = 1_024;
/// Events taken before a frame is drawn, however many wait.
const BATCH_MAX: usize = 4_096;

/// Tells the time.
pub trait Clock {
    /// It is this late.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The place a user sits at: what is done to the terminal itself.
pub trait Seat {
    /// Gives the terminal back, stops the process until it is called back, and takes the terminal again.
    ///
    /// # Errors
    /// The terminal cannot be taken again.
    fn suspend(&mut self) -> io::Result<()>;

    /// Puts text on the clipboard; gives whether this terminal can.
    ///
    /// # Errors
    /// The terminal is gone.
    fn copy(&mut self, text: &str) -> io::Result<bool>;
}

/// Does effects; what comes of one is sent back as an event.
pub trait Perform {
    /// Starts an effect and returns at once.
    fn perform(&self, effect: Effect, replies: &Replies);

    /// Waits until everything that must not be lost is on disk.
    fn finish(&self) -> impl Future<Output = ()>;
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(jiff::Timestamp::now().as_millisecond())
    }
}

/// Runs the console until the user leaves: all pending events are taken, then one frame is drawn; without an event
/// there is no frame.
///
/// # Errors
/// The terminal cannot be drawn on.
pub async fn run<B: Backend>(
    terminal: &mut Terminal<B>,
    mut events: impl Stream<Item = Event> + Unpin,
    clock: &impl Clock,
    hands: &impl Perform,
    seat: &mut impl Seat,
    model: &mut Model,
) -> Result<(), B::Error> {
    let (replies, mut answers) = mpsc::channel(REPLIES_MAX);
    model.now = clock.now();
    let mut work = update::start(model);
    let mut drawn_at: Option<Instant> = None;
    let mut dirty = true;
    loop {
        for effect in work.drain(..) {
            do_effect(terminal, hands, seat, model, effect, &replies)?;
        }
        if model.leaving {
            hands.finish().await;
            return Ok(());
        }
        let frame_at = drawn_at.map_or_else(Instant::now, |at| at + FRAME_EVERY);
        if dirty && frame_at <= Instant::now() {
            terminal.draw(|frame| view::view(model, frame))?;
            drawn_at = Some(Instant::now());
            dirty = false;
        }
        let tick = model.next_tick().map(|at| Instant::now() + until(model.now.max(clock.now()), at));
        let wake = if dirty { Some(tick.map_or(frame_at, |tick| tick.min(frame_at))) } else { tick };
        let first = tokio::select! {
            event = events.next() => event.unwrap_or(Event::Signal(event::Signal::Terminate)),
            Some(answer) = answers.recv() => answer,
            () = sleep_until(wake) => Event::Tick(clock.now()),
        };
        let ticked = matches!(first, Event::Tick(_));
        let due = tick.is_some_and(|tick| tick <= Instant::now());
        work.extend(update::update(model, Event::Tick(clock.now())));
        if !ticked {
            work.extend(update::update(model, first));
        }
        let more = take_all(&mut events, &mut answers, model, &mut work);
        dirty |= !ticked || due || more;
    }
}

/// Takes every event that waits already; gives whether there was one.
fn take_all(
    events: &mut (impl Stream<Item = Event> + Unpin),
    answers: &mut mpsc::Receiver<Event>,
    model: &mut Model,
    work: &mut Vec<Effect>,
) -> bool {
    for taken in 0..BATCH_MAX {
        let next = match answers.try_recv() {
            Ok(answer) => Some(answer),
            Err(_) => events.next().now_or_never().flatten(),
        };
        let Some(event) = next else { return taken > 0 };
        work.extend(update::update(model, event));
    }
    true
}

/// Does what belongs to the terminal here, and hands on the rest.
fn do_effect<B: Backend>(
    terminal: &mut Terminal<B>,
    hands: &impl Perform,
    seat: &mut impl Seat,
    model: &mut Model,
    effect: Effect,
    replies: &Replies,
) -> Result<(), B::Error> {
    match effect {
        Effect::Quit => {}
        Effect::Redraw => terminal.clear()?,
        Effect::Suspend => {
            if seat.suspend().is_err() {
                model.leaving = true;
            }
            let size = terminal.size()?;
            update::update(model, Event::Resize { columns: size.width, rows: size.height });
            terminal.clear()?;
        }
        Effect::Copy(text) => match seat.copy(&text) {
            Ok(true) => model.tell(format!("Copied {text}")),
            Ok(false) => model.tell(format!("This terminal's clipboard cannot be set: {text}")),
            Err(_) => model.leaving = true,
        },
        other => hands.perform(other, replies),
    }
    Ok(())
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(then.since_ms(now)).unwrap_or(0))
}
