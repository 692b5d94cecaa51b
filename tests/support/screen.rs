//! What a terminal shows after it was sent these bytes, and a picture of that.

use std::fmt::Write;

/// Columns after which a line goes on in the next, as [`super::terminal`] has them.
const COLUMNS: usize = 120;

/// Points of a cell; half a cell, a module of a QR code, is a square.
const WIDTH: usize = 8;
const HEIGHT: usize = 16;

/// Between the text and the edge.
const MARGIN: usize = 16;

/// A cell. Colours are those of the 256 that were asked for; none is the terminal's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    character: char,
    fore: Option<u8>,
    back: Option<u8>,
}

/// A screen without end, and without more escape codes than keyfob sends: colours, and going back to a line's begin.
#[derive(Debug, Default)]
pub struct Screen {
    rows: Vec<Vec<Cell>>,
}

impl Screen {
    /// The screen after this text.
    pub fn showing(text: &str) -> Screen {
        let (mut rows, mut column, mut fore, mut back) = (vec![Vec::new()], 0, None, None);
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            match character {
                '\n' => {
                    rows.push(Vec::new());
                    column = 0;
                }
                '\r' => column = 0,
                '\x1b' => {
                    let code: String = rest.by_ref().take_while(|c| *c != 'm').collect();
                    match code.split_once(";5;") {
                        Some(("[38", colour)) => fore = Some(colour.parse().expect("one of 256")),
                        Some(("[48", colour)) => back = Some(colour.parse().expect("one of 256")),
                        _ if code == "[0" => (fore, back) = (None, None),
                        _ => panic!("what does {code:?} do?"),
                    }
                }
                character => {
                    if column == COLUMNS {
                        rows.push(Vec::new());
                        column = 0;
                    }
                    let row = rows.last_mut().expect("there is one from the start");
                    let cell = Cell { character, fore, back };
                    if column < row.len() {
                        row[column] = cell;
                    } else {
                        row.push(cell);
                    }
                    column += 1;
                }
            }
        }
        Screen { rows }
    }

    /// The picture, as SVG. Blocks are drawn as rectangles: no font has to have them, and none leaves gaps.
    pub fn svg(&self, title: &str) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let (width, height) = (columns * WIDTH + 2 * MARGIN, self.rows.len() * HEIGHT + 2 * MARGIN);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"13\">\n\
             <title>{}</title>\n{}",
            escaped(title),
            rectangle(0, 0, width, height, "#1f2430")
        );
        for (number, row) in self.rows.iter().enumerate() {
            let y = MARGIN + number * HEIGHT;
            draw_blocks(&mut svg, row, y);
            draw_text(&mut svg, row, y);
        }
        svg + "</svg>\n"
    }
}

fn draw_blocks(svg: &mut String, row: &[Cell], y: usize) {
    let ground = |cell: &Cell| cell.back.map(colour);
    runs(row, ground, |from, to, fill| svg.push_str(&rectangle(x_of(from), y, (to - from) * WIDTH, HEIGHT, fill)));
    for (half, blocks) in [(0, ['▀', '█']), (HEIGHT / 2, ['▄', '█'])] {
        let dark = |cell: &Cell| blocks.contains(&cell.character).then(|| cell.fore.map_or("#d7dce2", colour));
        runs(row, dark, |from, to, fill| {
            svg.push_str(&rectangle(x_of(from), y + half, (to - from) * WIDTH, HEIGHT / 2, fill));
        });
    }
}

fn draw_text(svg: &mut String, row: &[Cell], y: usize) {
    let text: String =
        row.iter().map(|cell| if "▀▄█".contains(cell.character) { ' ' } else { cell.character }).collect();
    let text = text.trim_end();
    if !text.is_empty() {
        let (x, y, length) = (MARGIN, y + HEIGHT - 4, text.chars().count() * WIDTH);
        let text = escaped(text);
        let line = format!(
            "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"#d7dce2\" \
             xml:space=\"preserve\">{text}</text>\n"
        );
        svg.push_str(&line);
    }
}

/// Calls `draw` for each stretch of cells that have the same colour.
fn runs(row: &[Cell], colour: impl Fn(&Cell) -> Option<&'static str>, mut draw: impl FnMut(usize, usize, &str)) {
    let mut from = 0;
    for stretch in row.chunk_by(|one, next| colour(one) == colour(next)) {
        if let Some(fill) = colour(&stretch[0]) {
            draw(from, from + stretch.len(), fill);
        }
        from += stretch.len();
    }
}

fn x_of(column: usize) -> usize {
    MARGIN + column * WIDTH
}

/// The two colours of a QR code (xterm's 256 colours).
fn colour(number: u8) -> &'static str {
    match number {
        16 => "#000000",
        231 => "#ffffff",
        other => panic!("colour {other} is none of a QR code's"),
    }
}

fn rectangle(x: usize, y: usize, width: usize, height: usize, fill: &str) -> String {
    let mut text = String::new();
    let drawn = writeln!(text, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"/>");
    drawn.expect("a text takes whatever is written");
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
