//! A table as a value, and its layout as text.

use super::style::{Style, Terminal};
use std::iter;

/// A column: its title, and whether only `-o wide` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    title: &'static str,
    wide: bool,
}

/// One cell: text and what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    style: Style,
}

/// Columns and rows. A row shorter than the columns ends in empty cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

/// What stands below the titles.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Row {
    /// A cell for each column.
    Cells(Vec<Cell>),
    /// The same, of which only `-o wide` shows anything.
    Wide(Vec<Cell>),
    /// A line across all columns, which belongs to the row above it.
    Text(Cell),
}

impl Cell {
    /// A cell that means something. A table has one line for a row, and a terminal obeys what is no text: so the end of a line
    /// is shown as `\n`, and the like.
    pub fn styled(style: Style, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.contains(char::is_control) {
            text = text.chars().fold(String::new(), |mut shown, c| {
                if c.is_control() {
                    shown.extend(c.escape_default());
                } else {
                    shown.push(c);
                }
                shown
            });
        }
        Self { text, style }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(Style::Plain, text)
    }
}

impl Table {
    /// A table without rows; `columns` are always shown.
    #[must_use]
    pub fn new(columns: &[&'static str]) -> Self {
        let columns = columns
            .iter()
            .map(|title| Column { title, wide: false })
            .collect();
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    /// More columns, which only `-o wide` shows.
    #[must_use]
    pub fn wide(mut self, columns: &[&'static str]) -> Self {
        self.columns
            .extend(columns.iter().map(|title| Column { title, wide: true }));
        self
    }

    /// One more row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row::Cells(cells.into_iter().collect()));
    }

    /// One more row, which only `-o wide` shows.
    pub fn wide_row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row::Wide(cells.into_iter().collect()));
    }

    /// A line across all columns, below the row that it belongs to.
    pub fn text(&mut self, cell: Cell) {
        self.rows.push(Row::Text(cell));
    }

    /// The text: columns apart by three spaces, no space at a line's end. Titles stand above rows only.
    #[must_use]
    pub fn layout(&self, wide: bool, headers: bool, terminal: Terminal) -> String {
        let shown: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| wide || !column.wide)
            .map(|(at, _)| at)
            .collect();
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.retain(|row| wide || !matches!(row, Row::Wide(_)));
        let is_all_hidden = rows.is_empty() && !self.rows.is_empty();
        let titles = self
            .columns
            .iter()
            .map(|column| Cell::styled(Style::Bold, column.title))
            .collect::<Vec<_>>();
        let titles = Row::Cells(titles);
        let lines: Vec<&Row> = (headers && !is_all_hidden)
            .then_some(&titles)
            .into_iter()
            .chain(rows)
            .collect();
        let widths: Vec<usize> = shown.iter().map(|at| widest(&lines, *at)).collect();
        lines
            .iter()
            .map(|row| match row {
                Row::Cells(cells) | Row::Wide(cells) => line(cells, &shown, &widths, terminal),
                Row::Text(cell) => terminal.paint(cell.style, cell.text.trim_end()) + "\n",
            })
            .collect()
    }
}

fn widest(lines: &[&Row], at: usize) -> usize {
    let cells = lines.iter().filter_map(|row| match row {
        Row::Cells(cells) | Row::Wide(cells) => cells.get(at),
        Row::Text(_) => None,
    });
    cells.map(width).max().unwrap_or_default()
}

fn width(cell: &Cell) -> usize {
    cell.text.chars().count()
}

fn line(cells: &[Cell], shown: &[usize], widths: &[usize], terminal: Terminal) -> String {
    let empty = Cell::default();
    let mut text = String::new();
    let mut owed = 0_usize;
    for (at, widest) in shown.iter().zip(widths) {
        let cell = cells.get(*at).unwrap_or(&empty);
        if !cell.text.is_empty() {
            // The gap is written when something follows it, so that no line ends in spaces.
            text.extend(iter::repeat_n(' ', owed));
            text.push_str(&terminal.paint(cell.style, &cell.text));
            owed = 0;
        }
        owed = owed
            .saturating_add(widest.saturating_sub(width(cell)))
            .saturating_add(3);
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["NAME", "SIZE"]).wide(&["DIGEST"]);
        table.row(["rate-limit".into(), "45 kB".into(), "sha256:1".into()]);
        table.row(["x".into(), "".into(), "sha256:2".into()]);
        table
    }

    #[test]
    fn columns_line_up_and_lines_end_where_text_ends() {
        let text = table().layout(false, true, Terminal::default());
        assert_eq!(text, "NAME         SIZE\nrate-limit   45 kB\nx\n");
    }

    #[test]
    fn wide_shows_more_and_headers_can_go() {
        let text = table().layout(true, false, Terminal::default());
        assert_eq!(
            text,
            "rate-limit   45 kB   sha256:1\nx                    sha256:2\n"
        );
    }

    #[test]
    fn a_row_is_one_line_whatever_is_in_it() {
        let mut table = Table::new(&["A", "B"]);
        table.row(["x\ny\u{1b}[2J".into(), "z".into()]);
        table.text("  across\tall".into());
        let text = table.layout(false, true, Terminal::default());
        assert_eq!(
            text,
            "A               B\nx\\ny\\u{1b}[2J   z\n  across\\tall\n"
        );
    }

    #[test]
    fn rows_that_say_little_are_for_wide() {
        let mut table = Table::new(&["A"]);
        table.wide_row(["quiet and long".into()]);
        assert_eq!(table.layout(false, true, Terminal::default()), "");
        table.row(["loud".into()]);
        let text = |wide| table.layout(wide, true, Terminal::default());
        assert_eq!(
            (text(false).as_str(), text(true).as_str()),
            ("A\nloud\n", "A\nquiet and long\nloud\n")
        );
    }

    #[test]
    fn colour_does_not_count_as_width() {
        let environment = crate::environment::Environment::default();
        let terminal = Terminal::decide(super::super::ColorChoice::Always, false, &environment);
        let mut table = Table::new(&["A", "B"]);
        table.row([Cell::styled(Style::Bad, "xx"), "y".into()]);
        assert_eq!(
            table.layout(false, false, terminal),
            "\x1b[31mxx\x1b[0m   y\n"
        );
    }
}
