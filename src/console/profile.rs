//! What the terminal can do, as one value handed in at the start: nothing in the console asks the process again.

use jiff::tz::TimeZone;

/// The terminal as the console sees it.
#[derive(Clone, Debug)]
pub struct TerminalProfile {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
    /// How many colours may be sent.
    pub depth: ColourDepth,
    /// Whether the terminal's own background is dark or light.
    pub ground: Ground,
    /// Which characters may be drawn.
    pub glyphs: Glyphs,
    /// Whether anything may move by itself.
    pub motion: Motion,
    /// Where times are shown for.
    pub zone: TimeZone,
    /// Whether the terminal understands cursor movement at all.
    pub kind: TerminalKind,
    /// What it understands beyond the ordinary.
    pub extras: Extras,
}

/// How many colours a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColourDepth {
    /// None: bold, underline and reverse only.
    None,
    /// The sixteen ANSI colours, which the user has chosen.
    Sixteen,
    /// The 256 colours of xterm.
    Indexed,
    /// 24 bits.
    True,
}

/// The colour a terminal starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Light text on dark.
    Dark,
    /// Dark text on light.
    Light,
}

/// The characters a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    /// Box drawing, blocks and braille.
    Unicode,
    /// Printable ASCII alone.
    Ascii,
}

/// Whether anything moves without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// Counters and bars may move, at most four times a second.
    Full,
    /// Nothing moves by itself.
    Calm,
}

/// Whether full screens can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalKind {
    /// Cursor movement and an alternate screen.
    Full,
    /// A line printer: `TERM=dumb` or none.
    Dumb,
}

/// What some terminals understand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// The clipboard can be set (OSC 52).
    pub clipboard: bool,
    /// Links can be marked (OSC 8).
    pub links: bool,
    /// A frame can be shown at once (mode 2026).
    pub synchronized: bool,
}

/// What was asked for on the command line or in the configuration; it wins over what was found.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// `--ascii`.
    pub glyphs: Option<Glyphs>,
    /// `--calm`.
    pub motion: Option<Motion>,
    /// `--colour`.
    pub depth: Option<ColourDepth>,
    /// `--light` or `--dark`.
    pub ground: Option<Ground>,
}

impl TerminalProfile {
    /// Reads the profile from environment variables (given as a function), the size in cells and what was asked for.
    pub fn read(env: &dyn Fn(&str) -> Option<String>, columns: u16, rows: u16, asked: &Asked) -> TerminalProfile {
        let term = env("TERM").unwrap_or_default();
        let kind = if term.is_empty() || term == "dumb" { TerminalKind::Dumb } else { TerminalKind::Full };
        TerminalProfile {
            columns,
            rows,
            depth: asked.depth.unwrap_or_else(|| depth_of(env, &term)),
            ground: asked.ground.unwrap_or_else(|| ground_of(env)),
            glyphs: asked.glyphs.unwrap_or_else(|| glyphs_of(env, &term)),
            motion: asked.motion.unwrap_or(Motion::Full),
            zone: env("TZ").and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC),
            kind,
            extras: extras_of(env, &term),
        }
    }

    /// A dark, 24-bit terminal of that size in UTC: what pictures and tests are made with.
    pub fn plain(columns: u16, rows: u16) -> TerminalProfile {
        TerminalProfile {
            columns,
            rows,
            depth: ColourDepth::True,
            ground: Ground::Dark,
            glyphs: Glyphs::Unicode,
            motion: Motion::Full,
            zone: TimeZone::UTC,
            kind: TerminalKind::Full,
            extras: Extras::default(),
        }
    }
}

/// `NO_COLOR` (any value that is not empty), then `COLORTERM`, then the name of the terminal.
fn depth_of(env: &dyn Fn(&str) -> Option<String>, term: &str) -> ColourDepth {
    if env("NO_COLOR").is_some_and(|value| !value.is_empty()) || term.is_empty() || term == "dumb" {
        return ColourDepth::None;
    }
    if term.ends_with("-mono") || term.starts_with("vt1") || term.starts_with("vt2") {
        return ColourDepth::None;
    }
    let colours = env("COLORTERM").unwrap_or_default();
    if colours == "truecolor" || colours == "24bit" || term.ends_with("-direct") {
        return ColourDepth::True;
    }
    if term.contains("256color") || term.starts_with("xterm-kitty") || term.starts_with("alacritty") {
        return ColourDepth::Indexed;
    }
    ColourDepth::Sixteen
}

/// `COLORFGBG` (`15;0`): the last number is the background; 7 and 9 to 15 are light.
fn ground_of(env: &dyn Fn(&str) -> Option<String>) -> Ground {
    let light = env("COLORFGBG")
        .and_then(|value| value.rsplit(';').next().and_then(|last| last.parse::<u8>().ok()))
        .is_some_and(|colour| colour == 7 || (9..=15).contains(&colour));
    if light { Ground::Light } else { Ground::Dark }
}

/// The first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set names the character set.
fn glyphs_of(env: &dyn Fn(&str) -> Option<String>, term: &str) -> Glyphs {
    if term == "linux" {
        return Glyphs::Ascii;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env(name).filter(|value| !value.is_empty()));
    match locale.map(|value| value.to_ascii_lowercase()) {
        Some(value) if value.contains("utf-8") || value.contains("utf8") => Glyphs::Unicode,
        Some(value) if value == "c" || value == "posix" => Glyphs::Ascii,
        Some(value) if value.contains('.') => Glyphs::Ascii,
        Some(_) | None => Glyphs::Unicode,
    }
}

/// Terminals known by name; inside tmux and screen only what they pass on.
fn extras_of(env: &dyn Fn(&str) -> Option<String>, term: &str) -> Extras {
    let program = env("TERM_PROGRAM").unwrap_or_default().to_ascii_lowercase();
    let multiplexed = env("TMUX").is_some() || term.starts_with("screen");
    let modern = ["kitty", "alacritty", "foot", "wezterm", "ghostty", "contour"]
        .iter()
        .any(|name| term.contains(name) || program.contains(name))
        || program == "iterm.app"
        || env("WT_SESSION").is_some();
    Extras {
        clipboard: modern || term.starts_with("tmux") || (term.starts_with("xterm") && !multiplexed),
        links: modern && !multiplexed,
        synchronized: modern || term.starts_with("tmux"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(pairs: &[(&str, &str)]) -> TerminalProfile {
        let env = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        TerminalProfile::read(&env, 80, 24, &Asked::default())
    }

    #[test]
    fn colours_follow_the_environment() {
        let cases: &[(&[(&str, &str)], ColourDepth)] = &[
            (&[("TERM", "xterm")], ColourDepth::Sixteen),
            (&[("TERM", "xterm-256color")], ColourDepth::Indexed),
            (&[("TERM", "screen-256color"), ("COLORTERM", "truecolor")], ColourDepth::True),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")], ColourDepth::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "")], ColourDepth::Indexed),
            (&[("TERM", "dumb"), ("COLORTERM", "truecolor")], ColourDepth::None),
            (&[("TERM", "vt100")], ColourDepth::None),
        ];
        for (env, depth) in cases {
            assert_eq!(profile(env).depth, *depth, "{env:?}");
        }
    }

    #[test]
    fn a_dumb_terminal_is_known() {
        assert_eq!(profile(&[("TERM", "dumb")]).kind, TerminalKind::Dumb);
        assert_eq!(profile(&[]).kind, TerminalKind::Dumb);
        assert_eq!(profile(&[("TERM", "xterm")]).kind, TerminalKind::Full);
    }

    #[test]
    fn characters_and_ground_follow_the_environment() {
        assert_eq!(profile(&[("TERM", "xterm"), ("LANG", "C")]).glyphs, Glyphs::Ascii);
        assert_eq!(profile(&[("TERM", "xterm"), ("LANG", "C.UTF-8")]).glyphs, Glyphs::Unicode);
        assert_eq!(profile(&[("TERM", "xterm"), ("LANG", "de_DE.ISO-8859-1")]).glyphs, Glyphs::Ascii);
        assert_eq!(profile(&[("TERM", "linux"), ("LANG", "C.UTF-8")]).glyphs, Glyphs::Ascii);
        assert_eq!(profile(&[("TERM", "xterm"), ("COLORFGBG", "0;15")]).ground, Ground::Light);
        assert_eq!(profile(&[("TERM", "xterm"), ("COLORFGBG", "15;0")]).ground, Ground::Dark);
    }

    #[test]
    fn what_was_asked_for_wins() {
        let asked = Asked { glyphs: Some(Glyphs::Ascii), depth: Some(ColourDepth::True), ..Asked::default() };
        let env = |name: &str| (name == "TERM").then(|| "xterm".to_owned());
        let profile = TerminalProfile::read(&env, 80, 24, &asked);
        assert_eq!((profile.glyphs, profile.depth), (Glyphs::Ascii, ColourDepth::True));
    }
}
