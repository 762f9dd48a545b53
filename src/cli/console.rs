//! `skydeck console`: the terminal, the settings and the connection put together, and the console opened on them.

use std::path::Path;

use clap::{Args, ValueEnum};

use super::context::{Context, folders};
use super::{Exit, Failure, Global};
use crate::client::Client;
use crate::config::{Folders, Settings};
use crate::console::drafts::Drafts;
use crate::console::keymap::Keymap;
use crate::console::model::Model;
use crate::console::perform::Hands;
use crate::console::profile::{Asked, ColourDepth, Glyphs, Ground, Motion, TerminalProfile};
use crate::console::terminal::{self, MouseUse};
use crate::console::theme::Theme;
use crate::console::{self, Clock as _, SystemClock};

/// How to open it.
#[derive(Debug, Args)]
pub struct Console {
    #[command(flatten)]
    appearance: Appearance,
}

/// How the console looks; what is left out is as config.toml says, else as fits the terminal.
#[derive(Clone, Debug, Default, Args)]
pub struct Appearance {
    /// A theme: dark, light, high-contrast, sixteen, mono, or NAME of themes/NAME.toml in the config folder
    #[arg(long, value_name = "NAME")]
    theme: Option<String>,
    /// How many colours may be sent
    #[arg(long, value_enum)]
    colour: Option<Colours>,
    /// What the terminal's background is
    #[arg(long, value_enum)]
    background: Option<Background>,
    /// No character outside ASCII
    #[arg(long)]
    ascii: bool,
    /// Nothing moves by itself
    #[arg(long)]
    calm: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
}

/// How many colours may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Colours {
    /// None: bold, underline and reverse only.
    None,
    /// The sixteen of ANSI.
    #[value(name = "16")]
    Sixteen,
    /// The 256 of xterm.
    #[value(name = "256")]
    Indexed,
    /// 24 bits.
    True,
}

/// What the terminal's background is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Background {
    /// Light text on dark.
    Dark,
    /// Dark text on light.
    Light,
}

/// Opens the console on the marketplace that flags, environment or settings name.
///
/// # Errors
/// No terminal, a wrong theme or key table, no token.
pub fn run(global: &Global, command: Console) -> Result<Exit, Failure> {
    check_terminal()?;
    let folders = folders(global)?;
    let settings = Settings::load(&folders.config)?;
    check_looks(&settings, &folders, &command.appearance)?;
    let context = Context::open(global)?;
    if !context.client.has_token() {
        let text = format!(
            "there is no token for {}: sign in with `skydeck login`, or set SKYDECK_TOKEN",
            context.client.server()
        );
        return Err(Failure::new(Exit::Denied, text));
    }
    context.block_on(open_console(context.client.clone(), &settings, &folders, &command.appearance))
}

/// Says whether a console can be opened here at all.
///
/// # Errors
/// [`Exit::Environment`]: what is missing, and what to use instead.
pub fn check_terminal() -> Result<(), Failure> {
    Ok(terminal::check(&read_profile(&Asked::default()))?)
}

/// Says whether theme and keys are in order, before anything is begun that takes a while.
///
/// # Errors
/// [`Exit::Config`]: what is wrong, and where.
pub fn check_looks(settings: &Settings, folders: &Folders, appearance: &Appearance) -> Result<(), Failure> {
    theme(settings, appearance, &folders.config, &profile(settings, appearance))?;
    keymap(&folders.config).map(drop)
}

/// Takes the terminal, runs the console until the user leaves, and gives the terminal back.
///
/// # Errors
/// A wrong theme or key table, before the terminal is touched; a terminal that is gone.
pub async fn open_console(
    client: Client,
    settings: &Settings,
    folders: &Folders,
    appearance: &Appearance,
) -> Result<Exit, Failure> {
    let profile = profile(settings, appearance);
    terminal::check(&profile)?;
    let theme = theme(settings, appearance, &folders.config, &profile)?;
    let keymap = keymap(&folders.config)?;
    let is_taken = !appearance.no_mouse && settings.mouse.unwrap_or(true);
    let mouse = if is_taken { MouseUse::Taken } else { MouseUse::Left };
    let hands = Hands::new(client.clone(), Drafts::within(&folders.data.join("drafts")));
    let mut model = Model::new(profile.clone(), theme, keymap, client.server().to_string(), SystemClock.now());
    let gone = |error: std::io::Error| Failure::new(Exit::Environment, format!("the terminal is gone: {error}"));
    let (mut screen, mut seat) = terminal::take(&profile, mouse, &folders.data.join("logs"))?;
    let events = terminal::events().map_err(gone)?;
    let ended = console::run(&mut screen, events, &SystemClock, &hands, &mut seat, &mut model).await;
    drop(seat);
    ended.map_err(gone)?;
    Ok(Exit::Done)
}

fn profile(settings: &Settings, appearance: &Appearance) -> TerminalProfile {
    read_profile(&Asked {
        glyphs: (appearance.ascii || settings.ascii).then_some(Glyphs::Ascii),
        motion: (appearance.calm || settings.calm).then_some(Motion::Calm),
        depth: appearance.colour.map(|colours| match colours {
            Colours::None => ColourDepth::None,
            Colours::Sixteen => ColourDepth::Sixteen,
            Colours::Indexed => ColourDepth::Indexed,
            Colours::True => ColourDepth::True,
        }),
        ground: appearance.background.map(|background| match background {
            Background::Dark => Ground::Dark,
            Background::Light => Ground::Light,
        }),
    })
}

fn read_profile(asked: &Asked) -> TerminalProfile {
    let (columns, rows) = crossterm::terminal::size().unwrap_or((80, 24));
    TerminalProfile::read(&|name| std::env::var(name).ok(), columns, rows, asked)
}

fn theme(
    settings: &Settings,
    appearance: &Appearance,
    config: &Path,
    profile: &TerminalProfile,
) -> Result<Theme, Failure> {
    match appearance.theme.as_deref().or(settings.theme.as_deref()) {
        Some(name) => Ok(Theme::named(name, Some(&config.join("themes")), profile.depth)?),
        None => Ok(Theme::fitting(profile)),
    }
}

fn keymap(config: &Path) -> Result<Keymap, Failure> {
    let path = config.join("config.toml");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Keymap::from_config(&text, &path.display().to_string())?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Keymap::shipped()),
        Err(error) => Err(Failure::new(Exit::Config, format!("{}: {error}", path.display()))),
    }
}
