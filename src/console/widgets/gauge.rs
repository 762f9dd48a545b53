//! A bar for how much of a cap is used, with the number beside it: the bar alone never carries the meaning.

use ratatui::text::{Line, Span};

use crate::console::theme::{Role, Theme};

/// A bar of `columns` filled by `used` of `cap`; amber from three quarters, red when full.
pub fn bar(theme: &Theme, columns: u16, used: u64, cap: u64) -> Line<'static> {
    let cap = cap.max(1);
    let wide = u64::from(columns);
    let full = used.min(cap);
    // Something used is never shown as nothing, and all used only when it is all.
    let mut filled = full.saturating_mul(wide) / cap;
    if used > 0 {
        filled = filled.max(1);
    }
    let filled = usize::try_from(filled.min(wide)).unwrap_or(0);
    let role = match full.saturating_mul(4) / cap {
        0..=2 => Role::Gauge,
        3 => Role::Warning,
        _ => Role::Danger,
    };
    Line::from(vec![
        Span::styled("█".repeat(filled), theme.style(role)),
        Span::styled("░".repeat(usize::from(columns) - filled), theme.style(Role::GaugeTrack)),
    ])
}

/// A count with its unit shortened to four significant places: `974 k`, `1.20 G`.
pub fn count(value: u64) -> String {
    match value {
        0..=9_999 => value.to_string(),
        10_000..=999_999 => format!("{} k", value / 1_000),
        1_000_000..=999_999_999 => format!("{}.{:02} M", value / 1_000_000, value / 10_000 % 100),
        _ => format!("{}.{:02} G", value / 1_000_000_000, value / 10_000_000 % 100),
    }
}

/// Bytes in KiB or MiB.
pub fn bytes(value: u64) -> String {
    match value {
        0..=9_999 => format!("{value} B"),
        10_000..=1_048_575 => format!("{} KiB", value / 1_024),
        _ => format!("{}.{} MiB", value >> 20, (value & 0xf_ffff) * 10 / 1_048_576),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_little_is_not_nothing_and_almost_is_not_all() {
        let theme = Theme::fitting(&crate::console::profile::TerminalProfile::plain(80, 24));
        let text =
            |used| bar(&theme, 4, used, 1_000).spans.iter().map(|span| span.content.to_string()).collect::<String>();
        assert_eq!(text(0), "░░░░");
        assert_eq!(text(1), "█░░░");
        assert_eq!(text(999), "███░");
        assert_eq!(text(1_000), "████");
        assert_eq!(text(9_000), "████");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!((count(974), count(974_123), count(1_234_567_890)), ("974".into(), "974 k".into(), "1.23 G".into()));
        assert_eq!(
            (bytes(1_000), bytes(65_536), bytes(1_572_864)),
            ("1000 B".into(), "64 KiB".into(), "1.5 MiB".into())
        );
    }
}
