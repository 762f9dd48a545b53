//! What one frame of the console costs with a queue of 100,000 rows: time, bytes on the wire, and memory.

#[path = "measure/process.rs"]
mod process;
#[path = "measure/table.rs"]
mod table;

use std::cell::Cell;
use std::env;
use std::hint::black_box;
use std::io::{self, Write};
use std::process::Stdio;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use futures_util::{StreamExt as _, stream};
use ratatui::backend::{CrosstermBackend, TestBackend};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use skydeck::api::events::LiveEvent;
use skydeck::api::page::Page;
use skydeck::api::queue::{Priority, PriorityParts, QueueItem};
use skydeck::console::effect::Effect;
use skydeck::console::event::{Event, Live, Reply, Signal};
use skydeck::console::keymap::Keymap;
use skydeck::console::model::Model;
use skydeck::console::perform::Replies;
use skydeck::console::profile::TerminalProfile;
use skydeck::console::theme::Theme;
use skydeck::console::{self, Clock, Perform, Seat, update, view};
use skydeck::domain::scope::Scope;
use skydeck::domain::time::Timestamp;

use process::Copy;
use table::{Table, quantile_ms};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows of the queue.
const ROWS: usize = 100_000;
/// Rows of one page.
const PAGE: usize = 100;
/// Sizes of terminals, in columns and rows.
const SIZES: [(u16, u16); 2] = [(160, 45), (80, 24)];
/// Frames that are timed.
const FRAMES: usize = 1_000;
/// When all of it happens.
const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
/// How long nothing happens.
const IDLE: Duration = Duration::from_secs(3);

fn main() -> Result<()> {
    if env::args_os().nth(1).is_some_and(|first| first == "hold") {
        return hold();
    }
    let mut table = Table::new("One frame of the console, 100,000 rows in the queue");
    for (columns, rows) in SIZES {
        let mut model = loaded(columns, rows);
        frames(&mut table, &mut model)?;
        wire(&mut table, &mut model)?;
    }
    changes(&mut table);
    memory(&mut table)?;
    idle(&mut table)?;
    table.print();
    Ok(())
}

/// Times the frames that keys lead to, each with its update.
fn frames(table: &mut Table, model: &mut Model) -> Result<()> {
    let size = format!("{}x{}", model.profile.columns, model.profile.rows);
    let mut terminal = Terminal::new(TestBackend::new(model.profile.columns, model.profile.rows))?;
    let page_up = KeyCode::PageUp;
    for (name, keys) in
        [("down", [KeyCode::Down; 2]), ("a screen up", [page_up; 2]), ("top and bottom", [KeyCode::Home, KeyCode::End])]
    {
        let mut samples = Vec::with_capacity(FRAMES);
        for key in keys.into_iter().cycle().take(FRAMES) {
            let began = Instant::now();
            black_box(update::update(model, Event::Key(KeyEvent::new(key, KeyModifiers::NONE))));
            terminal.draw(|frame| view::view(model, frame))?;
            samples.push(began.elapsed());
        }
        table.add(format!("{size}, {name}: update and frame, p50"), quantile_ms(&mut samples, 0.5), "ms", ..2.0);
        table.add(format!("{size}, {name}: update and frame, p99"), quantile_ms(&mut samples, 0.99), "ms", ..);
    }
    Ok(())
}

/// Counts the bytes that a terminal is sent.
fn wire(table: &mut Table, model: &mut Model) -> Result<()> {
    let (columns, rows) = (model.profile.columns, model.profile.rows);
    update::update(model, Event::Key(KeyEvent::new(KeyCode::Home, KeyModifiers::NONE)));
    let sent = Counted::default();
    let mut terminal = wired(&sent, columns, rows)?;
    terminal.draw(|frame| view::view(model, frame))?;
    table.add(format!("{columns}x{rows}, first frame"), sent.take(), "bytes", ..);
    let mut each = Vec::new();
    // Up to the last row but a few: none of these scrolls.
    for _ in 0..rows / 3 {
        update::update(model, Event::Key(KeyEvent::new(KeyCode::Down, KeyModifiers::NONE)));
        terminal.draw(|frame| view::view(model, frame))?;
        each.push(sent.take());
    }
    each.sort_by(f64::total_cmp);
    table.add(format!("{columns}x{rows}, one row down, median"), each[each.len() / 2], "bytes", ..1_000.0);
    table.add(format!("{columns}x{rows}, one row down, worst"), each[each.len() - 1], "bytes", ..);
    terminal.draw(|frame| view::view(model, frame))?;
    table.add(format!("{columns}x{rows}, a frame that changes nothing"), sent.take(), "bytes", ..);
    Ok(())
}

/// Times what the server brings while all rows are loaded: the updates alone.
fn changes(table: &mut Table) {
    let mut model = loaded(SIZES[0].0, SIZES[0].1);
    let generation = model.queue.generation;
    let mut further = Vec::new();
    for number in 0..20 {
        let items = (0..PAGE).map(|at| item(ROWS + number * PAGE + at)).collect();
        further.push(timed(&mut model, reply(generation, Some("more"), items, Some("more"))));
    }
    table.add("one more page of 100, p50", quantile_ms(&mut further, 0.5), "ms", ..2.0);
    let mut first = Vec::new();
    for start in 0..20 {
        let items = (start..start + PAGE).map(item).collect();
        let generation = model.queue.generation;
        first.push(timed(&mut model, reply(generation, None, items, Some("more"))));
    }
    table.add("the first page again, one row gone, p50", quantile_ms(&mut first, 0.5), "ms", ..);
    let mut live = Vec::new();
    for number in 0..20 {
        let review_id = item(ROWS - 1 - number).review_id;
        let body = serde_json::json!({"review_id": review_id, "stage": "rejected"});
        let event = LiveEvent {
            number: i64::try_from(number).unwrap_or(0),
            topic: "review".to_owned(),
            at: NOW.to_string(),
            body,
        };
        live.push(timed(&mut model, Event::Live(Live::Event(Box::new(event)))));
    }
    table.add("a live change of the last row, p50", quantile_ms(&mut live, 0.5), "ms", ..2.0);
}

fn timed(model: &mut Model, event: Event) -> Duration {
    let began = Instant::now();
    black_box(update::update(model, event));
    began.elapsed()
}

/// Holds a loaded console until told to end.
fn hold() -> Result<()> {
    let model = loaded(SIZES[0].0, SIZES[0].1);
    let mut terminal = wired(&Counted::default(), SIZES[0].0, SIZES[0].1)?;
    terminal.draw(|frame| view::view(&model, frame))?;
    println!("{}", model.queue.rows.len());
    process::wait_for_the_end();
    Ok(())
}

fn memory(table: &mut Table) -> Result<()> {
    let mut copy = Copy::start(&["hold".as_ref()], Stdio::inherit())?;
    let rows = copy.line()?;
    table.add(format!("a process with {rows} rows, resident"), copy.resident_mib()?, "MiB", ..60.0);
    Ok(())
}

/// Runs the real loop while nothing happens: what it draws and uses after its first frame.
fn idle(table: &mut Table) -> Result<()> {
    let (columns, rows) = SIZES[0];
    let sent = Counted::default();
    let mut terminal = wired(&sent, columns, rows)?;
    let mut model = fresh(columns, rows);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (began, used) = (Rc::new(Cell::new(0.0)), Rc::new(Cell::new(f64::NAN)));
    let (begin, end, at) = (began.clone(), used.clone(), sent.clone());
    runtime.block_on(async {
        let settle = async move {
            tokio::time::sleep(Duration::from_millis(500)).await;
            at.take();
            begin.set(thread_cpu_ms());
            tokio::time::sleep(IDLE).await;
            end.set(at.take());
            Event::Signal(Signal::Terminate)
        };
        let events = stream::once(settle).boxed_local();
        console::run(&mut terminal, events, &Still, &Hands, &mut Nobody, &mut model).await
    })?;
    table.add("nothing happens: sent in 3 s", used.get(), "bytes", ..=0.0);
    table.add("nothing happens: processor time in 3 s", thread_cpu_ms() - began.get(), "ms", ..5.0);
    Ok(())
}

/// A console that knows nothing.
fn fresh(columns: u16, rows: u16) -> Model {
    let profile = TerminalProfile::plain(columns, rows);
    let theme = Theme::fitting(&profile);
    Model::new(profile, theme, Keymap::shipped(), "market.example:7373".to_owned(), NOW)
}

/// A console with a live link that has read every page of the queue.
fn loaded(columns: u16, rows: u16) -> Model {
    let mut model = fresh(columns, rows);
    update::start(&mut model);
    update::update(&mut model, Event::Live(Live::Connected));
    let generation = model.queue.generation;
    for start in (0..ROWS).step_by(PAGE) {
        let items = (start..start + PAGE).map(item).collect();
        let cursor = (start > 0).then_some("more");
        let next = (start + PAGE < ROWS).then_some("more");
        update::update(&mut model, reply(generation, cursor, items, next));
    }
    model
}

fn reply(generation: u64, cursor: Option<&str>, items: Vec<QueueItem>, next: Option<&str>) -> Event {
    let page = Page { items, next: next.map(str::to_owned), total: Some(ROWS as u64) };
    Event::Reply(Reply::Queue { generation, cursor: cursor.map(str::to_owned), answer: Ok(page) })
}

/// The submission of that number, with texts as long as they are in earnest.
fn item(number: usize) -> QueueItem {
    let words =
        ["role-menu", "raid-shield", "dice", "welcome-card", "starboard", "casino-royale", "mod-mail", "rss-feed"];
    let slug = format!("{}-{number}", words[number % words.len()]);
    let id = format!("01920000-0000-7000-8000-{:012x}", number.wrapping_mul(0x9e_3779_b97f) & 0xffff_ffff_ffff);
    let stage = ["ready", "ready", "ready", "review", "checking"][number % 5];
    let claimed = stage == "review";
    let scopes: Vec<Scope> = (0..number % 6).map(|at| Scope::ALL[(number / 6 + at * 7) % Scope::ALL.len()]).collect();
    let minutes = i64::try_from(number).unwrap_or(0);
    QueueItem {
        id: id.clone(),
        review_id: id.clone(),
        extension_id: id.clone(),
        version_id: id,
        name: slug.replace('-', " "),
        slug,
        number: format!("1.{}.0", number % 7),
        stage: stage.to_owned(),
        author: format!("author{}", number % 400),
        author_reputation: 50,
        kinds: vec!["command".to_owned()],
        runtime: "wasm".to_owned(),
        risk: scopes.iter().map(|scope| i64::from(scope.risk())).sum(),
        scopes: scopes.iter().map(|scope| scope.name().to_owned()).collect(),
        priority: Priority { total: 120, parts: PriorityParts { due: 100, risk: 15, reputation: 5 } },
        submitted_at: NOW.plus_ms(-minutes * 60_000).to_string(),
        due_at: NOW.plus_ms((3_000 - minutes) * 60_000).to_string(),
        sha256: format!("{number:064x}"),
        claimed_by: claimed.then(|| "maria".to_owned()),
        lease_until: claimed.then(|| NOW.plus_ms(1_500_000).to_string()),
        first_approval_by: None,
        approvals_needed: 1,
        findings_worst: ["", "warning", "error"][number % 3].to_owned(),
        findings_count: i64::from(!number.is_multiple_of(3)),
        notes_count: 0,
        revision: 4,
    }
}

/// Where bytes are counted on their way to a terminal.
#[derive(Clone, Default)]
struct Counted(Rc<Cell<usize>>);

impl Counted {
    /// How many since it was last asked.
    #[expect(clippy::cast_precision_loss, reason = "frames are far below 2^52 bytes")]
    fn take(&self) -> f64 {
        self.0.take() as f64
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn wired(sent: &Counted, columns: u16, rows: u16) -> Result<Terminal<CrosstermBackend<Counted>>> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, columns, rows));
    Ok(Terminal::with_options(CrosstermBackend::new(sent.clone()), TerminalOptions { viewport })?)
}

/// A clock that stands still, so that no age changes.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Hands that answer the first question for the queue, and nothing else.
struct Hands;

impl Perform for Hands {
    fn perform(&self, effect: Effect, replies: &Replies) {
        if let Effect::LoadQueue { generation, .. } = effect {
            let items = (0..PAGE).map(item).collect();
            // A console that has gone needs no answer.
            let _ = replies.try_send(reply(generation, None, items, Some("more")));
        }
    }

    async fn finish(&self) {}
}

/// Nobody sits here.
struct Nobody;

impl Seat for Nobody {
    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn copy(&mut self, _text: &str) -> io::Result<bool> {
        Ok(false)
    }
}

/// The processor time of this thread: the first number of `/proc/thread-self/schedstat`, in milliseconds.
fn thread_cpu_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).map_or(f64::NAN, |ns| ns / 1_000_000.0)
}
