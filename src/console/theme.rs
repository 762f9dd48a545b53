//! Themes: a TOML file gives each named role its look; a poorer terminal gets the nearest it can show.

mod read;

use std::path::Path;

use ratatui::style::Style;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::profile::{ColourDepth, Ground, TerminalProfile};
use crate::domain::text::nearest;
use read::Reading;

macro_rules! roles {
    ($($variant:ident $name:literal $text:literal;)*) => {
        /// What a piece of the screen means; a theme says how that looks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Role { $(#[doc = $text] $variant,)* }

        impl Role {
            /// Every role, in the order of the theme files.
            pub const ALL: &[Role] = &[$(Role::$variant,)*];

            /// Its name in a theme file.
            pub const fn name(self) -> &'static str {
                match self { $(Role::$variant => $name,)* }
            }
        }
    };
}

roles! {
    Text "text" "Ordinary text on the screen's ground.";
    Strong "strong" "Text that leads the eye: names, numbers that decide.";
    Muted "muted" "Text that stands back: labels, ages, units.";
    Accent "accent" "Identifiers and what can be acted on.";
    Border "border" "Lines between parts; need not be read.";
    BorderFocus "border-focus" "The line around the part that has the keys.";
    Title "title" "The title of a part.";
    Header "header" "The bar at the top.";
    HeaderTab "header-tab" "The open screen's tab in the bar at the top.";
    Footer "footer" "The bar at the bottom.";
    FooterKey "footer-key" "A key in the bar at the bottom.";
    Selection "selection" "The row under the cursor.";
    SelectionIdle "selection-idle" "The row under the cursor in a part without the keys.";
    Marked "marked" "A row marked for a bulk action.";
    Match "match" "The letters that a search matched.";
    Danger "danger" "What failed, is refused or cannot be undone.";
    Warning "warning" "What needs care.";
    Success "success" "What passed.";
    Info "info" "What is worth knowing.";
    ScopeLow "scope-low" "A scope of risk 1 to 3.";
    ScopeMid "scope-mid" "A scope of risk 4 to 6.";
    ScopeHigh "scope-high" "A scope of risk 7 to 10.";
    DiffAdd "diff-add" "An added line.";
    DiffRemove "diff-remove" "A removed line.";
    DiffHunk "diff-hunk" "The heading of a group of changes.";
    Gauge "gauge" "The filled part of a gauge.";
    GaugeTrack "gauge-track" "The empty part of a gauge; need not be read.";
    Input "input" "A line that is typed into.";
    Cursor "cursor" "The place where the next character goes.";
    Popup "popup" "The ground and text of a pop-up.";
    Toast "toast" "A passing message.";
    Undo "undo" "The bar that counts down before a decision is sent.";
}

/// The themes that come with skydeck, with their file's text.
pub const SHIPPED: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("sixteen", include_str!("../../themes/sixteen.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// How every role looks on one terminal.
#[derive(Clone, Debug)]
pub struct Theme {
    /// The theme's name.
    pub name: String,
    styles: Vec<Style>,
}

/// A theme that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// The file is no TOML.
    #[error("{file}:{line}: {why}")]
    NotToml {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What the parser says.
        why: String,
    },
    /// A role, a colour or an attribute is not one.
    #[error("{file}:{line}: role {role}: {why}")]
    Role {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The role as written.
        role: String,
        /// What is wrong and what would be right.
        why: String,
    },
    /// Roles without a look.
    #[error("{file}: no look is given for {}", roles.join(", "))]
    Missing {
        /// The file.
        file: String,
        /// Their names.
        roles: Vec<&'static str>,
    },
    /// No theme has that name.
    #[error("no theme is named {name:?}{}; the themes are {}", nearest.as_ref().map(|near| format!(" (did you mean {near}?)")).unwrap_or_default(), known.join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The nearest name.
        nearest: Option<String>,
        /// Every name.
        known: Vec<String>,
    },
    /// The file cannot be read.
    #[error("{file}: {why}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        why: String,
    },
}

impl Theme {
    /// The theme that fits the terminal when none was asked for.
    pub fn fitting(profile: &TerminalProfile) -> Theme {
        let name = match (profile.depth, profile.ground) {
            (ColourDepth::None, _) => "mono",
            (ColourDepth::Sixteen, _) => "sixteen",
            (_, Ground::Dark) => "dark",
            (_, Ground::Light) => "light",
        };
        Theme::shipped(name, profile.depth).unwrap_or_else(|_| Theme::bare())
    }

    /// A theme by name: one of the folder's own files (`NAME.toml`) first, then a shipped one.
    ///
    /// # Errors
    /// No such name, a file that cannot be read, or a file with a fault (with its line and role).
    pub fn named(name: &str, folder: Option<&Path>, depth: ColourDepth) -> Result<Theme, ThemeError> {
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if let Some(folder) = folder.filter(|_| plain) {
            let file = folder.join(format!("{name}.toml"));
            match std::fs::read_to_string(&file) {
                Ok(text) => return Theme::parse(&text, &file.display().to_string(), name, depth),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(ThemeError::Unreadable { file: file.display().to_string(), why: error.to_string() });
                }
            }
        }
        Theme::shipped(name, depth)
    }

    /// The look of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The look of a scope, by its risk from 1 to 10.
    pub fn scope(&self, risk: u8) -> Style {
        self.style(match risk {
            0..=3 => Role::ScopeLow,
            4..=6 => Role::ScopeMid,
            _ => Role::ScopeHigh,
        })
    }

    /// Reads a theme file's text; `file` is named in errors.
    ///
    /// # Errors
    /// The first fault, with its line and role.
    pub fn parse(text: &str, file: &str, name: &str, depth: ColourDepth) -> Result<Theme, ThemeError> {
        let reading = Reading { text, file };
        let document = DeTable::parse(text).map_err(|error| ThemeError::NotToml {
            file: file.to_owned(),
            line: reading.line(error.span().map_or(0, |span| span.start)),
            why: error.message().to_owned(),
        })?;
        let mut palette = Vec::new();
        let mut looks: Vec<Option<Style>> = vec![None; Role::ALL.len()];
        for (key, value) in document.get_ref() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("palette", DeValue::Table(table)) => palette = reading.palette(table)?,
                ("roles" | "about", _) => {}
                (other, _) => {
                    return Err(reading.fault(
                        key.span().start,
                        other,
                        "no such part; a theme has about, palette and roles",
                    ));
                }
            }
        }
        let Some(DeValue::Table(roles)) = document.get_ref().get("roles").map(Spanned::get_ref) else {
            return Err(reading.fault(0, "roles", "the table [roles] is missing"));
        };
        for (key, value) in roles {
            let role = reading.role(key)?;
            looks[role as usize] = Some(reading.look(role, value, &palette, depth)?);
        }
        let missing: Vec<&str> =
            Role::ALL.iter().filter(|role| looks[**role as usize].is_none()).map(|role| role.name()).collect();
        if !missing.is_empty() {
            return Err(ThemeError::Missing { file: file.to_owned(), roles: missing });
        }
        Ok(Theme { name: name.to_owned(), styles: looks.into_iter().flatten().collect() })
    }

    fn shipped(name: &str, depth: ColourDepth) -> Result<Theme, ThemeError> {
        let Some((_, text)) = SHIPPED.iter().find(|(known, _)| *known == name) else {
            return Err(ThemeError::Unknown {
                name: name.to_owned(),
                nearest: nearest(name, SHIPPED.iter().map(|(known, _)| *known)).map(str::to_owned),
                known: SHIPPED.iter().map(|(known, _)| (*known).to_owned()).collect(),
            });
        };
        Theme::parse(text, &format!("themes/{name}.toml"), name, depth)
    }

    /// No look at all: every role is the terminal's own text.
    fn bare() -> Theme {
        Theme { name: "bare".to_owned(), styles: vec![Style::default(); Role::ALL.len()] }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;
    use crate::console::colour;

    #[test]
    fn every_shipped_theme_is_readable_with_contrast_of_at_least_four_and_a_half() {
        for (name, text) in SHIPPED {
            let theme = Theme::parse(text, name, name, ColourDepth::True).unwrap();
            let ground = theme.style(Role::Text);
            for role in Role::ALL {
                if matches!(role, Role::Border | Role::BorderFocus | Role::GaugeTrack | Role::Gauge) {
                    continue;
                }
                let style = theme.style(*role);
                // A terminal's own colours are the user's choice; black is what such themes are made for.
                let fg = style.fg.and_then(colour::rgb).or(ground.fg.and_then(colour::rgb)).unwrap_or([229; 3]);
                let bg = style.bg.and_then(colour::rgb).or(ground.bg.and_then(colour::rgb)).unwrap_or([0; 3]);
                let ratio = colour::contrast(fg, bg);
                assert!(ratio >= 4.5, "{name}: {} has contrast {ratio:.2}", role.name());
            }
        }
    }

    #[test]
    fn text_stays_readable_on_a_selected_row() {
        for (name, text) in SHIPPED {
            let theme = Theme::parse(text, name, name, ColourDepth::True).unwrap();
            let Some(bg) = theme.style(Role::Selection).bg.and_then(colour::rgb) else { continue };
            let Some(fg) = theme.style(Role::Selection).fg.and_then(colour::rgb) else { continue };
            assert!(colour::contrast(fg, bg) >= 4.5, "{name}");
        }
    }

    #[test]
    fn without_colours_no_role_has_one() {
        for (name, text) in SHIPPED {
            let theme = Theme::parse(text, name, name, ColourDepth::None).unwrap();
            for role in Role::ALL {
                let style = theme.style(*role);
                assert!(matches!(style.fg, None | Some(Color::Reset)), "{name} {role:?}");
                assert!(matches!(style.bg, None | Some(Color::Reset)), "{name} {role:?}");
            }
        }
    }

    #[test]
    fn faults_name_the_file_the_line_and_the_role() {
        let parse = |text| Theme::parse(text, "own.toml", "own", ColourDepth::True).unwrap_err().to_string();
        assert_eq!(
            parse("[roles]\ntext = \"#ffffff\"\nmutted = \"#fff000\"\n"),
            "own.toml:3: role mutted: there is no such role; did you mean muted?"
        );
        assert_eq!(
            parse("[roles]\ntext = \"whit\"\n"),
            "own.toml:2: role text: \"whit\" is neither \"#rrggbb\" nor a colour's name; did you mean white?"
        );
        assert!(parse("[roles]\ntext = {fg = \"white\", blink = true}").contains("\"blink\" is neither"));
        assert!(parse("[roles\n").starts_with("own.toml:1: "));
        assert!(parse("[roles]\ntext = \"white\"\n").starts_with("own.toml: no look is given for strong"));
        assert!(Theme::named("darc", None, ColourDepth::True).unwrap_err().to_string().contains("did you mean dark?"));
    }

    #[test]
    fn an_own_file_wins_over_a_shipped_theme() {
        let folder = tempfile::tempdir().unwrap();
        let text = SHIPPED[0].1.replace("# ", "#  ");
        std::fs::write(folder.path().join("mine.toml"), &text).unwrap();
        assert_eq!(Theme::named("mine", Some(folder.path()), ColourDepth::True).unwrap().name, "mine");
        std::fs::write(folder.path().join("light.toml"), "[roles]\n").unwrap();
        assert!(Theme::named("light", Some(folder.path()), ColourDepth::True).is_err());
        assert!(Theme::named("../light", Some(folder.path()), ColourDepth::True).is_err());
    }
}
