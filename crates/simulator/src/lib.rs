//! Runs a plugin natively against a fake proxy.
