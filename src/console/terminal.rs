//! The real terminal: taken for the console, and given back on every way out.

use std::fs;
use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread::{self, ThreadId};

use base64::Engine as _;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, EventStream, KeyEventKind,
    MouseButton, MouseEventKind,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use futures_util::{Stream, StreamExt as _, stream};
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use tokio::signal::unix::{SignalKind, signal};

use super::Seat;
use super::event::{Event, Mouse, Signal};
use super::profile::{Extras, TerminalKind, TerminalProfile};

/// Why the console cannot be opened here.
#[derive(Debug, thiserror::Error)]
pub enum NoConsole {
    /// Standard input or output is a file or a pipe.
    #[error(
        "the console needs a terminal, and standard {0} is none; `skydeck queue`, `skydeck review` and `skydeck dry-run` do the same without one"
    )]
    NoTerminal(&'static str),
    /// `TERM=dumb`.
    #[error(
        "this terminal (TERM={term:?}) cannot draw screens; set TERM to what it is, or use `skydeck queue --plain` and its like"
    )]
    Dumb {
        /// As set.
        term: String,
    },
    /// The terminal refused.
    #[error("the terminal cannot be taken: {0}")]
    Io(#[from] io::Error),
}

/// Whether the mouse is taken from the terminal, which then no longer selects text by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseUse {
    /// Clicks and the wheel come to the console.
    Taken,
    /// The terminal keeps it.
    Left,
}

/// The backend of a real terminal: each frame that changes anything is shown at once where the terminal can.
#[derive(Debug)]
pub struct ScreenBackend {
    inner: CrosstermBackend<BufWriter<Stdout>>,
    synchronized: bool,
    begun: bool,
}

/// The terminal while the console has it; dropping it gives it back.
#[derive(Debug)]
pub struct Screen {
    mouse: MouseUse,
    extras: Extras,
}

/// Which thread has the terminal; a panic there gives it back before anything is printed.
static TAKEN_BY: Mutex<Option<ThreadId>> = Mutex::new(None);

/// Enough for a frame of a large screen, so that it leaves in few writes.
const WRITE_BYTES: usize = 1 << 16;

/// Says whether the console can be opened: both ends are a terminal, and one that draws.
///
/// # Errors
/// What is missing and what to use instead.
pub fn check(profile: &TerminalProfile) -> Result<(), NoConsole> {
    if !io::stdin().is_terminal() {
        return Err(NoConsole::NoTerminal("input"));
    }
    if !io::stdout().is_terminal() {
        return Err(NoConsole::NoTerminal("output"));
    }
    if profile.kind == TerminalKind::Dumb {
        return Err(NoConsole::Dumb { term: std::env::var("TERM").unwrap_or_default() });
    }
    Ok(())
}

/// Takes the terminal; a panic writes a log into `log_folder` and prints its path.
///
/// # Errors
/// The terminal refuses.
pub fn take(
    profile: &TerminalProfile,
    mouse: MouseUse,
    log_folder: &Path,
) -> Result<(Terminal<ScreenBackend>, Screen), NoConsole> {
    hook_panics(log_folder.to_owned());
    let screen = Screen { mouse, extras: profile.extras };
    screen.enter()?;
    let inner = CrosstermBackend::new(BufWriter::with_capacity(WRITE_BYTES, io::stdout()));
    let backend = ScreenBackend { inner, synchronized: profile.extras.synchronized, begun: false };
    Ok((Terminal::new(backend)?, screen))
}

/// Keys, pastes, sizes, the mouse and the signals of the process, as the console's events.
///
/// # Errors
/// A signal handler cannot be set.
pub fn events() -> io::Result<impl Stream<Item = Event> + Unpin> {
    let watch = |kind, told: Signal| -> io::Result<_> {
        let listener = signal(kind)?;
        let told = stream::unfold(listener, move |mut listener| async move {
            listener.recv().await.map(|()| (Event::Signal(told), listener))
        });
        Ok(told.boxed())
    };
    let keys = EventStream::new().filter_map(|event| async move {
        match event {
            Ok(event) => translate(event),
            // The terminal is gone; there is nothing to read from any more.
            Err(_) => Some(Event::Signal(Signal::Terminate)),
        }
    });
    let gone = stream::once(async { Event::Signal(Signal::Terminate) });
    Ok(stream::select_all([
        keys.chain(gone).boxed(),
        watch(SignalKind::terminate(), Signal::Terminate)?,
        watch(SignalKind::hangup(), Signal::Terminate)?,
        watch(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()), Signal::Suspend)?,
        watch(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()), Signal::Continue)?,
    ]))
}

impl Screen {
    fn enter(&self) -> io::Result<()> {
        if let Ok(mut taken) = TAKEN_BY.lock() {
            *taken = Some(thread::current().id());
        }
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        if self.mouse == MouseUse::Taken {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        Ok(())
    }
}

impl Seat for Screen {
    fn suspend(&mut self) -> io::Result<()> {
        restore();
        // The signal stops this process until the shell sends SIGCONT (`fg`).
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        self.enter()
    }

    fn copy(&mut self, text: &str) -> io::Result<bool> {
        if !self.extras.clipboard {
            return Ok(false);
        }
        let text = base64::engine::general_purpose::STANDARD.encode(text);
        let mut out = io::stdout();
        write!(out, "\x1b]52;c;{text}\x07")?;
        out.flush()?;
        Ok(true)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

impl Backend for ScreenBackend {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            // A frame like the one before costs nothing, not even a reset of the colours.
            return Ok(());
        }
        if self.synchronized && !self.begun {
            queue!(self.inner, BeginSynchronizedUpdate)?;
            self.begun = true;
        }
        self.inner.draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        // The cursor stays hidden: what is typed has a painted one. Saying so again would cost bytes with every frame.
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // Asking the terminal would wait for an answer among the keys. The cursor is hidden: where it is means nothing.
        Ok(Position::default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.begun) {
            queue!(self.inner, EndSynchronizedUpdate)?;
        }
        Backend::flush(&mut self.inner)
    }
}

/// The console's event for what crossterm read; `None` for releases of keys and what means nothing here.
fn translate(event: crossterm::event::Event) -> Option<Event> {
    use crossterm::event::Event as Raw;
    Some(match event {
        Raw::Key(key) if key.kind != KeyEventKind::Release => Event::Key(key),
        Raw::Paste(text) => Event::Paste(text),
        Raw::Resize(columns, rows) => Event::Resize { columns, rows },
        Raw::Mouse(mouse) => Event::Mouse(match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Mouse::Click { column: mouse.column, row: mouse.row },
            MouseEventKind::ScrollDown => Mouse::ScrollDown,
            MouseEventKind::ScrollUp => Mouse::ScrollUp,
            _ => return None,
        }),
        Raw::Key(_) | Raw::FocusGained | Raw::FocusLost => return None,
    })
}

/// Gives the terminal back once; on a terminal that is gone there is nothing left to do about an error.
fn restore() {
    let was_taken = TAKEN_BY.lock().is_ok_and(|mut taken| taken.take().is_some());
    if was_taken {
        let _ = execute!(
            io::stdout(),
            EndSynchronizedUpdate,
            DisableMouseCapture,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = disable_raw_mode();
    }
}

/// From now on a panic of the console's own thread gives the terminal back; every panic is written to a file.
fn hook_panics(folder: PathBuf) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let taken = TAKEN_BY.lock().ok().and_then(|taken| *taken);
        let here = taken.is_some_and(|thread| thread == thread::current().id());
        let backtrace = std::backtrace::Backtrace::force_capture();
        let file = folder.join(format!("panic-{}.log", std::process::id()));
        let text = format!("skydeck {}\n{info}\n\n{backtrace}\n", env!("CARGO_PKG_VERSION"));
        let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, text));
        if here {
            restore();
            eprintln!("skydeck stopped because of a fault in itself. Drafts are kept.");
        }
        match written {
            Ok(()) if here => eprintln!("What happened is written in {}", file.display()),
            Ok(()) => {}
            Err(_) if taken.is_some() && !here => {}
            Err(_) => before(info),
        }
    }));
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;

    #[test]
    fn releases_of_keys_are_not_presses() {
        let mut key = KeyEvent::new(KeyCode::Char('a'), KeyModifiers::NONE);
        assert!(matches!(translate(crossterm::event::Event::Key(key)), Some(Event::Key(_))));
        key.kind = KeyEventKind::Release;
        assert!(translate(crossterm::event::Event::Key(key)).is_none());
        assert!(translate(crossterm::event::Event::FocusLost).is_none());
    }
}
