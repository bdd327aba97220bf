//! Real text, and what is read in it.
