//! Rows in columns, each as wide as its widest cell looks: a terminal shows most Chinese characters and emoji two columns
//! wide, and combining marks none.

use std::fmt;

use unicode_width::UnicodeWidthStr;

use crate::format::harmless::one_line;
use crate::mask;

/// The blanks between two columns.
const GAP: usize = 2;

/// Rows of `N` cells; displayed as a line a row, or as nothing where there is none but the header.
pub struct Table<const N: usize> {
    rows: Vec<[String; N]>,
    widths: [usize; N],
    /// The columns that are shown.
    shown: Vec<usize>,
}

impl<const N: usize> Table<N> {
    /// A table below a header.
    pub fn new(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Self {
        let rows: Vec<_> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
        if rows.len() == 1 { Self::without_header([]) } else { Self::without_header(rows) }
    }

    /// A table of rows alone.
    pub fn without_header(rows: impl IntoIterator<Item = [String; N]>) -> Self {
        // Security: a value that ends a line would begin one that looks like another row, or like keyfob's own.
        let flat = |row: [String; N]| row.map(|cell| one_line(&cell).replace('\t', " "));
        let rows: Vec<[String; N]> = rows.into_iter().map(flat).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
        Table { widths: std::array::from_fn(width), shown: (0..N).collect(), rows }
    }

    /// The columns that its widest line takes.
    pub fn width(&self) -> usize {
        self.shown.iter().map(|column| self.widths[*column] + GAP).sum::<usize>().saturating_sub(GAP)
    }

    /// Makes lines fit `width`, below a header: narrows the widest of the columns that may be cut, as long as they stay readable,
    /// and leaves out those with nothing but `-`, then the first of `least_first`. Where that is not enough, narrows further, and
    /// leaves out the others in that order. The first column has names, which people type: it is cut when all that
    /// may be left out but one column has been.
    pub fn fit(mut self, width: usize, may_be_cut: &[usize], least_first: &[usize]) -> Self {
        const READABLE: usize = 16;
        const NARROWEST: usize = 8;
        let says_nothing = |column: &usize| self.rows.iter().skip(1).all(|row| row[*column] == "-");
        let (nothing, something): (Vec<usize>, Vec<usize>) =
            least_first.iter().partition(|column| says_nothing(column));
        let (first, rest) = something.split_at(something.len().min(1));
        let (sooner, later) = rest.split_at(rest.len().saturating_sub(1));
        let but_names: Vec<usize> = may_be_cut.iter().copied().filter(|column| *column != self.shown[0]).collect();
        self.narrow(width, &but_names, READABLE);
        for column in nothing.iter().chain(first) {
            self.leave_out(width, *column);
        }
        self.narrow(width, &but_names, NARROWEST);
        for column in sooner {
            self.leave_out(width, *column);
        }
        self.narrow(width, may_be_cut, READABLE);
        self.narrow(width, may_be_cut, NARROWEST);
        for column in later {
            self.leave_out(width, *column);
        }
        if self.width() > width {
            self.widths[self.shown[0]] = width;
        }
        for row in &mut self.rows {
            for (cell, width) in row.iter_mut().zip(self.widths) {
                *cell = cut(std::mem::take(cell), width);
            }
        }
        self
    }

    /// Narrows the widest of these columns until all fit or none is wider than `narrowest`.
    fn narrow(&mut self, width: usize, may_be_cut: &[usize], narrowest: usize) {
        while self.width() > width {
            let wide = |column: &&usize| may_be_cut.contains(column) && self.widths[**column] > narrowest;
            let Some(widest) = self.shown.iter().filter(wide).max_by_key(|column| self.widths[**column]) else {
                return;
            };
            self.widths[*widest] -= 1;
        }
    }

    /// Leaves a column out if the others do not fit beside it.
    fn leave_out(&mut self, width: usize, column: usize) {
        if self.width() > width && self.shown.len() > 1 {
            self.shown.retain(|shown| *shown != column);
        }
    }

    /// Leaves a column out.
    pub fn without(mut self, column: usize) -> Self {
        self.shown.retain(|shown| *shown != column);
        self
    }

    /// Makes no column wider than `most`; a longer cell sticks out of its column and is not cut.
    pub fn at_most(mut self, most: [usize; N]) -> Self {
        self.widths = std::array::from_fn(|column| self.widths[column].min(most[column]));
        self
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            let mut line = String::new();
            for column in &self.shown {
                let (cell, width) = (&row[*column], self.widths[*column]);
                line += cell;
                line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + GAP));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A cell that is no wider than `width`, with `…` at its end where it is cut.
fn cut(cell: String, width: usize) -> String {
    if cell.width() <= width {
        return cell;
    }
    // Security: the beginning of a secret does not look like one.
    let cell = mask::text(&cell);
    let end = cell.char_indices().rev().map(|(at, _)| at).find(|at| cell[..*at].width() < width).unwrap_or(0);
    format!("{}…", &cell[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[&str]) -> Table<2> {
        Table::new(["NAME", "X"], names.iter().map(|name| [(*name).to_owned(), "x".to_owned()]))
    }

    #[test]
    fn columns_align_by_what_a_terminal_shows() {
        let names = ["work", "本番", "prod🚀", "cafe\u{301}", "👨\u{200d}👩\u{200d}👧", "한국어", "\u{fffd}"];
        let expected = "\
NAME    X
work    x
本番    x
prod🚀  x
cafe\u{301}    x
👨\u{200d}👩\u{200d}👧      x
한국어  x
\u{fffd}       x
";
        assert_eq!(table(&names).to_string(), expected);
    }

    #[test]
    fn a_cell_begins_no_line() {
        let cells = table(&["a\n2026-11-30  forged", "b\r\nkeyfob: forged", "\n\thint: forged\ty\r"]);
        let text = cells.to_string();
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.lines().skip(1).all(|line| line.ends_with("  x")) && !text.contains(['\r', '\t']), "{text}");
    }

    #[test]
    fn a_header_alone_is_no_table_and_a_line_has_no_blanks_at_its_end() {
        assert_eq!(table(&[]).to_string(), "");
        assert_eq!(Table::without_header([["a".to_owned(), String::new()]]).to_string(), "a\n");
    }

    #[test]
    fn a_cell_is_cut_between_what_a_terminal_shows() {
        for (cell, width, expected) in [
            ("production", 10, "production"),
            ("production", 8, "product…"),
            ("本番環境です", 8, "本番環…"),
            ("本番環境です", 7, "本番環…"),
            ("cafe\u{301}s of mine", 5, "cafe\u{301}…"),
            ("a🚀🚀🚀", 6, "a🚀🚀…"),
            ("", 0, ""),
            ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY of mine", 12, "**** of min…"),
        ] {
            assert_eq!(cut(cell.to_owned(), width), expected, "{cell} {width}");
        }
    }

    #[test]
    fn a_longer_cell_sticks_out_of_a_bounded_column() {
        assert_eq!(table(&["漢字漢字", "abc"]).at_most([4, 9]).to_string(), "NAME  X\n漢字漢字  x\nabc   x\n");
    }
}
