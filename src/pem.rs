//! PEM: the labelled blocks of a text (RFC 7468), read as openssl reads them: any line length, and anything between blocks.
//! Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block.
pub struct Block {
    /// `CERTIFICATE`, `EC PRIVATE KEY`.
    pub label: String,
    /// What is in it; none where that is not base64, or has headers, as keys have that openssl encrypted the old way.
    // Security: it may be a key.
    pub der: Option<Zeroizing<Vec<u8>>>,
}

/// The blocks of a text, in order. One without an end is none.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
        rest = begun;
        let Some((label, inside)) = begun.split_once("-----").filter(|(label, _)| !label.contains('\n')) else {
            continue;
        };
        let Some((inside, behind)) = inside.split_once(&format!("-----END {label}-----")) else { continue };
        let squeezed: Zeroizing<String> = Zeroizing::new(inside.split_ascii_whitespace().collect());
        let der = STANDARD.decode(squeezed.as_bytes()).ok().map(Zeroizing::new);
        blocks.push(Block { label: label.to_owned(), der });
        rest = behind;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_whatever_is_around_and_between_their_lines() {
        let text = "words\r\n-----BEGIN A B-----\r\nAA\r\nEC\r\n-----END A B-----\r\n\
                    -----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAAEC\n-----END X-----\n\
                    -----BEGIN OPEN-----\nAAEC\n-----BEGIN Y-----\nAQ==\n-----END Y-----";
        let found: Vec<_> =
            blocks(text).into_iter().map(|block| (block.label, block.der.map(|der| der.to_vec()))).collect();
        let expected = [("A B", Some(vec![0, 1, 2])), ("X", None), ("Y", Some(vec![1]))]
            .map(|(label, der)| (label.to_owned(), der));
        assert_eq!(found, expected);
        assert!(blocks("").is_empty() && blocks("-----BEGIN ").is_empty());
    }
}
