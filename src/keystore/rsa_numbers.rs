//! Whether the numbers of a private RSA key belong together.

use crypto_bigint::{BoxedUint, ConcatenatingMul as _, NonZero};
use zeroize::Zeroizing;

use super::public_key::bits;

/// The numbers of a private RSA key (RFC 7518 §6.3), most significant byte first and without leading zeros.
pub(super) type RsaNumbers<'key> = ring::rsa::KeyPairComponents<&'key [u8]>;

/// Returns whether the numbers belong together (RFC 8017 §3.2), except that `p` and `q` are prime: proving that takes far
/// longer than signing, and every signature is verified after it is made.
pub(super) fn belong_together(numbers: &RsaNumbers) -> bool {
    // First the lengths: computing with numbers of any length can take hours.
    let [p_bits, q_bits] = [numbers.p, numbers.q].map(bits);
    let longest = |several: [&[u8]; 2]| several.map(bits).into_iter().max().unwrap_or_default();
    let n_bits = bits(numbers.public_key.n);
    if p_bits.saturating_add(q_bits) > n_bits.saturating_add(1)
        || longest([numbers.public_key.e, numbers.d]) > n_bits
        || longest([numbers.dP, numbers.qInv]) > p_bits
        || bits(numbers.dQ) > q_bits
    {
        return false;
    }
    let one = BoxedUint::one();
    let read = |bytes: &[u8]| Zeroizing::new(BoxedUint::from_be_slice_vartime(bytes));
    let (n, e, d) = (read(numbers.public_key.n), read(numbers.public_key.e), read(numbers.d));
    let (p, q, qi) = (read(numbers.p), read(numbers.q), read(numbers.qInv));
    // The exponents must be those of the private exponent for each prime, and invert the public one.
    let modulus = |number: BoxedUint| NonZero::new(number).into_option().map(Zeroizing::new);
    let is_exponent = |exponent: &[u8], prime: &BoxedUint| {
        let exponent = read(exponent);
        let less = modulus(prime.wrapping_sub(&one));
        less.is_some_and(|less| exponent == Zeroizing::new(d.rem(&less)) && e.mul_mod(&exponent, &less) == one)
    };
    BoxedUint::concatenating_mul(&p, &*q) == *n
        && is_exponent(numbers.dP, &p)
        && is_exponent(numbers.dQ, &q)
        && modulus((*p).clone()).is_some_and(|p| qi.mul_mod(&q, &p) == one)
}
