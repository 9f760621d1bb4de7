//! Damages keystores byte by byte, and element by element with corrected lengths around it, so that the damage reaches
//! the inner parsers.

use super::random::Random;

/// A DER element: its tag and content.
#[derive(Debug, Clone)]
pub struct Element {
    tag: u8,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Octets(Vec<u8>),
    /// The elements in it, also if an OCTET STRING wraps them.
    Elements(Vec<Element>),
}

/// Tags that occur in keystores, and one that does not.
const TAGS: [u8; 12] = [0x01, 0x02, 0x04, 0x05, 0x06, 0x1e, 0x24, 0x30, 0x31, 0x80, 0xa0, 0xa1];

/// The depth of a keystore.
const MAXIMUM_DEPTH: usize = 30;

impl Element {
    /// Parses `bytes` if they are DER up to the last byte.
    pub fn all(bytes: &[u8], depth: usize) -> Option<Vec<Self>> {
        let mut elements = Vec::new();
        let mut rest = bytes;
        while let [tag, first, ..] = *rest {
            let octets = usize::from(if first > 0x80 { first & 0x7f } else { 0 });
            let long = rest.get(2..2 + octets).filter(|long| long.len() <= 3)?;
            let length = if octets == 0 {
                usize::from(first)
            } else {
                long.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet))
            };
            let content = rest.get(2 + octets..(2 + octets).checked_add(length)?).filter(|_| first != 0x80)?;
            elements.push(Self::of(tag, content, depth)?);
            rest = &rest[2 + octets + length..];
        }
        rest.is_empty().then_some(elements)
    }

    fn of(tag: u8, content: &[u8], depth: usize) -> Option<Self> {
        let wraps = tag & 0x20 != 0 || (tag == 0x04 && content.first() == Some(&0x30));
        let inner = if wraps && depth < MAXIMUM_DEPTH { Self::all(content, depth + 1) } else { None };
        match inner {
            Some(elements) => Some(Self { tag, content: Content::Elements(elements) }),
            None if tag & 0x20 != 0 => None,
            None => Some(Self { tag, content: Content::Octets(content.to_vec()) }),
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        let content = match &self.content {
            Content::Octets(octets) => octets.clone(),
            Content::Elements(elements) => elements.iter().flat_map(Self::encode).collect(),
        };
        let length = content.len().to_be_bytes();
        let significant = &length[length.iter().take_while(|octet| **octet == 0).count()..];
        let mut encoded = vec![self.tag];
        if content.len() < 0x80 {
            encoded.push(length[7]);
        } else {
            encoded.push(0x80 | u8::try_from(significant.len()).unwrap());
            encoded.extend(significant);
        }
        [encoded, content].concat()
    }

    /// Removes the MAC of a keystore, so that changes reach the parsers.
    pub fn without_mac(mut self) -> Self {
        if let Content::Elements(elements) = &mut self.content {
            elements.truncate(2);
        }
        self
    }

    /// Adds the safes of another keystore.
    pub fn with_safes_of(mut self, mut other: Self) -> Self {
        if let (Some(safes), Some(more)) = (self.safes(), other.safes()) {
            safes.append(more);
        }
        self
    }

    /// PFX, `ContentInfo`, [0], OCTET STRING, `AuthenticatedSafe` (RFC 7292 §4).
    fn safes(&mut self) -> Option<&mut Vec<Self>> {
        [1, 1, 0, 0].into_iter().try_fold(self, |element, number| element.elements()?.get_mut(number))?.elements()
    }

    fn elements(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.content {
            Content::Elements(elements) => Some(elements),
            Content::Octets(_) => None,
        }
    }

    fn count(&self) -> usize {
        match &self.content {
            Content::Octets(_) => 1,
            Content::Elements(elements) => 1 + elements.iter().map(Self::count).sum::<usize>(),
        }
    }

    /// Returns the element with this number, counted from the outside in.
    fn at(&mut self, mut number: usize) -> &mut Self {
        if number == 0 {
            return self;
        }
        number -= 1;
        let Content::Elements(elements) = &mut self.content else { unreachable!() };
        for element in elements {
            let count = element.count();
            if number < count {
                return element.at(number);
            }
            number -= count;
        }
        unreachable!()
    }

    pub fn any(&mut self, random: &mut Random) -> &mut Self {
        let number = random.below(self.count());
        self.at(number)
    }

    /// Changes one element inside; foreign elements come from `other`.
    pub fn mutate(&mut self, other: &mut Self, random: &mut Random) {
        let foreign = other.any(random).clone();
        let element = self.any(random);
        match (&mut element.content, random.below(8)) {
            (_, 0) => element.tag = *random.pick(&TAGS),
            (_, 1) => *element = foreign,
            (Content::Elements(elements), 2 | 3) if !elements.is_empty() => {
                elements.remove(random.below(elements.len()));
            }
            (Content::Elements(elements), 4) if !elements.is_empty() => {
                let copy = random.pick(elements).clone();
                elements.extend(std::iter::repeat_n(copy, 1 + random.below(3)));
            }
            (Content::Elements(elements), 5) => {
                let place = random.below(elements.len() + 1);
                elements.insert(place, foreign);
            }
            (Content::Elements(elements), _) => {
                let (one, two) = (random.below(elements.len()), random.below(elements.len()));
                if !elements.is_empty() {
                    elements.swap(one, two);
                }
            }
            (Content::Octets(octets), 2) => octets.clear(),
            (Content::Octets(octets), 3) => {
                *octets = random
                    .pick(&[
                        &[0][..],
                        &[0x7f, 0xff, 0xff, 0xff],
                        &[0xff; 9],
                        &[0x00, 0xff, 0xff, 0xff, 0xff],
                        &[0x80],
                        &[1],
                    ])
                    .to_vec();
            }
            (Content::Octets(octets), _) => mutate_octets(octets, &foreign.encode(), random),
        }
    }
}

/// Changes some bytes, whatever they mean.
pub fn mutate_octets(octets: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    for _ in 0..=random.below(3) {
        let at = random.below(octets.len());
        let some = random.below(16).min(octets.len().saturating_sub(at));
        match random.below(8) {
            0 | 1 if !octets.is_empty() => octets[at] ^= 1 << random.below(8),
            2 if !octets.is_empty() => octets[at] = *random.pick(&[0, 1, 0x30, 0x7f, 0x80, 0x81, 0x84, 0x88, 0xff]),
            // The lengths after the tags of the outermost elements.
            3 if octets.len() > 40 => octets[random.below(40)] = random.octet(),
            4 => octets.truncate(at),
            5 => drop(octets.drain(at..at + some)),
            6 => drop(octets.splice(at..at, (0..some).map(|_| 0x80).collect::<Vec<u8>>())),
            _ => {
                let from = random.below(other.len());
                let until = (from + random.below(400)).min(other.len());
                drop(octets.splice(at..at + some, other[from..until].iter().copied()));
            }
        }
    }
}
