//! QR codes: drawn for a terminal and as a picture, and read out of a picture. Pure.
//!
//! What is in one here is a seed, so buffers of our own are cleared; those inside the decoders are not, which no crate offers.

use qrcode::{Color, EcLevel, QrCode};
use zeroize::Zeroizing;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::secret::Secret;

/// Modules of white around a code (ISO/IEC 18004, 6.3.8).
const QUIET: usize = 4;

/// The rows of modules of white above and below a code on a terminal: what the standard asks for, and what apps on phones need.
pub const QUIET_ROWS: [usize; 2] = [QUIET, 2];

/// Pixels of a module in a picture.
const SCALE: usize = 8;

/// Pixels of the largest picture that is read: a large phone's photograph, and no bomb.
const MOST_PIXELS: usize = 64_000_000;

/// Why a picture gives no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Neither of the two formats.
    #[error("it is neither a PNG nor a JPEG file")]
    Format,
    /// It is damaged, or of a kind nobody makes.
    #[error("the picture cannot be read: {0}")]
    Damaged(String),
    #[error("the picture has more than 64 million pixels")]
    TooLarge,
    #[error("no QR code was found in the picture")]
    NoCode,
    /// A code was seen, and is unreadable.
    #[error("the QR code in the picture cannot be read: it is blurred, cropped or damaged")]
    Unreadable,
    #[error("there are {0} QR codes in the picture; it must contain only one")]
    SeveralCodes(usize),
}

/// A text as modules, row by row, dark ones true, the quiet zone around them.
struct Modules {
    width: usize,
    height: usize,
    dark: Zeroizing<Vec<bool>>,
}

impl Modules {
    fn of(text: &Secret, level: EcLevel, quiet_rows: usize) -> Modules {
        let code = QrCode::with_error_correction_level(text.expose().as_bytes(), level)
            .expect("an address of a few hundred bytes fits a QR code, which takes 2,331");
        let (inner, width, height) = (code.width(), code.width() + 2 * QUIET, code.width() + 2 * quiet_rows);
        let colours = code.into_colors();
        let mut dark = Zeroizing::new(vec![false; width * height]);
        for (index, colour) in colours.iter().enumerate() {
            dark[(index / inner + quiet_rows) * width + index % inner + QUIET] = *colour == Color::Dark;
        }
        Modules { width, height, dark }
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        y < self.height && self.dark[y * self.width + x]
    }
}

/// A code drawn for a terminal, and the room it takes.
pub struct Drawn {
    pub text: Zeroizing<String>,
    pub rows: usize,
    pub columns: usize,
}

/// Draws a text for a terminal: half blocks, two modules a character.
///
/// Black and white are asked for by their numbers in the 256 colours, which no theme changes: a code in a terminal's own
/// colours is inverted on a dark ground, and many apps read no inverted code. It has the lowest level of error correction:
/// nothing smudges a screen, and all of it fits the 24 rows that terminals begin with.
pub fn half_blocks(text: &Secret, quiet_rows: usize) -> Drawn {
    let modules = Modules::of(text, EcLevel::L, quiet_rows);
    // As long as it gets from the start: one that grows leaves pieces behind.
    let mut drawn = Zeroizing::new(String::with_capacity(modules.width * modules.width * 2 + modules.width * 32));
    for y in (0..modules.height).step_by(2) {
        drawn.push_str("\x1b[38;5;16m\x1b[48;5;231m");
        drawn.extend((0..modules.width).map(|x| match (modules.is_dark(x, y), modules.is_dark(x, y + 1)) {
            (false, false) => ' ',
            (true, false) => '▀',
            (false, true) => '▄',
            (true, true) => '█',
        }));
        drawn.push_str("\x1b[0m\n");
    }
    Drawn { text: drawn, rows: modules.height.div_ceil(2), columns: modules.width }
}

/// Draws a text as a PNG picture.
pub fn png(text: &Secret) -> Zeroizing<Vec<u8>> {
    let modules = Modules::of(text, EcLevel::M, QUIET);
    let side = modules.width * SCALE;
    let pixels = (0..side * side).map(|at| if modules.is_dark(at % side / SCALE, at / side / SCALE) { 0 } else { 255 });
    let pixels: Zeroizing<Vec<u8>> = Zeroizing::new(pixels.collect());
    let mut file = Zeroizing::new(Vec::with_capacity(side * side));
    let side = u32::try_from(side).expect("a QR code has 177 modules at most");
    let mut encoder = png::Encoder::new(&mut *file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    written.expect("a picture of the size said fits into memory");
    file
}

/// Reads the one QR code in a PNG or JPEG picture.
///
/// # Errors
/// As [`PictureError`] tells.
pub fn read(file: &[u8]) -> Result<Secret, PictureError> {
    let picture = match file {
        [0x89, b'P', b'N', b'G', ..] => from_png(file)?,
        [0xff, 0xd8, ..] => from_jpeg(file)?,
        _ => return Err(PictureError::Format),
    };
    // Thin or huge modules are not found at their own size; half of it often helps with photographs.
    let mut found = codes_in(&picture);
    if matches!(found, Err(PictureError::NoCode | PictureError::Unreadable)) && picture.width > 800 {
        found = codes_in(&picture.halved());
    }
    found
}

fn codes_in(picture: &Grey) -> Result<Secret, PictureError> {
    let mut decoder = quircs::Quirc::new();
    let codes: Vec<_> =
        decoder.identify(picture.width, picture.height, &picture.pixels).map(|code| code.ok()?.decode().ok()).collect();
    let seen = codes.len();
    // Security: moved, not copied.
    let mut texts: Vec<Secret> =
        codes.into_iter().flatten().filter_map(|code| String::from_utf8(code.payload).ok()).map(Secret::new).collect();
    match (texts.pop(), texts.len()) {
        (Some(text), 0) => Ok(text),
        (Some(_), others) => Err(PictureError::SeveralCodes(others + 1)),
        (None, _) if seen > 0 => Err(PictureError::Unreadable),
        (None, _) => Err(PictureError::NoCode),
    }
}

/// A picture in shades of grey.
struct Grey {
    width: usize,
    height: usize,
    pixels: Zeroizing<Vec<u8>>,
}

impl Grey {
    /// Takes pixels of `samples` bytes each apart, and lays them on white where the last is how opaque they are.
    fn new(width: usize, height: usize, bytes: &[u8], samples: usize, opacity: bool) -> Grey {
        let grey = |pixel: &[u8]| {
            let colours = &pixel[..pixel.len() - usize::from(opacity)];
            let shade = colours.iter().map(|sample| usize::from(*sample)).sum::<usize>() / colours.len();
            let cover = if opacity { usize::from(pixel[pixel.len() - 1]) } else { 255 };
            u8::try_from((shade * cover + 255 * (255 - cover)) / 255).expect("an average of bytes")
        };
        Grey { width, height, pixels: Zeroizing::new(bytes.chunks_exact(samples).map(grey).collect()) }
    }

    fn at(&self, x: usize, y: usize) -> u8 {
        self.pixels.get(y * self.width + x).copied().unwrap_or(255)
    }

    fn halved(&self) -> Grey {
        let (width, height) = (self.width / 2, self.height / 2);
        let mean = |at: usize| {
            let (x, y) = (at % width * 2, at / width * 2);
            let four = [self.at(x, y), self.at(x + 1, y), self.at(x, y + 1), self.at(x + 1, y + 1)];
            u8::try_from(four.iter().map(|shade| u16::from(*shade)).sum::<u16>() / 4).expect("an average of bytes")
        };
        Grey { width, height, pixels: Zeroizing::new((0..width * height).map(mean).collect()) }
    }
}

fn from_png(file: &[u8]) -> Result<Grey, PictureError> {
    let damaged = |error: png::DecodingError| match error {
        png::DecodingError::LimitsExceeded => PictureError::TooLarge,
        error => PictureError::Damaged(error.to_string()),
    };
    let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    within_limits(width, height)?;
    let mut pixels = Zeroizing::new(vec![0; reader.output_buffer_size().ok_or(PictureError::TooLarge)?]);
    let frame = reader.next_frame(&mut pixels).map_err(damaged)?;
    let opacity = matches!(frame.color_type, png::ColorType::GrayscaleAlpha | png::ColorType::Rgba);
    Ok(Grey::new(width, height, &pixels, frame.color_type.samples(), opacity))
}

fn from_jpeg(file: &[u8]) -> Result<Grey, PictureError> {
    let damaged = |error: DecodeErrors| PictureError::Damaged(error.to_string());
    let options = DecoderOptions::default().set_strict_mode(true).jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().map_err(damaged)?;
    let (width, height) = decoder.dimensions().ok_or(PictureError::Format)?;
    within_limits(width, height)?;
    let pixels = Zeroizing::new(decoder.decode().map_err(damaged)?);
    Ok(Grey::new(width, height, &pixels, 1, false))
}

fn within_limits(width: usize, height: usize) -> Result<(), PictureError> {
    match width.checked_mul(height) {
        Some(pixels) if pixels <= MOST_PIXELS => Ok(()),
        Some(_) | None => Err(PictureError::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Secret {
        let seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        Secret::new(format!("otpauth://totp/Amazon%20Web%20Services:ann@123456789012?secret={seed}"))
    }

    #[test]
    fn a_picture_drawn_is_a_picture_read() {
        assert_eq!(read(&png(&address())).expect("read").expose(), address().expose());
    }

    #[test]
    fn what_is_no_picture_of_one_code_is_told_by_its_reason() {
        let blank = |text: &str| {
            let mut file = Vec::new();
            let mut encoder = png::Encoder::new(&mut file, 40, 40);
            encoder.set_color(png::ColorType::Rgba);
            let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&[200; 6400]));
            written.expect(text);
            file
        };
        let cut = png(&address())[..200].to_vec();
        assert_eq!(read(b"GIF89a").map(drop), Err(PictureError::Format));
        assert_eq!(read(&blank("written")).map(drop), Err(PictureError::NoCode));
        assert!(matches!(read(&cut).map(drop), Err(PictureError::Damaged(_))));
        assert!(matches!(read(&[0xff, 0xd8, 0xff, 0xe0]).map(drop), Err(PictureError::Damaged(_))));
    }

    #[test]
    fn every_line_for_a_terminal_sets_its_colours_and_gives_them_back() {
        let drawn = half_blocks(&address(), QUIET);
        let lines: Vec<&str> = drawn.text.lines().collect();
        assert_eq!(lines.len(), drawn.rows);
        for line in &lines {
            let inside = line.strip_prefix("\x1b[38;5;16m\x1b[48;5;231m").and_then(|line| line.strip_suffix("\x1b[0m"));
            let inside = inside.expect("colours on both ends");
            assert_eq!(inside.chars().count(), drawn.columns);
            assert!(inside.starts_with("    ") && inside.ends_with("    "), "a quiet zone");
        }
        assert!(lines[0].contains("m          "), "a quiet zone above");
    }

    #[test]
    fn the_code_of_a_device_fits_a_terminal_of_24_rows_with_the_question_below_it() {
        let seed = crate::totp::Seed::from_base32(&"GEZDGNBVGY3TQOJQ".repeat(4)).expect("a seed as AWS makes them");
        for (name, quiet_rows) in
            [("ann", QUIET_ROWS[0]), ("a-user.with-long-nam", QUIET_ROWS[0]), (&*"n".repeat(48), QUIET_ROWS[1])]
        {
            let drawn = half_blocks(&seed.to_otpauth(name, "123456789012"), quiet_rows);
            assert!(drawn.rows <= 23 && drawn.columns <= 60, "{name}: {} x {}", drawn.rows, drawn.columns);
        }
    }
}
