//! What goes back to a client, in the pieces in which it is to be sent.

/// Bytes in pieces; each is a TCP segment of its own.
#[derive(Debug, Default)]
pub(crate) struct Replies(Vec<Vec<u8>>);

impl Replies {
    /// Adds to the last piece.
    pub(crate) fn push(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(piece) => piece.extend_from_slice(text.as_bytes()),
            None => self.0.push(text.into()),
        }
    }

    /// What follows is another piece.
    pub(crate) fn cut(&mut self) {
        self.0.push(Vec::new());
    }

    /// Adds others behind these; where they touch, they are one piece.
    pub(crate) fn extend(&mut self, others: Self) {
        let mut others = others.0.into_iter();
        if let Some(last) = self.0.last_mut()
            && let Some(first) = others.next()
        {
            last.extend(first);
        }
        self.0.extend(others);
    }

    /// Those that are not empty.
    pub(crate) fn into_pieces(self) -> impl Iterator<Item = Vec<u8>> {
        self.0.into_iter().filter(|piece| !piece.is_empty())
    }

    pub(crate) fn concat(self) -> Vec<u8> {
        self.0.concat()
    }
}
