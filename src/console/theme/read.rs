//! Reading a theme file: each fault is said with its file, line and role, and the nearest right word.

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Role, ThemeError};
use crate::console::colour;
use crate::console::profile::ColourDepth;
use crate::domain::text::nearest;

/// A theme file that is being read.
pub(super) struct Reading<'t> {
    pub(super) text: &'t str,
    pub(super) file: &'t str,
}

impl Reading<'_> {
    pub(super) fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    pub(super) fn fault(&self, offset: usize, role: &str, why: &str) -> ThemeError {
        ThemeError::Role {
            file: self.file.to_owned(),
            line: self.line(offset),
            role: role.to_owned(),
            why: why.to_owned(),
        }
    }

    pub(super) fn palette(&self, table: &DeTable<'_>) -> Result<Vec<(String, Color)>, ThemeError> {
        let mut palette = Vec::new();
        for (key, value) in table {
            let color = value.get_ref().as_str().and_then(colour::parse).ok_or_else(|| {
                self.fault(
                    value.span().start,
                    key.get_ref(),
                    "a colour is \"#rrggbb\", \"default\" or one of the sixteen names such as \"bright-blue\"",
                )
            })?;
            palette.push((key.get_ref().to_string(), color));
        }
        Ok(palette)
    }

    pub(super) fn role(&self, key: &Spanned<std::borrow::Cow<'_, str>>) -> Result<Role, ThemeError> {
        let name = key.get_ref().as_ref();
        Role::ALL.iter().copied().find(|role| role.name() == name).ok_or_else(|| {
            let why = nearest(name, Role::ALL.iter().map(|role| role.name())).map_or_else(
                || "there is no such role".to_owned(),
                |near| format!("there is no such role; did you mean {near}?"),
            );
            self.fault(key.span().start, name, &why)
        })
    }

    pub(super) fn look(
        &self,
        role: Role,
        value: &Spanned<DeValue<'_>>,
        palette: &[(String, Color)],
        depth: ColourDepth,
    ) -> Result<Style, ThemeError> {
        let mut style = Style::default();
        let Some(table) = value.get_ref().as_table() else {
            let fg = self.color(role, value, palette)?;
            return Ok(style.fg(colour::fit(fg, depth)));
        };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "fg" => style = style.fg(colour::fit(self.color(role, value, palette)?, depth)),
                "bg" => style = style.bg(colour::fit(self.color(role, value, palette)?, depth)),
                other => {
                    let modifier = modifier_of(other).ok_or_else(|| {
                        let why = format!("{other:?} is neither fg, bg, bold, dim, italic, underline nor reverse");
                        self.fault(key.span().start, role.name(), &why)
                    })?;
                    let on = value.get_ref().as_bool().ok_or_else(|| {
                        self.fault(value.span().start, role.name(), &format!("{other} is true or false"))
                    })?;
                    if on {
                        style = style.add_modifier(modifier);
                    }
                }
            }
        }
        Ok(style)
    }

    pub(super) fn color(
        &self,
        role: Role,
        value: &Spanned<DeValue<'_>>,
        palette: &[(String, Color)],
    ) -> Result<Color, ThemeError> {
        let given = value.get_ref().as_str().unwrap_or_default();
        if let Some((_, color)) = palette.iter().find(|(name, _)| name == given) {
            return Ok(*color);
        }
        colour::parse(given).ok_or_else(|| {
            let names = palette.iter().map(|(name, _)| name.as_str()).chain(colour::ANSI_NAMES);
            let near = nearest(given, names).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            self.fault(
                value.span().start,
                role.name(),
                &format!("{given:?} is neither \"#rrggbb\" nor a colour's name{near}"),
            )
        })
    }
}

fn modifier_of(name: &str) -> Option<Modifier> {
    Some(match name {
        "bold" => Modifier::BOLD,
        "dim" => Modifier::DIM,
        "italic" => Modifier::ITALIC,
        "underline" => Modifier::UNDERLINED,
        "reverse" => Modifier::REVERSED,
        _ => return None,
    })
}
