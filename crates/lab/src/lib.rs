//! Starts and stops, without a trace, the real servers that tests and demos need.
