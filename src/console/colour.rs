//! Colours: reading them, the contrast between two of them, and the nearest one a poorer terminal has.

use ratatui::style::Color;

use super::profile::ColourDepth;

/// Red, green and blue, 0 to 255.
pub type Rgb = [u8; 3];

/// The names of the sixteen colours, in their order on the wire.
pub const ANSI_NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// What xterm shows for the sixteen; terminals differ, so these serve contrast and nearest matches only.
const ANSI_RGB: [Rgb; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

const ANSI_COLORS: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

/// Reads `#rrggbb`, one of [`ANSI_NAMES`] or `default`; `None` for anything else.
pub fn parse(text: &str) -> Option<Color> {
    if text == "default" {
        return Some(Color::Reset);
    }
    if let Some(at) = ANSI_NAMES.iter().position(|name| *name == text) {
        return Some(ANSI_COLORS[at]);
    }
    let digits = text.strip_prefix('#')?;
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = value.to_be_bytes();
    Some(Color::Rgb(red, green, blue))
}

/// The colour in red, green and blue; `None` for the terminal's own.
pub fn rgb(color: Color) -> Option<Rgb> {
    match color {
        Color::Rgb(red, green, blue) => Some([red, green, blue]),
        Color::Indexed(index) => Some(indexed_rgb(index)),
        other => ANSI_COLORS.iter().position(|ansi| *ansi == other).map(|at| ANSI_RGB[at]),
    }
}

/// The nearest colour that a terminal of that depth shows.
pub fn fit(color: Color, depth: ColourDepth) -> Color {
    let Color::Rgb(red, green, blue) = color else {
        return if depth == ColourDepth::None { Color::Reset } else { color };
    };
    match depth {
        ColourDepth::True => color,
        ColourDepth::Indexed => Color::Indexed(nearest_indexed([red, green, blue])),
        ColourDepth::Sixteen => ANSI_COLORS[nearest(&ANSI_RGB, [red, green, blue])],
        ColourDepth::None => Color::Reset,
    }
}

/// The contrast ratio of WCAG 2.1 (1 to 21): `(lighter + 0.05) / (darker + 0.05)` of the relative luminances.
pub fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Relative luminance of WCAG 2.1, 0 to 1.
fn luminance(color: Rgb) -> f64 {
    let [red, green, blue] = color.map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// xterm's 256 colours: sixteen, a 6×6×6 cube with the levels 0, 95, 135, 175, 215, 255, then 24 greys.
fn indexed_rgb(index: u8) -> Rgb {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match index {
        0..=15 => ANSI_RGB[usize::from(index)],
        16..=231 => {
            let cube = usize::from(index - 16);
            [LEVELS[cube / 36], LEVELS[cube / 6 % 6], LEVELS[cube % 6]]
        }
        232..=255 => [8 + (index - 232) * 10; 3],
    }
}

fn nearest_indexed(color: Rgb) -> u8 {
    let candidates: Vec<Rgb> = (16..=255).map(indexed_rgb).collect();
    u8::try_from(nearest(&candidates, color) + 16).unwrap_or(u8::MAX)
}

/// The place of the candidate with the least weighted distance (the "redmean" approximation of what eyes see).
fn nearest(candidates: &[Rgb], color: Rgb) -> usize {
    let distance = |candidate: &Rgb| {
        let [dr, dg, db] = [0, 1, 2].map(|at| i64::from(candidate[at]) - i64::from(color[at]));
        let mean = i64::midpoint(i64::from(candidate[0]), i64::from(color[0]));
        ((512 + mean) * dr * dr + 1024 * dg * dg + (767 - mean) * db * db) >> 8
    };
    candidates.iter().enumerate().min_by_key(|(_, candidate)| distance(candidate)).map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hexadecimal_names_and_default() {
        assert_eq!(parse("#1a2B3c"), Some(Color::Rgb(0x1a, 0x2b, 0x3c)));
        assert_eq!(parse("bright-black"), Some(Color::DarkGray));
        assert_eq!(parse("default"), Some(Color::Reset));
        for bad in ["", "#12", "#12345g", "123456", "mauve", "#+12345"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn contrast_is_the_published_ratio() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 0.001);
        assert!((contrast([119, 119, 119], [255; 3]) - 4.48).abs() < 0.01);
    }

    #[test]
    fn poorer_terminals_get_the_nearest_colour() {
        assert_eq!(fit(Color::Rgb(255, 0, 0), ColourDepth::Indexed), Color::Indexed(196));
        assert_eq!(fit(Color::Rgb(250, 10, 5), ColourDepth::Sixteen), Color::LightRed);
        assert_eq!(fit(Color::Rgb(250, 10, 5), ColourDepth::None), Color::Reset);
        assert_eq!(fit(Color::Rgb(8, 8, 8), ColourDepth::Indexed), Color::Indexed(232));
        assert_eq!(fit(Color::Cyan, ColourDepth::Sixteen), Color::Cyan);
    }
}
