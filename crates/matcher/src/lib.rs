//! Matches requests by host, path, method and headers.
