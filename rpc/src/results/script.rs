//! Owns the shapes of scripts.

use crate::shape::Shape;

/// What is told of the script of an output.
pub(super) const OUTPUT_SCRIPT: &[Shape] = &[
    Shape::text("asm", "The script in words"),
    Shape::text("desc", "A descriptor of it"),
    Shape::hex("hex", "Its bytes"),
    Shape::text("address", "Its address, if it has one").optional(),
    Shape::text("type", "Its kind"),
];

/// What is told of a script by itself.
pub(super) const BARE_SCRIPT: &[Shape] = &[
    Shape::text("asm", "The script in words"),
    Shape::hex("hex", "Its bytes"),
    Shape::text("type", "Its kind"),
];

/// What is told of the script of an input.
pub(super) const INPUT_SCRIPT: &[Shape] =
    &[Shape::text("asm", "The script in words"), Shape::hex("hex", "Its bytes")];
