//! CRC-32C (RFC 3720 §12.1), with which Google protects secrets, keys and digests against damage on their way.

/// The polynomial, least significant bit first.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// Returns the checksum. Bit by bit is fast enough: what is checked has a few kilobytes.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    let shift = |sum: u32, _| if sum & 1 == 0 { sum >> 1 } else { sum >> 1 ^ POLYNOMIAL };
    !bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_of_the_examples_in_rfc_3720_match() {
        let rising: Vec<u8> = (0..32).collect();
        let falling: Vec<u8> = (0..32).rev().collect();
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&rising), 0x46dd_794e);
        assert_eq!(crc32c(&falling), 0x113f_db5c);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }
}
