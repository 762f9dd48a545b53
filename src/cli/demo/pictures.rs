//! Pictures of the console for the README: real frames of the demo's marketplace, drawn as SVG.

use std::path::Path;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::sync::mpsc;

use crate::cli::{Exit, Failure, output};
use crate::client::Client;
use crate::console::drafts::Drafts;
use crate::console::event::Event;
use crate::console::keymap::Keymap;
use crate::console::model::Model;
use crate::console::perform::Hands;
use crate::console::profile::{Ground, TerminalProfile};
use crate::console::theme::Theme;
use crate::console::{Clock as _, Perform as _, SystemClock, svg, update, view};

/// Nothing has come for this long: the screen stands still.
const QUIET: Duration = Duration::from_millis(700);

/// One picture: the terminal, the keys that lead to it from the queue, and the file it is kept in.
struct Picture {
    file: &'static str,
    columns: u16,
    rows: u16,
    ground: Ground,
    keys: &'static [Press],
}

enum Press {
    Key(char),
    Enter,
    Text(&'static str),
}

const PICTURES: &[Picture] = &[
    Picture {
        file: "queue.svg",
        columns: 150,
        rows: 38,
        ground: Ground::Dark,
        keys: &[Press::Key('j'), Press::Key('j')],
    },
    Picture {
        file: "queue-80x24.svg",
        columns: 80,
        rows: 24,
        ground: Ground::Dark,
        keys: &[Press::Key('/'), Press::Text("scope:ban"), Press::Enter, Press::Key('j')],
    },
    Picture {
        file: "review.svg",
        columns: 150,
        rows: 38,
        ground: Ground::Dark,
        keys: &[Press::Key('/'), Press::Text("levels"), Press::Enter, Press::Enter],
    },
    Picture {
        file: "dry-run.svg",
        columns: 150,
        rows: 38,
        ground: Ground::Dark,
        keys: &[Press::Key('/'), Press::Text("free-gifts"), Press::Enter, Press::Enter, Press::Key('d')],
    },
    Picture {
        file: "sandbox.svg",
        columns: 110,
        rows: 32,
        ground: Ground::Light,
        keys: &[
            Press::Key('3'),
            Press::Key('o'),
            Press::Text("fixtures/extensions/levels/levels.skypkg"),
            Press::Enter,
            Press::Enter,
        ],
    },
    Picture { file: "help.svg", columns: 110, rows: 32, ground: Ground::Dark, keys: &[Press::Key('?')] },
];

/// Draws every picture into `folder`.
///
/// # Errors
/// [`Exit::Environment`] where the folder cannot be written.
pub async fn write(client: &Client, folder: &Path) -> Result<Exit, Failure> {
    let unwritable = |error: std::io::Error| Failure::new(Exit::Environment, format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    for picture in PICTURES {
        let drawn = draw(client, picture).await?;
        std::fs::write(folder.join(picture.file), drawn).map_err(unwritable)?;
        output::line(&format!("{}", folder.join(picture.file).display()))?;
    }
    Ok(Exit::Done)
}

async fn draw(client: &Client, picture: &Picture) -> Result<String, Failure> {
    let profile = TerminalProfile { ground: picture.ground, ..TerminalProfile::plain(picture.columns, picture.rows) };
    let drafts = Drafts::within(&std::env::temp_dir().join(format!("skydeck-pictures-{}", std::process::id())));
    let hands = Hands::new(client.clone(), drafts);
    let theme = Theme::fitting(&profile);
    let mut model = Model::new(profile, theme, Keymap::shipped(), client.server().to_string(), SystemClock.now());
    let (replies, mut answers) = mpsc::channel(1_024);
    for effect in update::start(&mut model) {
        hands.perform(effect, &replies);
    }
    settle(&mut model, &hands, &replies, &mut answers).await;
    for press in picture.keys {
        for key in press.keys() {
            for effect in update::update(&mut model, Event::Key(key)) {
                hands.perform(effect, &replies);
            }
        }
        settle(&mut model, &hands, &replies, &mut answers).await;
    }
    let unshown = |error: std::convert::Infallible| Failure::new(Exit::Failed, error.to_string());
    let mut terminal = Terminal::new(TestBackend::new(picture.columns, picture.rows)).map_err(unshown)?;
    terminal.draw(|frame| view::view(&model, frame)).map_err(unshown)?;
    Ok(svg::render(terminal.backend().buffer(), &model.theme, "skydeck"))
}

/// Takes replies until none has come for a while.
async fn settle(model: &mut Model, hands: &Hands, replies: &mpsc::Sender<Event>, answers: &mut mpsc::Receiver<Event>) {
    while let Ok(Some(event)) = tokio::time::timeout(QUIET, answers.recv()).await {
        let ticked = update::update(model, Event::Tick(SystemClock.now()));
        for effect in ticked.into_iter().chain(update::update(model, event)) {
            hands.perform(effect, replies);
        }
    }
}

impl Press {
    fn keys(&self) -> Vec<KeyEvent> {
        let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
        match self {
            Press::Key(letter) => vec![key(KeyCode::Char(*letter))],
            Press::Enter => vec![key(KeyCode::Enter)],
            Press::Text(text) => text.chars().map(|letter| key(KeyCode::Char(letter))).collect(),
        }
    }
}
