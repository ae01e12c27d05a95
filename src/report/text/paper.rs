//! Lines of a width, in colour where the reader can see it.
//!
//! This module refuses to know what the lines say; what it is given is escaped already.

use crate::report::escape;

/// How the text report is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Columns; fewer than 80 are taken for 80.
    pub width: usize,
    /// Whether colours are written.
    pub color: bool,
    /// Whether heads, bodies and notes are written out.
    pub verbose: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self { width: 100, color: false, verbose: false }
    }
}

/// Colours and weights (ECMA-48 §8.3.117, "SGR").
pub(super) mod ink {
    pub(in super::super) const BOLD: &str = "1";
    pub(in super::super) const DIM: &str = "2";
    pub(in super::super) const RED: &str = "31";
    pub(in super::super) const GREEN: &str = "32";
    pub(in super::super) const YELLOW: &str = "33";
    pub(in super::super) const CYAN: &str = "36";
    pub(in super::super) const ALARM: &str = "1;31";
    pub(in super::super) const ALARM_BLOCK: &str = "1;37;41";
    pub(in super::super) const WARNING_BLOCK: &str = "1;30;43";
}

/// What lines are written on before they leave.
#[derive(Debug)]
pub(super) struct Paper {
    pub(super) text: String,
    pub(super) layout: Layout,
}

impl Paper {
    /// The fewest columns that a report is laid out for.
    const NARROWEST: usize = 80;

    pub(super) fn new(layout: Layout) -> Self {
        Self { text: String::new(), layout: Layout { width: layout.width.max(Self::NARROWEST), ..layout } }
    }

    pub(super) const fn width(&self) -> usize {
        self.layout.width
    }

    pub(super) fn plain(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn paint(&mut self, ink: &str, text: &str) {
        if self.layout.color && !text.is_empty() {
            for part in ["\x1b[", ink, "m", text, "\x1b[0m"] {
                self.text.push_str(part);
            }
        } else {
            self.text.push_str(text);
        }
    }

    pub(super) fn end_line(&mut self) {
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
    }

    /// `text` on as many lines as it takes, each with `edge` before it; broken between
    /// words where there are any.
    pub(super) fn wrapped(&mut self, edge: &str, edge_ink: &str, text: &str) {
        let columns = self.width().saturating_sub(escape::width(edge));
        let mut rest = text;
        loop {
            let (mut line, mut after) = escape::split(rest, columns);
            if !after.is_empty() {
                // A space at the very end of the line is a good place, too.
                let words = if after.starts_with(' ') { Some(line.len()) } else { line.rfind(' ') };
                if let Some(at) = words.filter(|at| *at > line.len() / 2) {
                    (line, after) = rest.split_at(at);
                    after = after.trim_start_matches(' ');
                }
            }
            if line.is_empty() && !after.is_empty() {
                // No column is free: the edge alone fills the line.
                (line, after) = (rest, "");
            }
            self.paint(edge_ink, edge);
            self.plain(line);
            self.end_line();
            if after.is_empty() {
                return;
            }
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_breaks_between_words_within_the_width() {
        let mut paper = Paper::new(Layout { width: 10, ..Layout::default() });
        assert_eq!(paper.width(), 80);
        let words = "fluffy ".repeat(25);
        let solid = "x".repeat(200);
        paper.wrapped("  > ", ink::DIM, words.trim_end());
        paper.wrapped("  > ", ink::DIM, &solid);
        paper.wrapped("  > ", ink::DIM, "");
        let lines: Vec<_> = paper.text.lines().collect();
        assert!(lines.iter().all(|line| escape::width(line) <= 80 && line.starts_with("  >")), "{lines:?}");
        assert!(lines[..3].iter().all(|line| line.ends_with("fluffy")), "{lines:?}");
        assert_eq!(lines[3..6].iter().map(|line| line.len()).collect::<Vec<_>>(), [80, 80, 52]);
        assert_eq!(lines[6], "  >");
    }
}
