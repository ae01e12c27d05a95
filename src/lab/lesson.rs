//! What the lesson is about.

/// The port of the lesson, unless another is asked for.
pub const PORT: u16 = 5683;

/// The secret of the lesson, unless another is asked for.
pub const SECRET: &str = "fluffy tail";
