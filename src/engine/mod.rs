//! Engines: one trait, and two ways to turn a unit into commands.
