//! The main loop: one frame for many events, none without one.

use std::cell::RefCell;
use std::io;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::console::effect::Effect;
use crate::console::event::{Event, Reply, Signal};
use crate::console::fixture::{self, NOW};
use crate::console::keymap::Keymap;
use crate::console::model::Model;
use crate::console::perform::Replies;
use crate::console::profile::TerminalProfile;
use crate::console::theme::Theme;
use crate::console::{Clock, Perform, Seat, run};
use crate::domain::time::Timestamp;

struct Still;
impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

#[derive(Default)]
struct Recorder(RefCell<Vec<Effect>>);
impl Perform for Recorder {
    fn perform(&self, effect: Effect, replies: &Replies) {
        if matches!(effect, Effect::LoadMe) {
            let reply = Event::Reply(Reply::Me(Ok(Box::new(fixture::me()))));
            replies.try_send(reply).unwrap();
        }
        self.0.borrow_mut().push(effect);
    }

    async fn finish(&self) {}
}

#[derive(Default)]
struct Chair(Vec<&'static str>);
impl Seat for Chair {
    fn suspend(&mut self) -> io::Result<()> {
        self.0.push("suspended");
        Ok(())
    }

    fn copy(&mut self, _: &str) -> io::Result<bool> {
        Ok(true)
    }
}

#[tokio::test]
async fn events_are_taken_together_and_the_console_ends_when_it_is_told() {
    let profile = TerminalProfile::plain(80, 24);
    let theme = Theme::fitting(&profile);
    let mut model = Model::new(profile, theme, Keymap::shipped(), "here".to_owned(), NOW);
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let (send, events) = mpsc::channel(2_000);
    let down: crossterm::event::KeyEvent = crokey::parse("j").unwrap().into();
    for _ in 0..1_000 {
        send.try_send(Event::Key(down)).unwrap();
    }
    send.try_send(Event::Key(crokey::parse("ctrl-z").unwrap().into())).unwrap();
    send.try_send(Event::Signal(Signal::Terminate)).unwrap();
    let (hands, mut chair) = (Recorder::default(), Chair::default());
    run(&mut terminal, ReceiverStream::new(events), &Still, &hands, &mut chair, &mut model).await.unwrap();
    assert!(model.leaving);
    assert_eq!(chair.0, ["suspended"]);
    let asked = hands.0.borrow();
    assert!(asked.iter().any(|effect| matches!(effect, Effect::LoadQueue { .. })));
    assert!(asked.iter().any(|effect| matches!(effect, Effect::ListDrafts)));
}

#[test]
fn nothing_is_drawn_while_nothing_happens() {
    let mut desk = super::desk::Desk::with_rows(80, 24, 25);
    assert!(desk.model.next_tick().is_some_and(|at| at.since_ms(NOW) > 30_000), "ages change by the minute");
    desk.press("3");
    assert_eq!(desk.model.next_tick(), None, "the sandbox shows no age");
}
