//! The contract's resources, and what they are made of: the only code that knows the bindings, one thin file a flavour.

mod blocking;
