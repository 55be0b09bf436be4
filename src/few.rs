//! A list that usually holds one item, and allocates only for more.

/// A list of items, in order.
#[derive(Clone, PartialEq)]
#[cfg_attr(test, derive(Debug))]
pub struct Few<T> {
    first: Option<T>,
    rest: Vec<T>,
}

impl<T> Few<T> {
    /// An empty list.
    pub fn new() -> Self {
        Self { first: None, rest: Vec::new() }
    }

    /// A list of one item.
    pub fn one(item: T) -> Self {
        Self { first: Some(item), rest: Vec::new() }
    }

    /// An empty list with room for this many items.
    pub fn with_capacity(count: usize) -> Self {
        Self { first: None, rest: Vec::with_capacity(count.saturating_sub(1)) }
    }

    /// Appends an item.
    pub fn push(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.rest.push(item);
        }
    }

    /// Removes the last item.
    pub fn pop(&mut self) -> Option<T> {
        self.rest.pop().or_else(|| self.first.take())
    }

    /// Removes the first item.
    pub fn remove_first(&mut self) {
        self.first = if self.rest.is_empty() { None } else { Some(self.rest.remove(0)) };
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The items, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.rest)
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.rest)
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        Self { first: items.next(), rest: items.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn items_keep_their_order() {
        let mut few = Few::new();
        for number in 0..4 {
            assert_eq!(few.len(), number);
            few.push(number);
        }
        assert_eq!(few.iter().copied().collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(few.pop(), Some(3));
        few.remove_first();
        assert_eq!(few.into_iter().collect::<Vec<_>>(), [1, 2]);
        let mut one: Few<u8> = [7].into_iter().collect();
        assert_eq!((one.pop(), one.pop(), one.is_empty()), (Some(7), None, true));
    }
}
