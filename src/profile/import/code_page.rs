//! The code pages of Windows in Western Europe, which its programs write when a file is not in Unicode.
//!
//! cmd.exe reads a script in the code page of the console, 850 in Norway; PowerShell and most editors use 1252
//! (<https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/>). 1252 is Latin-1 except for 0x80 to 0x9f.

/// Code page 850 from 0x80.
#[rustfmt::skip]
const OEM: [[char; 16]; 8] = [
    ['Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å'],
    ['É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', 'ø', '£', 'Ø', '×', 'ƒ'],
    ['á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '®', '¬', '½', '¼', '¡', '«', '»'],
    ['░', '▒', '▓', '│', '┤', 'Á', 'Â', 'À', '©', '╣', '║', '╗', '╝', '¢', '¥', '┐'],
    ['└', '┴', '┬', '├', '─', '┼', 'ã', 'Ã', '╚', '╔', '╩', '╦', '╠', '═', '╬', '¤'],
    ['ð', 'Ð', 'Ê', 'Ë', 'È', 'ı', 'Í', 'Î', 'Ï', '┘', '┌', '█', '▄', '¦', 'Ì', '▀'],
    ['Ó', 'ß', 'Ô', 'Ò', 'õ', 'Õ', 'µ', 'þ', 'Þ', 'Ú', 'Û', 'Ù', 'ý', 'Ý', '¯', '´'],
    ['\u{ad}', '±', '‗', '¾', '¶', '§', '÷', '¸', '°', '¨', '·', '¹', '³', '²', '■', '\u{a0}'],
];

/// Code page 1252 from 0x80 to 0x9f; five bytes have no character there and are control characters.
#[rustfmt::skip]
const ANSI: [[char; 16]; 2] = [
    ['€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}'],
    ['\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ'],
];

/// Decodes a file that is not in Unicode. `may_be_oem`: whether it may be in the code page of the console.
pub(super) fn decode(bytes: &[u8], may_be_oem: bool) -> String {
    let table: &[[char; 16]] = if may_be_oem && is_oem(bytes) { &OEM } else { &ANSI };
    let character = |byte: &u8| {
        let high = byte.checked_sub(0x80).map(usize::from);
        let row = high.and_then(|high| Some(table.get(high / 16)?[high % 16]));
        row.unwrap_or_else(|| char::from(*byte))
    };
    bytes.iter().map(character).collect()
}

/// Whether a file is in code page 850: its letters are below 0xa0, and those of 1252 from 0xc0 on.
fn is_oem(bytes: &[u8]) -> bool {
    let count = |is_letter: fn(&u8) -> bool| bytes.iter().filter(|byte| is_letter(byte)).count();
    count(|byte| (0x80..0xa0).contains(byte)) >= count(|byte| *byte >= 0xc0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norwegian_letters_are_read_in_both_code_pages() {
        let oem = [0x91, 0x9b, 0x86, 0x92, 0x9d, 0x8f];
        let ansi = [0xe6, 0xf8, 0xe5, 0xc6, 0xd8, 0xc5];

        assert_eq!(decode(&oem, true), "æøåÆØÅ");
        assert_eq!(decode(&ansi, true), "æøåÆØÅ");
        assert_eq!(decode(&ansi, false), "æøåÆØÅ");
        assert_eq!(decode(b"\x93abc\x94 \x80 \xa7", false), "“abc” € §");
        assert_eq!(decode(b"\x81 \x94 \xe1 a", true), "ü ö ß a");
    }
}
