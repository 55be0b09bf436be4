//! Pieces as one text.

/// The pieces, one after another. Once, and not inlined where an error is told: those are many places.
#[inline(never)]
pub(crate) fn joined(pieces: &[&str]) -> String {
    pieces.iter().copied().collect()
}
