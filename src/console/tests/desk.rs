//! A desk to test at: a model, keys pressed on it, answers given to it, and the screen as text.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use crate::api::page::Page;
use crate::console::effect::Effect;
use crate::console::event::{Event, Live, Reply};
use crate::console::fixture::{self, NOW};
use crate::console::keymap::Keymap;
use crate::console::model::Model;
use crate::console::profile::TerminalProfile;
use crate::console::theme::Theme;
use crate::console::{update, view};

/// A console at which nobody sits.
pub struct Desk {
    /// Its state.
    pub model: Model,
    /// What it asked for since last looked.
    pub effects: Vec<Effect>,
}

impl Desk {
    /// A console that has just been opened: nothing has been answered.
    pub fn fresh(columns: u16, rows: u16) -> Desk {
        Desk::on(TerminalProfile::plain(columns, rows))
    }

    /// A fresh console on a terminal.
    pub fn on(profile: TerminalProfile) -> Desk {
        let theme = Theme::fitting(&profile);
        let mut model = Model::new(profile, theme, Keymap::shipped(), "market.example:7070".to_owned(), NOW);
        let effects = update::start(&mut model);
        Desk { model, effects }
    }

    /// A console whose caller is known, whose link is live and whose queue has that many rows.
    pub fn with_rows(columns: u16, rows: u16, len: usize) -> Desk {
        let mut desk = Desk::fresh(columns, rows);
        desk.settle(len);
        desk
    }

    /// Answers what a fresh console asks.
    pub fn settle(&mut self, len: usize) -> &mut Desk {
        self.give(Event::Live(Live::Connected));
        self.reply(Reply::Me(Ok(Box::new(fixture::me()))));
        self.reply(Reply::Drafts(Ok(Vec::new())));
        let page = Page { items: (0..len).map(fixture::queue_item).collect(), next: None, total: Some(len as u64) };
        let generation = self.model.queue.generation;
        self.reply(Reply::Queue { generation, cursor: None, answer: Ok(page) });
        self.effects.clear();
        self
    }

    /// A console with the review of a submission open.
    pub fn reviewing(columns: u16, rows: u16, number: usize) -> Desk {
        let mut desk = Desk::with_rows(columns, rows, 25);
        for _ in 0..number {
            desk.press("j");
        }
        desk.press("enter");
        desk.answer_review(number);
        desk.effects.clear();
        desk
    }

    /// Answers the open review.
    pub fn answer_review(&mut self, number: usize) -> &mut Desk {
        let review = fixture::review(number);
        self.reply(Reply::Review { review_id: review.id.clone(), answer: Ok(Box::new(review)) })
    }

    /// Presses keys: names as in the configuration, with spaces between.
    pub fn press(&mut self, keys: &str) -> &mut Desk {
        for key in keys.split_whitespace() {
            let key = crokey::parse(key).unwrap();
            self.give(Event::Key(key.into()));
        }
        self
    }

    /// Types text, letter by letter.
    pub fn write(&mut self, text: &str) -> &mut Desk {
        for c in text.chars() {
            let key = crossterm::event::KeyEvent::new(
                crossterm::event::KeyCode::Char(c),
                crossterm::event::KeyModifiers::NONE,
            );
            self.give(Event::Key(key));
        }
        self
    }

    /// Gives an answer.
    pub fn reply(&mut self, reply: Reply) -> &mut Desk {
        self.give(Event::Reply(reply))
    }

    /// Lets time pass.
    pub fn later(&mut self, ms: i64) -> &mut Desk {
        let now = self.model.now.plus_ms(ms);
        self.give(Event::Tick(now))
    }

    /// Gives an event.
    pub fn give(&mut self, event: Event) -> &mut Desk {
        let effects = update::update(&mut self.model, event);
        self.effects.extend(effects);
        self
    }

    /// What was asked for since last looked.
    pub fn asked(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The cells of the screen.
    pub fn buffer(&self) -> Buffer {
        let backend = TestBackend::new(self.model.profile.columns, self.model.profile.rows);
        let mut terminal = Terminal::new(backend).unwrap();
        terminal.draw(|frame| view::view(&self.model, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The screen as text, one line a row, without spaces at the ends.
    pub fn screen(&self) -> String {
        let buffer = self.buffer();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let row: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
            text.push_str(row.trim_end());
            text.push('\n');
        }
        text
    }

    /// Fails unless the screen shows a text.
    #[track_caller]
    pub fn sees(&mut self, text: &str) -> &mut Desk {
        let screen = self.screen();
        assert!(screen.contains(text), "{text:?} is not on the screen:\n{screen}");
        self
    }

    /// Fails if the screen shows a text.
    #[track_caller]
    pub fn does_not_see(&mut self, text: &str) -> &mut Desk {
        let screen = self.screen();
        assert!(!screen.contains(text), "{text:?} is on the screen:\n{screen}");
        self
    }
}
