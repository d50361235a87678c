//! Blanks comments and the insides of literals in Rust code, byte for byte, lines kept. It must
//! never change a length: offsets into the mask are offsets into the text.

/// The code of a text, with blanks where comments and literals were.
pub(crate) fn mask(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut masked = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = blank_end(bytes, at);
        match end {
            Some(end) => {
                blank(&mut masked[at..end.min(bytes.len())]);
                at = end.max(at + 1);
            }
            None => at = skip_word(bytes, at),
        }
    }
    String::from_utf8_lossy(&masked).into_owned()
}

/// Where the comment or literal that begins here ends; none where code begins.
fn blank_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    match rest {
        [b'/', b'/', ..] => Some(at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())),
        [b'/', b'*', ..] => Some(block_comment_end(bytes, at)),
        [b'"', ..] => Some(string_end(bytes, at + 1)),
        [b'b' | b'c', b'"', ..] => Some(string_end(bytes, at + 2)),
        [b'r', ..] => raw_string_end(bytes, at + 1),
        [b'b' | b'c', b'r', ..] => raw_string_end(bytes, at + 2),
        [b'b', b'\'', ..] => character_end(bytes, at + 2),
        [b'\'', ..] => character_end(bytes, at + 1),
        _ => None,
    }
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Begins behind the `r`; what has no quote after its hashes is a raw name.
fn raw_string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let hashes = bytes[start..].iter().take_while(|byte| **byte == b'#').count();
    let open = start + hashes;
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let end = [&b"\""[..], &b"#".repeat(hashes)].concat();
    let found = bytes[open + 1..].windows(end.len()).position(|window| window == end);
    Some(found.map_or(bytes.len(), |found| open + 1 + found + end.len()))
}

/// Begins behind the quote; a lifetime is no literal.
fn character_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start) == Some(&b'\\') {
        let close = bytes[start + 2..].iter().position(|byte| *byte == b'\'')?;
        return Some(start + 2 + close + 1);
    }
    let length = match bytes.get(start)? {
        0..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xff => 4,
    };
    (bytes.get(start + length) == Some(&b'\'')).then_some(start + length + 1)
}

/// Past a whole name at once, so that the `r` in `for"` opens nothing.
fn skip_word(bytes: &[u8], at: usize) -> usize {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    at + bytes[at..].iter().take_while(|byte| is_name(byte)).count().max(1)
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::mask;

    fn check(text: &str, expected: &str) {
        let masked = mask(text);
        assert_eq!(masked.split_whitespace().collect::<Vec<_>>().join(" "), expected, "{text}");
        assert_eq!(masked.len(), text.len(), "{text}");
    }

    #[test]
    fn comments_and_literals_are_blank() {
        check("a // b \"\n c", "a c");
        check("a /* b /* c */ d */ e", "a e");
        check(r#"a("b \" // c", d)"#, "a( , d)");
        check("a(r#\"b \" c\"#, br\"d\\\", e)", "a( , , e)");
        check("a('\"', b'\\'', '語', '\\u{1f600}', 'x: y)", "a( , , , , 'x: y)");
        check("fn a<'b>(c: &'b str) -> r#type", "fn a<'b>(c: &'b str) -> r#type");
        check("\"open", "");
    }
}
